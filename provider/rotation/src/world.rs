use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::next::later;
use crate::{
    Capability, Entry, Event, Expiry, ForeignKey, Key, KeyId, KeyState, KeyStatus, LastUse, Ledger, Ledgers, Mark,
    Marks, Observed, ObservedKey, Retiring, UnrecordedKey, reduce,
};

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
    /// When it first asked the system; where it asked nothing, long ago.
    pub(crate) first_look: Timestamp,
    /// Whether our mark is told together with one under a former URN, and does not stand like that yet.
    pub(crate) merged: bool,
}

impl World {
    /// A run's start.
    pub fn new(state: KeyState, observed: Observed) -> Self {
        let run = Knowledge { first_look: observed.at, ..Knowledge::default() };
        reduce(Self { state, observed: observed.clone(), run }, Event::Observed(observed))
    }

    /// What a preview assumes: the system shows just what the state says, and superseded keys were used last when a run was last told.
    pub fn assumed(state: KeyState, now: Timestamp) -> Self {
        let shown = |id: &KeyId, created_at, status, last_use| ObservedKey {
            id: id.clone(),
            created_at,
            status,
            last_use,
            expiry: None,
        };
        let ours = |key: &Key, last_use| ObservedKey {
            expiry: key.expires_at.map(|at| Expiry { at, renew_at: key.renew_at }),
            ..shown(&key.id, key.created_at, key.status, last_use)
        };
        let unknown = Some(LastUse::Unknown);
        let retiring = |old: &Retiring| ours(&old.key, old.last_used_at.map(LastUse::At));
        let served = state.current.iter().chain(&state.pending).map(|key| ours(key, unknown));
        let foreign = |key: &ForeignKey| shown(&key.id, key.created_at, key.status, unknown);
        let unrecorded = |key: &UnrecordedKey| shown(&key.id, key.created_at, KeyStatus::Active, unknown);
        let others = state.foreign_keys.iter().map(foreign).chain(state.unrecorded.iter().map(unrecorded));
        let keys = state.retiring.iter().map(retiring).chain(served).chain(others);
        let keys: BTreeMap<_, _> = keys.map(|key| (key.id.clone(), key)).collect();
        let mut own = Ledger::for_state(&state, None, |_, _| false);
        let noted = |key: &UnrecordedKey| (key.id.clone(), Entry::of(&state.instance, Mark::Promoted, key.created_at));
        own.keys.extend(state.unrecorded.iter().map(noted));
        let ledgers = Ledgers::new(Some(own), Vec::new());
        let mut world = Self::new(state, Observed { keys, ledgers, at: now, ahead: Default::default() });
        world.run.first_look = Timestamp::MIN;
        world
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

    /// When it is certain that the mark has been read as it stood when the run began, if it is not yet.
    pub(crate) fn unread_until(&self, capability: &Capability) -> Option<Timestamp> {
        let lag = capability.settle.min(MARKS_LAG);
        let until = later(self.run.first_look, lag);
        (capability.marks == Marks::OnPrincipal && self.observed.at < until).then_some(until)
    }

    /// Whether our mark does not stand as it is told here, because part of it stands under a former URN.
    pub(crate) fn is_merged(&self) -> bool {
        self.run.merged
    }

    /// Whether a key that the ledger names exists no more: not listed, although a list can be believed by now.
    pub(crate) fn is_gone(&self, id: &KeyId, entry: &Entry, capability: &Capability) -> bool {
        !self.observed.keys.contains_key(id) && later(entry.since, capability.settle) <= self.observed.at
    }
}
