use rotation::{Error, ErrorKind};
use system_aws::{CURRENT, PENDING, RotatedDescription};

use crate::event::{Event, Step};

/// Where the version of an invocation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Consumers do not read it yet.
    Pending,
    /// Consumers read it: the rotation was finished, or nothing is rotated and the configuration is tested.
    Current,
}

/// What Secrets Manager's own template insists on before anything is done: a rotation that is on, and a version that this rotation began.
///
/// # Errors
/// What is not so, and what to do.
pub(crate) fn standing(event: &Event, secret: &RotatedDescription) -> Result<Standing, Error> {
    let (name, token) = (&secret.name, &event.token);
    let refuse = |message: String| Err(Error::new(ErrorKind::Blocked, "", message));
    if secret.deleted {
        return refuse(format!(
            "the secret {name:?} is scheduled for deletion: restore it (RestoreSecret) [KR-LAMBDA-014]"
        ));
    }
    if !secret.rotates {
        return refuse(format!(
            "rotation is not enabled for the secret {name:?}: turn it on with RotateSecret, with this function as its RotationLambdaARN [KR-LAMBDA-015]"
        ));
    }
    let Some(labels) = secret.labels.get(token) else {
        return refuse(format!(
            "the secret {name:?} has no version {token} (`ClientRequestToken`) with a staging label: only Secrets Manager begins rotations [KR-LAMBDA-016]"
        ));
    };
    let has = |label: &str| labels.iter().any(|one| one == label);
    if has(CURRENT) {
        return Ok(Standing::Current);
    }
    if !has(PENDING) {
        return refuse(format!(
            "the version {token} (`ClientRequestToken`) of the secret {name:?} is not AWSPENDING but {}: another rotation took its place [KR-LAMBDA-017]",
            labels.join(", ")
        ));
    }
    Ok(Standing::Pending)
}

/// Whether a step has nothing to do for a version that consumers read already.
pub(crate) fn is_done(step: Step, standing: Standing) -> bool {
    standing == Standing::Current && matches!(step, Step::Create | Step::Set)
}
