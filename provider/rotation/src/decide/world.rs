use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Stores;
use crate::time::later;
use crate::{Capability, Entry, KeyId, KeyState, KeyStatus, Ledger, Marks, Observed, StoredVersion};

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
    /// What stands in the stores.
    pub stores: Stores,
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
    /// Keys withdrawn from the published key set; the outputs of this run show it.
    pub unlisted: BTreeSet<KeyId>,
    /// A pending key that becomes current although another one is wanted.
    pub completes: Option<KeyId>,
    /// By how much waits were cut short, because our clock and the times that were waited for do not fit together.
    pub(crate) skipped: SignedDuration,
    /// Keys that it could not read back from a store.
    pub unreadable: BTreeSet<KeyId>,
    /// Versions in stores that did not give back a secret, each with the store's identity.
    pub unread: BTreeSet<(String, String)>,
    /// Keys whose secret it read back from a store.
    pub recalled: BTreeSet<KeyId>,
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

    /// When it is certain that marks and stores have been read as they stood when the run began, if it is not yet.
    pub(crate) fn unread_until(&self, capability: &Capability) -> Option<Timestamp> {
        // A store is asked together with the marks, and may be read as late.
        let lag = match capability.marks {
            _ if !self.stores.is_empty() => MARKS_LAG,
            Marks::OnPrincipal => capability.settle.min(MARKS_LAG),
            Marks::OnKeys | Marks::Nowhere => return None,
        };
        let until = later(self.run.first_look, lag);
        (self.seen_at() < until).then_some(until)
    }

    /// Whether the consumers of any store read this key, given with its generation or 0.
    pub(crate) fn is_read(&self, key: (&KeyId, u64)) -> bool {
        !self.stores.is_empty() && self.stores.read(key, self.next_generation())
    }

    /// Whether a store would be left without a key that works if this one went.
    pub(crate) fn serves_a_store(&self, key: (&KeyId, u64)) -> bool {
        let works = self.observed.keys.get(key.0).is_some_and(|shown| shown.status == KeyStatus::Active);
        works && self.is_read(key)
    }

    /// Whether a version in a store hands over this key, given with its generation or 0.
    pub(crate) fn is_of(&self, version: &StoredVersion, key: (&KeyId, u64)) -> bool {
        version.delivery.as_ref().is_some_and(|delivery| self.stores.is_of(delivery, key, self.next_generation()))
    }

    /// Whether this resource, in this instance, delivered a version.
    pub(crate) fn is_ours(&self, version: &StoredVersion) -> bool {
        let Self { state, observed, .. } = self;
        let is_noted = state.deliveries.iter().any(|delivered| delivered.version == version.version);
        let known = state.keys().map(|key| (&key.id, key.generation));
        let unrecorded = state.unrecorded.iter().map(|key| (&key.id, key.generation));
        let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
        let marked = entries.filter(|(_, entry)| entry.instance == state.instance);
        let marked = marked.map(|(id, entry)| (id, entry.generation.unwrap_or_default()));
        is_noted || self.was_ours(version) || known.chain(unrecorded).chain(marked).any(|key| self.is_of(version, key))
    }

    /// Whether a version holds a key of which the history tells, such as one that a person moved a store back to.
    pub(crate) fn was_ours(&self, version: &StoredVersion) -> bool {
        self.state.history.iter().any(|event| self.is_of(version, (&event.key_id, 0)))
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
