//! The way to a stand-in.

use jiff::SignedDuration;
use localcloud::{Faults, LocalCloud, Options};
use rotation::testing::{Fault, ManualClock};
use vault_servers::{SharedClock, plain_fault};

use crate::rig::{Place, PlaceRig, Way};
use crate::stores::Shop;

/// How a system's API refuses, and fails after it has done what was asked: status and code.
pub(crate) struct Refusals {
    /// Of a refusal that may pass.
    pub(crate) before: (u16, &'static str),
    /// Of a failure after the effect.
    pub(crate) after: (u16, &'static str),
}

/// A stand-in on a clock that only moves by hand.
pub struct StandIn {
    pub(crate) cloud: LocalCloud,
    pub(crate) clock: ManualClock,
    shared: SharedClock,
    shop: Shop,
    refusals: Refusals,
}

impl StandIn {
    pub(crate) fn start(
        clock: ManualClock,
        refusals: Refusals,
        set: impl FnOnce(&mut Options),
    ) -> std::io::Result<Self> {
        let shared = SharedClock::new(&clock);
        let mut options = Options::new(shared.shared());
        options.hang_advances = SignedDuration::from_secs(31);
        set(&mut options);
        let cloud = LocalCloud::start(options)?;
        let shop = Shop::new(&cloud, &clock);
        Ok(Self { cloud, clock, shared, shop, refusals })
    }
}

impl Way for StandIn {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn calls(&self) -> Vec<String> {
        self.cloud.journal().into_iter().map(|entry| entry.action).collect()
    }

    fn faults(&self) -> &Faults {
        self.cloud.faults()
    }

    fn shop(&self) -> &Shop {
        &self.shop
    }

    fn fault(&self, fault: Fault) -> localcloud::Fault {
        let Refusals { before, after } = self.refusals;
        match fault {
            Fault::Before => localcloud::Fault::error_before(before.0, before.1),
            Fault::After => localcloud::Fault::error_after(after.0, after.1),
            other => plain_fault(other),
        }
    }
}

impl<P: Place<Way = StandIn>> PlaceRig<P> {
    /// From now on the cloud's clock is ahead of the plugin's by so much.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.way.shared.set_ahead(ahead);
    }

    /// The stand-in itself.
    pub fn cloud(&self) -> &LocalCloud {
        &self.way.cloud
    }
}
