use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{KeyId, KeyStatus, Ledgers};

/// When a key was last used, as far as the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastUse {
    /// The system does not tell.
    Unknown,
    /// Never.
    Never,
    /// At this time, or a little later.
    At(Timestamp),
}

/// A key as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedKey {
    /// The key's id in the system.
    pub id: KeyId,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// Whether it works.
    pub status: KeyStatus,
    /// Absent until it was asked for.
    pub last_use: Option<LastUse>,
    /// When it ends by itself, if it does.
    pub expiry: Option<Expiry>,
}

impl ObservedKey {
    /// A key that works, of which nothing else is known.
    pub fn new(id: KeyId, created_at: Timestamp) -> Self {
        Self { id, created_at, status: KeyStatus::Active, last_use: None, expiry: None }
    }
}

/// What was found on the principal.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Every key on the principal, whoever manages it.
    pub keys: BTreeMap<KeyId, ObservedKey>,
    /// The marks that stand on the principal.
    pub ledgers: Ledgers,
    /// When it was asked, by the system's clock as far as its answers tell it.
    pub at: Timestamp,
    /// How far the system's clock is ahead of ours.
    pub ahead: SignedDuration,
}

impl Observed {
    /// A principal that has nothing.
    pub(crate) fn nothing(at: Timestamp) -> Self {
        Self { keys: BTreeMap::new(), ledgers: Ledgers::default(), at, ahead: SignedDuration::ZERO }
    }

    /// An instant of our clock, by the system's.
    pub fn now(&self, ours: Timestamp) -> Timestamp {
        ours.checked_add(self.ahead).unwrap_or(ours)
    }

    /// When it was asked, by our clock.
    pub fn asked_at(&self) -> Timestamp {
        self.at.checked_sub(self.ahead).unwrap_or(self.at)
    }
}

/// When a key ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// From then on it does not work.
    pub at: Timestamp,
    /// When renewal becomes useful: after half of the last grant. None if the key cannot be renewed.
    pub renew_at: Option<Timestamp>,
}
