//! The state of the model, from all that there is: the secret's versions, and the mark on the principal.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rotation::{Entry, Key, KeyId, KeyState, Mark, Observed, Retiring, seconds};

use crate::held::Held;
use crate::keys::Keys;

/// A new key that is refused for so long is given up at the next refusal.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// What remembers the refusals of earlier invocations: one short of those after which the model gives a key up.
const REFUSED: u32 = 2;

/// What the versions tell alone.
pub(crate) fn of_versions(
    instance: &str,
    keys: &dyn Keys,
    (current, pending): (Option<&Held>, Option<&Held>),
) -> KeyState {
    let mut state = KeyState::new(instance.to_owned());
    state.current = current.and_then(|held| held.key(keys));
    state.generation = state.current.as_ref().map_or(0, |key| key.generation);
    let is_current = |key: &Key| state.current.as_ref().is_some_and(|current| current.id == key.id);
    state.pending = pending.and_then(|held| held.key(keys)).filter(|key| !is_current(key));
    state.account = current.and_then(|held| held.account(keys));
    state
}

/// When superseded keys may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Once the stated overlap is over.
    Counted,
    /// Now: another rotation has come.
    Next,
    /// Now, but for the one that this rotation has superseded.
    ButLast,
}

/// The same with what the system shows and what the mark says. `now` is our clock's.
pub(crate) fn with_seen(mut state: KeyState, observed: &Observed, (now, ends): (Timestamp, Ends)) -> KeyState {
    let now = seconds(observed.now(now));
    let own = observed.ledgers.own.as_ref();
    let entries: BTreeMap<_, _> = own.into_iter().flat_map(|ledger| &ledger.keys).collect();
    for key in state.current.iter_mut().chain(&mut state.pending) {
        if let Some(shown) = observed.keys.get(&key.id) {
            (key.created_at, key.status) = (shown.created_at, shown.status);
        }
    }
    if let Some(current) = &mut state.current {
        let marked = entries.get(&current.id).filter(|entry| entry.mark == Mark::Promoted);
        // A step that died before the mark was written: counted from now on, no overlap is too short.
        current.promoted_at = marked.and_then(|entry| entry.promoted_at).or(Some(now));
    }
    if let Some(pending) = &mut state.pending {
        let is_old = pending.created_at.saturating_add(PATIENCE).is_ok_and(|until| until <= now);
        pending.attempts = if is_old { REFUSED } else { 0 };
    }
    let unmarked = std::mem::take(&mut state.retiring).into_iter();
    let unmarked = unmarked.filter(|old| !entries.contains_key(&old.key.id) && observed.keys.contains_key(&old.key.id));
    let unmarked: Vec<_> = unmarked.collect();
    state.retiring = superseded(&state, observed, &entries, now);
    state.retiring.extend(unmarked);
    if ends != Ends::Counted {
        state.retiring.iter_mut().for_each(|old| old.superseded_at = Timestamp::UNIX_EPOCH);
    }
    if let (Some(last), Ends::ButLast) = (state.retiring.last_mut(), ends) {
        last.superseded_at = Timestamp::MAX;
    }
    state
}

/// Whether the mark says when the key that consumers read was promoted, if there is a mark.
pub(crate) fn is_dated(state: &KeyState, observed: &Observed) -> bool {
    let Some(current) = &state.current else { return true };
    let entry = observed.ledgers.own_entry(&current.id);
    let is_dated = entry.is_some_and(|entry| entry.mark == Mark::Promoted && entry.promoted_at.is_some());
    is_dated || (observed.ledgers.own.is_none() && state.retiring.is_empty())
}

