use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Key, KeyId, KeyState};

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
}

impl Entry {
    fn new(key: &Key, instance: &str, mark: Mark) -> Self {
        let since = Timestamp::from_second(key.created_at.as_second()).unwrap_or(key.created_at);
        Self { instance: instance.to_owned(), mark, since }
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
    /// A claim older than this no longer keeps others out, in 15 minutes.
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
}

impl Ledgers {
    /// What marks come to that stand on keys: each names a key, whose it is, and how far it has come.
    pub fn of_marks(owner: &OwnerId, marks: impl IntoIterator<Item = (KeyId, OwnerId, Entry)>) -> Self {
        let mut all: BTreeMap<String, OtherLedger> = BTreeMap::new();
        for (id, owner, entry) in marks {
            let of_owner = || OtherLedger { owner: owner.clone(), ledger: Ledger::default() };
            all.entry(owner.hash.clone()).or_insert_with(of_owner).ledger.keys.insert(id, entry);
        }
        let own = all.remove(&owner.hash).map(|own| own.ledger);
        Self { own, others: all.into_values().collect() }
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

    /// A mark that this instance left under another URN: the resource was renamed or moved, with an alias.
    pub fn former(&self, instance: &str) -> Option<&OwnerId> {
        let ours = |other: &&OtherLedger| other.ledger.keys.values().any(|entry| entry.instance == instance);
        self.others.iter().find(ours).map(|other| &other.owner)
    }

    /// The other resource that a key belongs to.
    pub fn owner_of(&self, key: &KeyId) -> Option<&OwnerId> {
        self.others.iter().find(|other| other.ledger.keys.contains_key(key)).map(|other| &other.owner)
    }
}

impl Ledger {
    /// The mark that `state` calls for: its own keys, and those of other instances that may still stand.
    pub(crate) fn for_state(
        state: &KeyState,
        before: Option<&Self>,
        may_stand: impl Fn(&KeyId, &Entry) -> bool,
    ) -> Self {
        let before = before.into_iter().flat_map(|ledger| &ledger.keys);
        let others = before.filter(|(id, entry)| entry.instance != state.instance && may_stand(id, entry));
        let mut keys: BTreeMap<_, _> = others.map(|(id, entry)| (id.clone(), entry.clone())).collect();
        for key in state.keys() {
            keys.insert(key.id.clone(), Entry::new(key, &state.instance, Mark::Promoted));
        }
        Self { keys, open: None }
    }

    /// The same mark, with a key that is about to be made; from `since` on it exists or never will.
    #[must_use]
    pub(crate) fn with_foreseen(mut self, key: KeyId, instance: &str, since: Timestamp) -> Self {
        let since = Timestamp::from_second(since.as_second()).unwrap_or(since);
        self.keys.insert(key, Entry { instance: instance.to_owned(), mark: Mark::Minting, since });
        self
    }

    /// The same mark, with a key that was just made.
    #[must_use]
    pub(crate) fn with_minting(mut self, key: &Key, instance: &str) -> Self {
        self.keys.insert(key.id.clone(), Entry::new(key, instance, Mark::Minting));
        self
    }
}
