//! How far the new key is on its way.

use super::deliver;
use super::terms::{Goal, View, Want};
use crate::{Key, KeyState, Mark, Marks, Proof, Stage};

/// The stage that a new key must reach next; none if there is no further one.
pub(super) fn next_stage(view: &View<'_>, goal: &Goal, pending: &Key) -> Option<Stage> {
    let stages = view.capability.proof.stages().iter().copied();
    // Where users publish keys, a first one cannot be proven: it has to stand in the outputs.
    let first = view.capability.proof == Proof::OncePublished && !serves(&view.world.state);
    let is_proven = goal.verification.is_some() && !first;
    let mut ahead = stages.filter(|stage| *stage > pending.stage());
    ahead.find(|stage| is_proven || *stage == Stage::Promoted)
}

/// Whether the pending key is ready to become current with the answer of this run.
pub(crate) fn is_ready(view: &View<'_>) -> bool {
    let (Want::Current(goal), Some(pending)) = (view.want, &view.world.state.pending) else { return false };
    let stage = next_stage(view, goal, pending);
    let is_proven = is_promoted(view, pending)
        || view.world.is_read((&pending.id, pending.generation))
        || stage.is_none_or(|stage| stage == Stage::Promoted);
    is_proven && deliver::is_delivered(view, goal, pending)
}

/// Whether the pending key waits for users, who publish it after the answer of a run.
pub(crate) fn waits_for_users(view: &View<'_>) -> bool {
    let (Want::Current(goal), Some(pending)) = (view.want, &view.world.state.pending) else { return false };
    let is_proven = is_promoted(view, pending) || view.world.is_read((&pending.id, pending.generation));
    !is_proven && next_stage(view, goal, pending) == Some(Stage::Offered)
}

pub(super) fn serves(state: &KeyState) -> bool {
    state.current.as_ref().is_some_and(|current| current.material.is_some())
}

/// Whether the mark calls a pending key promoted: a run of which this state knows nothing gave it to users.
pub(super) fn is_promoted(view: &View<'_>, pending: &Key) -> bool {
    let entry = view.world.observed.ledgers.own_entry(&pending.id);
    // A mark that has no place was written by this run alone.
    view.capability.marks != Marks::Nowhere && entry.is_some_and(|entry| entry.mark == Mark::Promoted)
}
