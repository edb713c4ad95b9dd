//! Keys that are there no more.

use super::acts::act;
use super::terms::{Goal, Next, Step, View};
use crate::Cause;
use crate::decide::World;
use crate::time::later;

/// A key that the state knows and the list does not show: wait while it may only be late, then take it for gone.
pub(super) fn lost_keys(view: &View<'_>, _: &Goal) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    let lost = state.keys().find(|key| !observed.keys.contains_key(&key.id))?;
    let settled = later(lost.created_at, view.capability.settle);
    if view.world.seen_at() < settled {
        return act(Step::Settle(settled), Cause::Unsettled);
    }
    act(Step::Forget(lost.id.clone()), Cause::CurrentGone)
}
