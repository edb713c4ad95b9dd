use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{Key, KeyId, KeyState};
use crate::time::seconds;

/// Whose mark it is: a hash of the resource's URN, and a readable name for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerId {
    /// 16 hexadecimal digits of SHA-256 over the URN.
    pub hash: String,
    /// Such as `stack/project/name`.
    pub label: String,
}

impl OwnerId {
    /// The owner with this URN. `label` is shown to people.
    pub fn new(urn: &str, label: impl Into<String>) -> Self {
        let mut hash = String::new();
        for byte in Sha256::digest(urn.as_bytes()).iter().take(8) {
            let _ = write!(hash, "{byte:02x}");
        }
        Self { hash, label: label.into() }
    }
}

/// How far a key in the ledger has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was made; no state may know it yet.
    Minting,
    /// It was proven, and the run that made it is about to end well.
    Promoted,
}

/// One key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The instance that made it.
    pub instance: String,
    /// How far it came.
    pub mark: Mark,
    /// When the system says that it was made, in whole seconds.
    pub since: Timestamp,
    /// Its generation, where the mark has room for it.
    pub generation: Option<u64>,
    /// When it was promoted, in whole seconds, where the mark has room for it.
    pub promoted_at: Option<Timestamp>,
}

impl Entry {
    /// An entry of a mark that keeps neither generation nor the time of the promotion.
    pub fn of(instance: impl Into<String>, mark: Mark, since: Timestamp) -> Self {
        Self { instance: instance.into(), mark, since: seconds(since), generation: None, promoted_at: None }
    }

    fn new(key: &Key, instance: &str, mark: Mark) -> Self {
        let promoted_at = key.promoted_at.filter(|_| mark == Mark::Promoted).map(seconds);
        let generation = (key.generation > 0).then_some(key.generation);
        Self { generation, promoted_at, ..Self::of(instance, mark, key.created_at) }
    }

    /// Whether this is a promoted key of the state's instance, or of an earlier one, that the state does not contain.
    pub(crate) fn is_unrecorded(&self, id: &KeyId, state: &KeyState) -> bool {
        // An entry has whole seconds, and what began in the same second may be the later one.
        let is_earlier = || state.began_at().is_some_and(|began| self.since < seconds(began));
        self.mark == Mark::Promoted && !state.knows(id) && (self.instance == state.instance || is_earlier())
    }

    /// Whether a mark equal to `other` contains this information. What a mark has no room for does not count.
    fn says(&self, other: &Self) -> bool {
        let agree = |one: Option<Timestamp>, two: Option<Timestamp>| one.is_none() || two.is_none() || one == two;
        (&self.instance, self.mark, self.since) == (&other.instance, other.mark, other.since)
            && agree(self.promoted_at, other.promoted_at)
    }
}

/// A mint that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// A random name of this one attempt.
    pub nonce: String,
    /// When it was begun, by our clock.
    pub at: Timestamp,
    /// Every key that stood on the principal before.
    pub known: BTreeSet<KeyId>,
}

impl Claim {
    /// The age at which a claim no longer blocks other resources: 15 minutes.
    pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

    /// Whether it keeps others out.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < Self::LIFETIME
    }
}

/// The mark of one resource on a principal. It stands for as long as the resource lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The keys that are ours.
    pub keys: BTreeMap<KeyId, Entry>,
    /// The mint under way.
    pub open: Option<Claim>,
}

/// The mark of another resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLedger {
    /// Who it is.
    pub owner: OwnerId,
    /// What it says.
    pub ledger: Ledger,
}

/// Every mark on a principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledgers {
    /// Ours; none if it was never written, or was stripped.
    pub own: Option<Ledger>,
    /// Those of other resources.
    pub others: Vec<OtherLedger>,
    /// The owners of marks that this instance left under former URNs. What they say is part of `own` already.
    pub former: Vec<OwnerId>,
}

impl Ledgers {
    /// Whether the state or our own mark names this key.
    pub(crate) fn is_ours(&self, state: &KeyState, id: &KeyId) -> bool {
        state.knows(id) || state.has_unrecorded(id) || self.own_entry(id).is_some()
    }

    /// Builds the ledgers from marks on keys. Each mark gives a key, its owner and its stage.
    pub fn of_marks(owner: &OwnerId, marks: impl IntoIterator<Item = (KeyId, OwnerId, Entry)>) -> Self {
        let mut all: BTreeMap<String, OtherLedger> = BTreeMap::new();
        for (id, owner, entry) in marks {
            let of_owner = || OtherLedger { owner: owner.clone(), ledger: Ledger::default() };
            all.entry(owner.hash.clone()).or_insert_with(of_owner).ledger.keys.insert(id, entry);
        }
        let own = all.remove(&owner.hash).map(|own| own.ledger);
        Self::new(own, all.into_values().collect())
    }

    /// Our mark, and those of other resources.
    pub fn new(own: Option<Ledger>, others: Vec<OtherLedger>) -> Self {
        Self { own, others, former: Vec::new() }
    }

