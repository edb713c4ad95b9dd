//! What failed, in the words that a user reads.

use jiff::Timestamp;
use pulumi_provider::{Code, Context, Error};
use rotation::{ErrorKind, KeyState, Retiring, RotationArgs, Schedule, retires_at, seconds};

use crate::codes::must_have_code;

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
    let text = error.to_string();
    must_have_code(&text);
    Error::new(code, text)
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

/// Tells, after a rotation, until when the keys that it superseded work and what removes them. Of a key that does not work it says that.
pub(super) fn announce_overlap(before: &KeyState, after: &KeyState, times: Times<'_>, context: &Context) {
    let Some(previous) = after.previous().filter(|_| before.generation != after.generation) else { return };
    context.log().info(overlap_line(previous, times));
    let found = after.retiring.iter().filter(|old| !before.knows(&old.key.id) && old.key.id != previous.key.id);
    found.for_each(|old| context.log().info(found_line(old, times)));
}

/// By what the end of a superseded key is told.
type Times<'a> = (&'a RotationArgs, &'a Schedule);

/// What a run found and superseded with the current key.
fn found_line(old: &Retiring, times: Times<'_>) -> String {
    let (id, until) = (&old.key.id, until(old, times.0));
    format!("the state did not contain key {id}; it works until at least {until} as well{}", removal(old, times))
}

/// The first run that removes the key.
fn removal(old: &Retiring, (args, schedule): Times<'_>) -> String {
    match retires_at(old, schedule, args) {
        Some(at) => format!("; the first `pulumi up` from {at} on deletes it"),
        None => "; it is kept while `ignoreChanges: [\"schedule\"]` is set".to_owned(),
    }
}

fn until(old: &Retiring, args: &RotationArgs) -> Timestamp {
    let until = old.superseded_at.saturating_add(args.overlap).unwrap_or(Timestamp::MAX);
    seconds(until)
}

fn overlap_line(previous: &Retiring, times: Times<'_>) -> String {
    let (id, until) = (&previous.key.id, until(previous, times.0));
    match previous.key.expires_at {
        _ if previous.is_dead() => {
            format!(
                "the previous key {id} does not work any more: it was deleted, disabled or has ended; a later `pulumi up` removes what is left of it"
            )
        }
        Some(at) if at <= previous.superseded_at => {
            format!("the previous key {id} does not work any more: it has ended")
        }
        Some(at) if at < until => format!("the previous key {id} works until {at}, when it ends by itself"),
        _ => format!("the previous key {id} works until at least {until}{}", removal(previous, times)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use rotation::{Ask, Capability, Key, KeyId, KeyStatus, RotationInputs, schedule};

    use super::*;

    const THEN: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn line(status: KeyStatus, ends_after: Option<SignedDuration>) -> String {
        let expires_at = ends_after.map(|after| THEN + after);
        let key = Key { status, expires_at, ..Key::new(KeyId("k".to_owned()), 1, THEN) };
        let previous = Retiring::new(key, THEN);
        let args = RotationInputs::default().parse(&Capability::default()).unwrap();
        let ask = Ask { args: &args, keepers_unknown: false, suspended: false };
        overlap_line(&previous, (&args, &schedule(None, ask, THEN).schedule))
    }

    #[test]
    fn official_d4_nothing_is_promised_of_a_key_that_does_not_work() {
        let hour = SignedDuration::from_hours(1);
        let told = line(KeyStatus::Active, None);
        assert!(told.contains("works until at least 2026-01-02T00:00:00Z"), "{told}");
        assert!(told.contains("the first `pulumi up` from 2026-01-02T01:05:00Z on deletes it"), "{told}");
        assert!(line(KeyStatus::Active, Some(hour * 100)).contains("works until at least"));
        for dead in [line(KeyStatus::Inactive, None), line(KeyStatus::Active, Some(-hour))] {
            assert!(dead.contains("does not work any more") && !dead.contains("works until"), "{dead}");
        }
        let short = line(KeyStatus::Active, Some(hour));
        assert!(short.contains("2026-01-01T01:00:00Z") && !short.contains("at least"), "{short}");
    }
}
