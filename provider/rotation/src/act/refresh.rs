//! What a look without a run makes of the state.

use jiff::Timestamp;

use super::reduce::{forget, mirror};
use crate::decide::refreshed;
use crate::time::later;
use crate::{Capability, Entry, Key, KeyId, KeyState, Mark, Marks, Observed};

/// The state after a refresh: statuses as listed, foreign keys as they stand, unrecorded keys noted, keys of earlier instances named, keys
/// that are gone for certain left out, and a mint that a dead run left noted as an open claim.
pub fn refresh(mut state: KeyState, observed: &Observed, capability: &Capability) -> KeyState {
    let mut observed = observed.clone();
    observed.ledgers.take_former(&state.instance);
    let is_gone = |id: &KeyId, since: Timestamp| {
        !observed.keys.contains_key(id) && later(since, capability.settle) <= observed.at
    };
    let gone = state.keys().map(|key| (&key.id, key.created_at));
    let gone = gone.chain(state.unrecorded.iter().map(|key| (&key.id, key.created_at)));
    let gone: Vec<_> = gone.filter(|(id, since)| is_gone(id, *since)).map(|(id, _)| id.clone()).collect();
    for id in gone {
        forget(&mut state, &id);
    }
    state.claim_open = is_unfinished(&state, &observed);
    mirror(&mut state, &observed);
    state.mark_missing = is_mark_missing(&state, &observed, capability);
    state.warnings = refreshed(&state, (&observed, capability), |id, entry| !is_gone(id, entry.since));
    state
}

/// Whether our mark does not name a key of the state although a run has written it: somebody removed or changed it. Lists and marks of the last
/// `settle` prove nothing, and the mark does not name an imported key before the first run. Where users publish the keys, no mark stands anywhere.
pub(crate) fn is_mark_missing(state: &KeyState, observed: &Observed, capability: &Capability) -> bool {
    let was_written = capability.marks != Marks::Nowhere && state.keys().any(|key| key.trigger.is_some());
    let in_force = state.retiring.iter().filter(|old| old.withdrawn_at.is_none()).map(|old| &old.key);
    let written_at = |key: &Key| key.promoted_at.unwrap_or(key.created_at).max(state.began_at().unwrap_or_default());
    let is_settled = |key: &Key| later(written_at(key), capability.settle) <= observed.at;
    let is_unmarked = |key: &Key| observed.ledgers.own_entry(&key.id).is_none();
    let mut stands = in_force.chain(&state.current).filter(|key| observed.keys.contains_key(&key.id));
    was_written && stands.any(|key| is_settled(key) && is_unmarked(key))
}

/// Whether the ledger tells of a mint that the state knows nothing of: its run died, and the inputs may have gone back since.
fn is_unfinished(state: &KeyState, observed: &Observed) -> bool {
    let lost = |(id, entry): (&KeyId, &Entry)| {
        entry.mark == Mark::Minting && !state.knows(id) && !state.has_unrecorded(id) && observed.keys.contains_key(id)
    };
    observed.ledgers.own.as_ref().is_some_and(|ledger| ledger.open.is_some() || ledger.keys.iter().any(lost))
}
