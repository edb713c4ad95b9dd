//! What a stack has recorded of a resource.

use std::collections::BTreeSet;

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
    /// The stores that the inputs name.
    pub(super) stores: Vec<String>,
    /// What the inputs say of them.
    pub(super) targets: Vec<Target>,
    /// The stores that may hold something, as the outputs name them.
    pub(super) reached: BTreeSet<String>,
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
