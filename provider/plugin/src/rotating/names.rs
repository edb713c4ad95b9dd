//! The names that the plugin gives.

use std::hash::{BuildHasher, Hasher, RandomState};

use pulumi_provider::Urn;
use rotation::OwnerId;

/// Whose mark a resource writes.
pub(super) fn owner(urn: &Urn) -> OwnerId {
    OwnerId::new(urn.as_str(), format!("{}/{}/{}", urn.stack(), urn.project(), urn.name()))
}

/// A name that nobody else chooses; it need not be secret.
pub(crate) fn nonce() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
