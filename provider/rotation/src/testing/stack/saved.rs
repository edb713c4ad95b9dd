//! What a stack has recorded of a resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::testing::Rig;
use crate::{
    Ask, Clock, KeyState, OldSchedule, RotationArgs, Schedule, Scheduled, Target, Trigger, due, schedule,
    schedule_changed,
};

#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) args: RotationArgs,
    pub(super) schedule: Schedule,
    pub(super) state: KeyState,
    pub(super) failed: bool,
    /// What the inputs say of stores.
    pub(super) opened: Opened,
    /// The stores that may hold something, as the outputs name them.
    pub(super) reached: BTreeSet<String>,
}

/// What inputs say of stores.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    /// The stores that they name.
    pub(super) stores: Vec<String>,
    /// What they say of each.
    pub(super) targets: Vec<Target>,
    /// The shapes that they give them.
    pub(super) shapes: BTreeMap<String, String>,
    /// Whether the state keeps secrets that a store holds.
    pub(super) keeps_secret: bool,
}

impl Opened {
    /// Those of an import, which has none.
    pub(super) fn nothing() -> Self {
        Self { stores: Vec::new(), targets: Vec::new(), shapes: BTreeMap::new(), keeps_secret: true }
    }
}

impl Saved {
    /// What Check makes of the inputs of the next run.
    pub(super) fn next_schedule(&self, rig: &dyn Rig, args: &RotationArgs) -> Schedule {
        let old = OldSchedule {
            keepers: &self.args.keepers,
            period: self.args.period,
            anchor: self.args.anchor,
            schedule: Some(&self.schedule),
        };
        let ask = Ask { args, keepers_unknown: false, suspended: false };
        read(rig, schedule(Some(old), ask, rig.clock().now()))
    }

    pub(super) fn differs(&self, args: &RotationArgs, schedule: &Schedule) -> bool {
        self.failed
            || self.args != *args
            || schedule_changed(Some(&self.schedule), schedule)
            || due(&self.state, schedule, args.retirement.confirmed_generation).is_some()
    }

    pub(super) fn trigger(&self, args: &RotationArgs) -> Trigger {
        Trigger::new(&self.state.instance, &args.keepers, &self.schedule)
    }
}

/// What Check makes of it.
pub(super) fn read(rig: &dyn Rig, scheduled: Scheduled) -> Schedule {
    scheduled.schedule.with_reading(&rig.issuer().capability(), rig.clock().now())
}
