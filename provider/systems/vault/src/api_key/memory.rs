use std::collections::{BTreeMap, BTreeSet};

use rotation::KeyId;
use secrecy::SecretString;

use super::fields::Fields;
use super::limits::Limits;
use super::path::Version;
use crate::ledger::Prints;

/// What this issuer saw and prepared.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) seen: Option<Seen>,
    /// The print of the value that is to be written, by the key that it will be.
    pub(super) planned: Option<(KeyId, String)>,
    /// The values of the keys that the state knows.
    pub(super) former: Vec<SecretString>,
    /// Whether the server knows no merge patch of metadata.
    pub(super) lacks_patch: bool,
    /// Whether the path was begun by this process, which takes no merge patch: whether one can be made is not known.
    pub(super) is_begun: bool,
}

/// The path as it was last seen.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// Whether anything was ever written there.
    pub(super) exists: bool,
    pub(super) current: u64,
    pub(super) limits: Limits,
    pub(super) versions: BTreeMap<u64, Version>,
    pub(super) prints: Prints,
    /// Versions that our mark names.
    pub(super) named: BTreeSet<u64>,
    /// Versions in use that a write must not push out.
    pub(super) in_use: BTreeSet<u64>,
}

/// A value that is to be written, so far only here.
pub(super) struct Plan {
    /// The version after which it comes.
    pub(super) after: u64,
    pub(super) value: SecretString,
    /// What the newest version holds beside the value.
    pub(super) carried: Fields,
}
