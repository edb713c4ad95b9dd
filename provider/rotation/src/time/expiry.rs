//! Keys that end by themselves unless somebody gives them more time.

use jiff::{SignedDuration, Timestamp};

use super::instant::{later, seconds};
use super::schedule::margin;
use crate::{Key, KeyState, KeyStatus, Observed, RotationArgs};

/// The lifetime rules for keys that expire.
#[derive(Clone, Debug, PartialEq)]
pub struct LifetimeRules {
    /// How long a key has to work, from its making; none: as long as the system allows.
    pub life: Option<SignedDuration>,
    /// How long before its end a key must be replaced that cannot be given more time.
    pub lead: SignedDuration,
    /// How late a run near the end of an overlap may be.
    pub margin: SignedDuration,
    /// The reading of the clock by which a key was found to need more time.
    pub reading: Option<Timestamp>,
}

impl RotationArgs {
    /// How long a key has to work by this plan: as the current one for a period and as long as its successor may be late, then
    /// for the overlap and the soak. None if nothing but a change of the inputs ends it.
    pub fn life(&self) -> Option<SignedDuration> {
        self.period?.checked_add(self.lead())
    }

    /// How long a key is needed after its time as the current one: as long as its successor may be late, then for the overlap and the soak.
    pub fn lead(&self) -> SignedDuration {
        let parts = [self.overlap, self.retirement.soak, margin(self)];
        parts.into_iter().fold(self.overlap, SignedDuration::saturating_add)
    }
}

/// The lifetime rules that a key with an expiry must meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndTerms {
    /// How long a key has to work; none: as long as the system allows.
    pub life: Option<SignedDuration>,
    /// How long before its end it must be replaced.
    pub lead: SignedDuration,
    /// How long a superseded key keeps working.
    pub overlap: SignedDuration,
}

impl From<&RotationArgs> for EndTerms {
    fn from(args: &RotationArgs) -> Self {
        Self { life: args.life(), lead: args.lead(), overlap: args.overlap }
    }
}

/// Records when the current key must be replaced, and warns of keys that expire too early and cannot be renewed. The result depends only on
/// the keys and the inputs.
pub fn note_endings(state: &mut KeyState, observed: &Observed, terms: EndTerms) {
    let ends_at = |key: &Key| {
        let shown = observed.keys.get(&key.id).filter(|shown| shown.status == KeyStatus::Active)?;
        shown.expiry.filter(|expiry| expiry.renew_at.is_none()).map(|expiry| expiry.at)
    };
    state.keys_mut().for_each(|key| key.replace_at = None);
    state.warnings.retain(|warning| !warning.contains(ENDS));
    if let Some(current) = &mut state.current
        && let Some(at) = ends_at(current)
    {
        let half = at.duration_since(current.created_at) / 2;
        current.replace_at = at.checked_sub(terms.lead.min(half)).ok();
        let is_long_enough = terms.life.is_some_and(|life| later(current.created_at, life) <= at);
        if let Some(from) = current.replace_at.filter(|_| !is_long_enough) {
            let warning = format!(
                "key {} {ENDS} {}: run `pulumi up` after {} and before then, which makes a new key",
                current.id,
                seconds(at),
                seconds(from)
            );
            state.warnings.push(warning);
        }
    }
    for old in &state.retiring {
        if let Some(at) = ends_at(&old.key).filter(|at| *at < later(old.superseded_at, terms.overlap)) {
            let warning = format!("the previous key {} {ENDS} {}, before its overlap is over", old.key.id, seconds(at));
            state.warnings.push(warning);
        }
    }
}

const ENDS: &str = "ends by itself at";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Capability, Due, Expiry, Goal, Keepers, KeyId, Ledgers, ObservedKey, Schedule, Trigger, Want, due, plan,
        schedule,
    };

    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn args(period: Option<SignedDuration>) -> RotationArgs {
        let inputs = serde_json::json!({"overlap": "1d", "rotationPeriod": period.map(crate::format_duration)});
        let inputs: crate::RotationInputs = serde_json::from_value(inputs).unwrap();
        inputs.parse(&capability()).unwrap()
    }

    fn capability() -> Capability {
        Capability { expires: true, ..Capability::default() }
    }

    fn at(now: Timestamp, args: &RotationArgs) -> Schedule {
        let ask = crate::Ask { args, keepers_unknown: false, suspended: false };
        schedule(None, ask, START).schedule.with_reading(&capability(), now)
    }

    /// A current key that ends after `lasts`, and what the system shows of it.
    fn key(lasts: SignedDuration, renew_at: Option<Timestamp>, args: &RotationArgs) -> (KeyState, Observed) {
        let mut state = KeyState::new("i".to_owned());
        let expiry = Some(Expiry { at: later(START, lasts), renew_at });
        let id = KeyId("k".to_owned());
        state.generation = 1;
        state.current = Some(Key {
            verified_at: Some(START),
            promoted_at: Some(START),
            trigger: Some(Trigger::new("i", &Keepers::default(), &at(START, args))),
            expires_at: expiry.map(|expiry| expiry.at),
            material: Some([].into()),
            ..Key::new(id.clone(), 1, START)
        });
        let shown =
            ObservedKey { id: id.clone(), created_at: START, status: KeyStatus::Active, last_use: None, expiry };
        let observed = Observed {
            keys: [(id, shown)].into(),
            ledgers: Ledgers::default(),
            at: START,
            ahead: SignedDuration::ZERO,
        };
        note_endings(&mut state, &observed, args.into());
        (state, observed)
    }

    #[test]
    fn official_c1_a_key_that_ends_by_itself_is_replaced_before_its_end() {
        let args = args(None);
        let (state, _) = key(DAY * 30, None, &args);
        let replace_at = state.current.as_ref().unwrap().replace_at.unwrap();
        assert!(replace_at < later(START, DAY * 28) && replace_at > later(START, DAY * 27), "{replace_at}");
        let wanted = |now| Want::Current(Goal::new("i", &args, &at(now, &args)));
        for (day, is_due) in [(1, false), (27, false), (28, true), (29, true)] {
            let now = later(START, DAY * day);
            assert_eq!(due(&state, &at(now, &args), None), is_due.then_some(Due::Renew), "day {day}");
            let plan = plan(&state, &wanted(now), &capability(), now);
            assert_eq!(plan.mint, is_due.then_some(crate::Cause::CurrentEnds), "day {day}");
        }
    }

    #[test]
    fn official_c1_a_key_that_ends_before_its_time_is_told() {
        let told = |lasts, renew_at, period| {
            let (state, _) = key(lasts, renew_at, &args(period));
            state.warnings
        };
        assert_eq!(told(DAY * 40, None, Some(DAY * 30)), Vec::<String>::new());
        let early = told(DAY * 20, None, Some(DAY * 30));
        assert!(matches!(early.as_slice(), [one] if one.contains("2026-01-21T00:00:00Z")), "{early:?}");
        assert_eq!(told(DAY * 30, None, None).len(), 1);
        assert_eq!(told(DAY * 30, Some(START), None), Vec::<String>::new(), "there is more time to be had");
    }

    #[test]
    fn what_is_told_of_an_end_is_told_once() {
        let args = args(None);
        let (mut state, observed) = key(DAY * 30, None, &args);
        let before = state.clone();
        note_endings(&mut state, &observed, (&args).into());
        assert_eq!(state, before);
        note_endings(&mut state, &Observed { keys: [].into(), ..observed }, (&args).into());
        assert!(state.warnings.is_empty() && state.current.unwrap().replace_at.is_none());
    }
}
