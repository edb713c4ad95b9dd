//! The reference in memory, among the systems of the suite.

use jiff::SignedDuration;
use rotation::KeyIssuer;
use rotation::testing::{InMemoryCloud, InMemoryRules, ManualClock};

use crate::aws::START;
use crate::rig::{Feature, ReachableRig};

/// What the reference can do.
pub const MEMORY_FEATURES: &[Feature] = &[
    Feature::Strangers,
    Feature::Faults,
    Feature::Delays,
    Feature::Quota,
    Feature::Disables,
    Feature::TellsUse,
    Feature::Claims,
    Feature::Tries,
    Feature::Stores,
];

/// A fresh one, like AWS.
pub fn memory() -> InMemoryCloud {
    InMemoryCloud::new(InMemoryRules::like_aws(SignedDuration::ZERO), ManualClock::new(START))
}

/// The same, where a new key works at once.
pub(crate) fn immediate_memory() -> InMemoryCloud {
    let rules = InMemoryRules { accepts_after: SignedDuration::ZERO, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
    InMemoryCloud::new(rules, ManualClock::new(START))
}

impl ReachableRig for InMemoryCloud {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        let cloud = memory();
        cloud.delete_principal();
        rotation::testing::Rig::issuer(&cloud)
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        None
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        None
    }

    fn edit_store(&self, name: &str) {
        InMemoryCloud::edit_store(self, name);
    }
}
