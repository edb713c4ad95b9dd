//! The names that the plugin gives.

use pulumi_provider::Urn;
use rotation::OwnerId;

/// Whose mark a resource writes.
pub(super) fn owner(urn: &Urn) -> OwnerId {
    OwnerId::new(urn.as_str(), format!("{}/{}/{}", urn.stack(), urn.project(), urn.name()))
}
