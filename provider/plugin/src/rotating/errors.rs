//! What failed, in the words that a user reads.

use pulumi_provider::{Code, Context, Error};
use rotation::{ErrorKind, KeyState, RotationArgs};

/// The public form of the model's error.
pub(crate) fn public(error: rotation::Error) -> Error {
    let code = match error.kind {
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Denied => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::LimitReached | ErrorKind::Throttled => Code::ResourceExhausted,
        ErrorKind::Invalid => Code::InvalidArgument,
        ErrorKind::Unreachable => Code::Unavailable,
        ErrorKind::TimedOut => Code::DeadlineExceeded,
        ErrorKind::Conflict => Code::Aborted,
        ErrorKind::Stopped => Code::Cancelled,
        ErrorKind::Unverified | ErrorKind::Blocked => Code::FailedPrecondition,
        _ => Code::Unknown,
    };
    Error::new(code, error.to_string())
}

/// The same for a run that broke off: what still works, and what the next run does.
pub(super) fn interrupted(error: rotation::Error, state: &KeyState) -> Error {
    let mut public = public(error);
    let works = match &state.current {
        Some(current) => format!("The current key {} is unchanged", current.id),
        None => "There is no current key yet".to_owned(),
    };
    let next = match &state.pending {
        Some(pending) => format!("the next `pulumi up` goes on with the new key {}", pending.id),
        None if state.claim_open => {
            "the next `pulumi up` first looks for a key that this attempt may have made".to_owned()
        }
        None => "the next `pulumi up` tries again".to_owned(),
    };
    public.message = format!("{}. {works}; {next}.", public.message.trim_end_matches('.'));
    public
}

/// Shows what needs attention: a list among the outputs alone is seen by nobody.
pub(super) fn warn(state: &KeyState, context: &Context) {
    state.warnings.iter().for_each(|warning| context.log().warning(warning.clone()));
}

/// Tells, after a rotation, until when the previous key works and what removes it.
pub(super) fn tell_overlap(before: &KeyState, after: &KeyState, args: &RotationArgs, context: &Context) {
    let Some(previous) = after.previous().filter(|_| before.generation != after.generation) else { return };
    if let Ok(until) = previous.superseded_at.checked_add(args.overlap) {
        let id = &previous.key.id;
        context
            .log()
            .info(format!("the previous key {id} works until at least {until}; a `pulumi up` after that removes it"));
    }
}