/// Keys that earlier rotations promoted, the oldest first. Each was superseded when the next one was promoted.
fn superseded(
    state: &KeyState,
    observed: &Observed,
    entries: &BTreeMap<&KeyId, &Entry>,
    now: Timestamp,
) -> Vec<Retiring> {
    let Some(current) = &state.current else { return Vec::new() };
    let is_earlier = |id: &KeyId, entry: &Entry| {
        let of = |generation: u64, since: Timestamp| (generation, since);
        let own = of(current.generation, seconds(current.created_at));
        !state.knows(id) && entry.mark == Mark::Promoted && of(entry.generation.unwrap_or_default(), entry.since) < own
    };
    let earlier = entries.iter().filter(|(id, entry)| is_earlier(id, entry));
    let mut earlier: Vec<_> = earlier.filter_map(|(id, entry)| Some((*entry, observed.keys.get(*id)?))).collect();
    earlier.sort_by_key(|(entry, _)| (entry.generation, entry.since));
    let promoted = earlier.iter().skip(1).map(|(entry, _)| entry.promoted_at).chain([current.promoted_at]);
    let ends: Vec<_> = promoted.map(|at| at.unwrap_or(now)).collect();
    let old = earlier.iter().zip(ends).map(|((entry, shown), superseded_at)| {
        let key = Key::new(shown.id.clone(), entry.generation.unwrap_or_default(), shown.created_at);
        Retiring::new(Key { status: shown.status, promoted_at: entry.promoted_at, ..key }, superseded_at)
    });
    old.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rotation::{Ledger, Ledgers, ObservedKey};

    use super::*;

    const NOW: &str = "2026-06-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(generation: u64, since: &str, promoted_at: Option<&str>) -> Entry {
        let of = Entry::of("i", Mark::Promoted, at(since));
        Entry { generation: Some(generation), promoted_at: promoted_at.map(at), ..of }
    }

    fn seen(entries: &[(&str, Entry)]) -> Observed {
        let id = |name: &str| KeyId(name.to_owned());
        let keys = entries.iter().map(|(name, entry)| (id(name), ObservedKey::new(id(name), entry.since))).collect();
        let marked: BTreeMap<_, _> = entries.iter().map(|(name, entry)| (id(name), entry.clone())).collect();
        let own = Some(Ledger { keys: marked, open: None });
        Observed { keys, ledgers: Ledgers::new(own, Vec::new()), at: at(NOW), ahead: SignedDuration::ZERO }
    }

    fn holding(current: &str, generation: u64, since: &str) -> KeyState {
        let current = Some(Key::new(KeyId(current.to_owned()), generation, at(since)));
        KeyState { current, generation, ..KeyState::new("i".to_owned()) }
    }

    #[test]
    fn each_earlier_key_was_superseded_when_the_next_one_was_promoted() {
        let observed = seen(&[
            ("c", entry(3, "2026-03-01T00:00:00Z", Some("2026-03-01T00:00:05Z"))),
            ("a", entry(1, "2026-01-01T00:00:00Z", Some("2026-01-01T00:00:05Z"))),
            ("b", entry(2, "2026-02-01T00:00:00Z", Some("2026-02-01T00:00:05Z"))),
        ]);
        let state = with_seen(holding("c", 3, "2026-03-01T00:00:00Z"), &observed, (at(NOW), Ends::Counted));
        let ends: Vec<_> = state.retiring.iter().map(|old| (old.key.id.0.as_str(), old.superseded_at)).collect();
        assert_eq!(ends, [("a", at("2026-02-01T00:00:05Z")), ("b", at("2026-03-01T00:00:05Z"))]);
        for (ends, expected) in [
            (Ends::Next, [Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH]),
            (Ends::ButLast, [Timestamp::UNIX_EPOCH, Timestamp::MAX]),
        ] {
            let state = with_seen(holding("c", 3, "2026-03-01T00:00:00Z"), &observed, (at(NOW), ends));
            let superseded: Vec<_> = state.retiring.iter().map(|old| old.superseded_at).collect();
            assert_eq!(superseded, expected, "{ends:?}");
        }
    }

    #[test]
    fn what_no_mark_dates_is_counted_from_now_on() {
        let mut minting = entry(2, "2026-02-01T00:00:00Z", None);
        minting.mark = Mark::Minting;
        let observed = seen(&[("a", entry(1, "2026-01-01T00:00:00Z", None)), ("b", minting)]);
        let state = with_seen(holding("b", 2, "2026-02-01T00:00:00Z"), &observed, (at(NOW), Ends::Counted));
        assert_eq!(state.retiring[0].superseded_at, at(NOW));
        assert_eq!(state.current.unwrap().promoted_at, Some(at(NOW)));
    }

    #[test]
    fn a_newer_key_is_not_superseded() {
        let observed = seen(&[
            ("a", entry(1, "2026-01-01T00:00:00Z", None)),
            ("b", entry(2, "2026-02-01T00:00:00Z", Some("2026-02-01T00:00:05Z"))),
        ]);
        let state = with_seen(holding("a", 1, "2026-01-01T00:00:00Z"), &observed, (at(NOW), Ends::Counted));
        assert!(state.retiring.is_empty(), "a person moved AWSCURRENT back");
    }

    #[test]
    fn a_new_key_is_tried_for_a_day() {
        let new = |since: &str| {
            let pending = Some(Key::new(KeyId("b".to_owned()), 2, at(since)));
            let state = KeyState { pending, ..holding("a", 1, "2026-01-01T00:00:00Z") };
            with_seen(state, &seen(&[]), (at(NOW), Ends::Counted)).pending.unwrap().attempts
        };
        assert_eq!((new("2026-05-31T00:00:00Z"), new("2026-05-31T00:00:01Z")), (REFUSED, 0));
    }
}
