//! What a user reads when something fails.

use pulumi_provider::{Code, Error};
use rotation::ErrorKind;
use system_vault::Root;

use super::state::RootState;
use crate::rotating::errors;

/// The secret was not found, and nothing says that this is the cluster that kept it.
pub(super) fn unproven(root: &Root) -> Error {
    let message = format!(
        "{:?} (`path`) does not exist on the server, and the state does not say which Vault cluster has it, so this may be another one. Nothing was changed. Check keyrotation:vault.address; if it was removed on purpose, remove the resource with `pulumi state delete` [KR-PLUGIN-031]",
        root.path()
    );
    Error::new(Code::FailedPrecondition, message)
}

/// Whether AWS cannot be asked at all, rather than not now.
pub(super) fn cannot_ask(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid)
}

pub(super) fn managed(user: &str, manager: &str) -> rotation::Error {
    let message = format!(
        "the AWS engine works with an access key of the IAM user {user:?}, whose keys the resource {manager} manages (aws:RotatingApiKey): the engine would delete a key of it, and has no room for its own. Give the engine a user of its own, or remove one of the two resources. No rotation was requested [KR-PLUGIN-013]"
    );
    rotation::Error::new(ErrorKind::Blocked, "", message)
}

/// What failed, what works, and what the next run does.
pub(super) fn interrupted(error: rotation::Error, state: &RootState) -> Error {
    let mut public: Error = errors::public(error);
    if public.code == Code::InvalidArgument {
        return public;
    }
    let next = match &state.unanswered {
        Some(order) if order.before.tells() => {
            "Vault may have rotated the secret or not, and works with the one it has; the next `pulumi up` first looks whether it did"
        }
        Some(_) => {
            "Vault may have rotated the secret or not, and works with the one it has; the next `pulumi up` requests the rotation again, which is safe"
        }
        None => "Vault works with the secret it had; the next `pulumi up` tries again",
    };
    public.message = format!("{}. {next}.", public.message.trim_end_matches('.'));
    public
}
