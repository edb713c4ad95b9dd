use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::time::later;
use crate::{Capability, Entry, KeyId, KeyState, Ledger, Marks, Observed};

/// Marks on a principal are read late by so much at most: tags of IAM were seen up to 10 seconds late.
const MARKS_LAG: SignedDuration = SignedDuration::from_secs(15);

/// All that a decision is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// What will be saved.
    pub state: KeyState,
    /// What the system shows.
    pub observed: Observed,
    /// What only this run knows.
    pub run: Knowledge,
}

/// What only this run knows, because it did it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    /// The nonce of the claim that it holds.
    pub claim: Option<String>,
    /// Whether a mint is prepared under that claim and has not begun: each is made once.
    pub prepared: bool,
    /// The key that the mint under way will make, if its name is known.
    pub foreseen: Option<KeyId>,
    /// Keys that it removed: the ledger and late lists may still name them.
    pub removed: BTreeSet<KeyId>,
    /// Keys for which it asked for more time.
    pub renewed: BTreeSet<KeyId>,
    /// Keys that users are to publish no more; its answer tells them.
    pub unlisted: BTreeSet<KeyId>,
    /// A pending key that becomes current although another one is wanted.
    pub completes: Option<KeyId>,
    /// By how much waits were cut short, because our clock and the times that were waited for do not fit together.
    pub(crate) skipped: SignedDuration,
    /// When it first asked the system; where it asked nothing, long ago.
    pub(crate) first_look: Timestamp,
    /// Whether our mark is told together with one under a former URN, and does not stand like that yet.
    pub(crate) merged: bool,
}

impl World {
    /// When the system was asked, as far as waits go: what this run has waited for in vain is over.
    pub(crate) fn seen_at(&self) -> Timestamp {
        later(self.observed.at, self.run.skipped)
    }

    /// The ledger that the state calls for once nothing is under way.
    pub(crate) fn wanted_ledger(&self, capability: &Capability) -> Ledger {
        let may_stand =
            |id: &KeyId, entry: &Entry| !self.run.removed.contains(id) && !self.is_gone(id, entry, capability);
        Ledger::for_state(&self.state, self.observed.ledgers.own.as_ref(), may_stand)
    }

    /// The generation of the next key: one above the highest that state and mark tell.
    pub(crate) fn next_generation(&self) -> u64 {
        let state = &self.state;
        let entries = self.observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
        // A mark under a former URN goes on naming what this run has removed.
        let of_instance =
            entries.filter(|(id, entry)| entry.instance == state.instance && !self.run.removed.contains(*id));
        let marked = of_instance.filter_map(|(_, entry)| entry.generation);
        let known = state.keys().map(|key| key.generation).chain(state.unrecorded.iter().map(|key| key.generation));
        marked.chain(known).chain([state.generation]).max().unwrap_or_default() + 1
    }

    /// The generation of a key, as far as state or mark tell it.
    pub(crate) fn generation_of(&self, id: &KeyId) -> Option<u64> {
        let known = self.state.keys().find(|key| key.id == *id).map(|key| key.generation);
        let noted = || self.state.unrecorded.iter().find(|key| key.id == *id).map(|key| key.generation);
        let marked = || self.observed.ledgers.own_entry(id)?.generation;
        known.or_else(noted).or_else(marked).filter(|generation| *generation > 0)
    }

    /// When it is certain that the mark has been read as it stood when the run began, if it is not yet.
    pub(crate) fn unread_until(&self, capability: &Capability) -> Option<Timestamp> {
        let lag = capability.settle.min(MARKS_LAG);
        let until = later(self.run.first_look, lag);
        (capability.marks == Marks::OnPrincipal && self.seen_at() < until).then_some(until)
    }

    /// Whether our mark does not stand as it is told here, because part of it stands under a former URN.
    pub(crate) fn is_merged(&self) -> bool {
        self.run.merged
    }

    /// Whether a key that the ledger names exists no more: not listed, although a list can be believed by now.
    pub(crate) fn is_gone(&self, id: &KeyId, entry: &Entry, capability: &Capability) -> bool {
        !self.observed.keys.contains_key(id) && later(entry.since, capability.settle) <= self.seen_at()
    }
}