    /// Whether any mark, under whatever URN, names a key of this instance.
    pub fn name_instance(&self, instance: &str) -> bool {
        let all = self.own.iter().chain(self.others.iter().map(|other| &other.ledger));
        all.flat_map(|ledger| ledger.keys.values()).any(|entry| entry.instance == instance)
    }

    /// Takes what this instance left under another URN for ours: the resource was renamed or moved, with an alias.
    pub(crate) fn take_former(&mut self, instance: &str) {
        let ours = |other: &OtherLedger| other.ledger.keys.values().any(|entry| entry.instance == instance);
        let (former, others) = std::mem::take(&mut self.others).into_iter().partition(ours);
        self.others = others;
        for OtherLedger { owner, ledger } in former {
            let own = self.own.get_or_insert_default();
            for (id, entry) in ledger.keys {
                own.keys.entry(id).or_insert(entry);
            }
            own.open = own.open.take().or(ledger.open);
            self.former.push(owner);
        }
    }

    /// The open claim of ours.
    pub fn own_claim(&self) -> Option<&Claim> {
        self.own.as_ref()?.open.as_ref()
    }

    /// What our mark says about a key.
    pub fn own_entry(&self, key: &KeyId) -> Option<&Entry> {
        self.own.as_ref()?.keys.get(key)
    }

    /// The other resource whose mint is under way.
    pub fn rival(&self, now: Timestamp) -> Option<&OtherLedger> {
        self.others.iter().find(|other| other.ledger.open.as_ref().is_some_and(|claim| claim.is_fresh(now)))
    }

    /// The other resource that has keys on the principal, of those that `stands` tells.
    pub fn holder(&self, stands: impl Fn(&KeyId, &Entry) -> bool) -> Option<&OtherLedger> {
        self.others.iter().find(|other| other.ledger.keys.iter().any(|(id, entry)| stands(id, entry)))
    }

    /// The other resource that a key belongs to.
    pub fn owner_of(&self, key: &KeyId) -> Option<&OwnerId> {
        self.others.iter().find(|other| other.ledger.keys.contains_key(key)).map(|other| &other.owner)
    }
}

impl Ledger {
    /// The mark that `state` calls for: its own keys, those of other instances that may still stand, and promoted ones of this instance
    /// that the state does not contain.
    pub(crate) fn for_state(
        state: &KeyState,
        before: Option<&Self>,
        may_stand: impl Fn(&KeyId, &Entry) -> bool,
    ) -> Self {
        let before = before.into_iter().flat_map(|ledger| &ledger.keys);
        // An unrecorded key that the mark calls unfinished is one that consumers read in a store.
        let promoted = |(id, entry): (&KeyId, &Entry)| {
            let mark = if state.has_unrecorded(id) { Mark::Promoted } else { entry.mark };
            (id.clone(), Entry { mark, ..entry.clone() })
        };
        let stays = |id: &KeyId, entry: &Entry| {
            entry.instance != state.instance || entry.mark == Mark::Promoted || state.has_unrecorded(id)
        };
        let others = before.filter(|(id, entry)| stays(id, entry) && may_stand(id, entry));
        let mut keys: BTreeMap<_, _> = others.map(promoted).collect();
        for key in state.keys() {
            keys.insert(key.id.clone(), Entry::new(key, &state.instance, Mark::Promoted));
        }
        Self { keys, open: None }
    }

    /// Whether a mark equal to `other` contains this information.
    pub fn says(&self, other: &Self) -> bool {
        let same = |((id, entry), (other_id, other)): ((&KeyId, &Entry), (&KeyId, &Entry))| {
            id == other_id && entry.says(other)
        };
        self.open == other.open && self.keys.len() == other.keys.len() && self.keys.iter().zip(&other.keys).all(same)
    }

    /// The same mark, with a key that is about to be made; from `since` on it exists or never will.
    #[must_use]
    pub(crate) fn with_foreseen(mut self, key: KeyId, instance: &str, since: Timestamp) -> Self {
        self.keys.insert(key, Entry::of(instance, Mark::Minting, since));
        self
    }

    /// The same mark, with a key that was just made.
    #[must_use]
    pub(crate) fn with_minting(mut self, key: &Key, instance: &str) -> Self {
        self.keys.insert(key.id.clone(), Entry::new(key, instance, Mark::Minting));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_another_instance_made_within_the_same_second_is_not_ours() {
        let mut state = KeyState::new("old".to_owned());
        state.instance_since = Some("2026-03-01T12:00:00.7Z".parse().unwrap());
        let unrecorded = |since: &str| {
            let entry = Entry::of("new", Mark::Promoted, since.parse().unwrap());
            entry.is_unrecorded(&KeyId("2".to_owned()), &state)
        };
        assert!(!unrecorded("2026-03-01T12:00:00.9Z"), "the later instance's");
        assert!(unrecorded("2026-03-01T11:59:59.9Z"), "an earlier instance's");
    }
}
