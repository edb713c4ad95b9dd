//! Keys that are older than `maxAge` allows.

use jiff::Timestamp;

use super::{later, seconds};
use crate::{Key, KeyState, RotationArgs, Schedule, format_duration};

/// A warning for each key that is older than `maxAge`, superseded ones included, from the creation that the system tells.
pub fn overdue(state: &KeyState, args: &RotationArgs, schedule: &Schedule, now: Timestamp) -> Vec<String> {
    let Some(limit) = args.max_age else { return Vec::new() };
    let is_over = |key: &&Key| later(key.created_at, limit) < now;
    let told = |key: &Key, what: &str, advice: &str| {
        let (id, made, limit) = (&key.id, seconds(key.created_at), format_duration(limit));
        format!("{what} key {id} is older than `maxAge` ({limit}): it was created at {made}. {advice}")
    };
    let previous = state.retiring.iter().map(|old| &old.key).filter(is_over);
    let previous = previous.map(|key| {
        told(
            key,
            "the previous",
            "Find out what keeps it (`warnings`, `retirement`), then run `pulumi up`, which deletes it",
        )
    });
    let advice = if schedule.suspended {
        "`ignoreChanges: [\"schedule\"]` stops rotation by time: remove it, or change `keepers` to rotate now"
    } else {
        "Change `keepers` to rotate now"
    };
    let current = state.current.iter().filter(is_over).map(|key| told(key, "the current", advice));
    current.chain(previous).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{Ask, Capability, KeyId, Retiring, RotationInputs, schedule};

    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn time_1_age_counts_from_the_creation_of_each_key() {
        let inputs = RotationInputs { max_age: Some("92d".to_owned()), ..Default::default() };
        let args = inputs.parse(&Capability::default()).unwrap();
        let adopted_at = later(START, DAY * 105);
        let mut of = schedule(None, Ask { args: &args, keepers_unknown: false, suspended: false }, adopted_at).schedule;
        let key = |id: &str| Key::new(KeyId(id.to_owned()), 1, START);
        let mut state = KeyState::new("i".to_owned());
        state.current = Some(key("AKIA1"));
        let told = overdue(&state, &args, &of, adopted_at);
        assert!(
            matches!(told.as_slice(), [one] if one.contains("AKIA1") && one.contains("2026-01-01T00:00:00Z")),
            "{told:?}"
        );
        assert_eq!(overdue(&state, &args, &of, later(START, DAY * 92)), Vec::<String>::new());
        state.retiring.push(Retiring::new(key("AKIA0"), adopted_at));
        of.suspended = true;
        let told = overdue(&state, &args, &of, adopted_at);
        assert!(
            told.len() == 2 && told[0].contains("ignoreChanges") && told[1].contains("the previous key AKIA0"),
            "{told:?}"
        );
        let unlimited = RotationInputs::default().parse(&Capability::default()).unwrap();
        assert_eq!(overdue(&state, &unlimited, &of, adopted_at), Vec::<String>::new());
    }
}
