//! The end of keys that are current no more: when their overlap is over and nobody uses them, or at once when revoked.

use jiff::Timestamp;

use super::acts::act;
use super::stages::waits_for_users;
use super::terms::{Goal, Next, Step, View};
use crate::decide::World;
use crate::time::later;
use crate::{Cause, KeyId, KeyState, LastUse, Phase, Proof, Retiring, WhenInUse};

/// The next step that removes a revoked key; a new key is proven by then, or the quota left no other way.
pub(super) fn revoked(view: &View<'_>, _: &Goal) -> Option<Next> {
    let state = &view.world.state;
    let is_ours =
        |id: &KeyId| state.knows(id) || (state.has_unrecorded(id) && view.world.observed.keys.contains_key(id));
    let mut living = state.revoking.iter().filter(|id| is_ours(id) && view.configured != Some(id));
    living.find_map(|id| leave(view, id, Cause::Revoked))
}

/// The next step in the end of a superseded key.
pub(super) fn superseded(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let state = &view.world.state;
    if goal.overlap.is_zero() && state.pending.is_some() {
        let superseded = state.current.as_ref().filter(|current| view.configured != Some(&current.id));
        if let Some(next) = superseded.and_then(|current| leave(view, &current.id, Cause::OverlapOver)) {
            return Some(next);
        }
    }
    state.retiring.iter().find_map(|retiring| end(view, goal, retiring))
}

/// The way out of a key. Where users publish, it leaves what they publish first, and while a successor waits for them it stays.
fn leave(view: &View<'_>, id: &KeyId, cause: Cause) -> Option<Next> {
    let World { state, run, .. } = view.world;
    if view.capability.proof == Proof::Direct || (state.is_withdrawn(id) && !run.unlisted.contains(id)) {
        return act(Step::Retire(id.clone()), cause);
    }
    let stays = waits_for_users(view) || run.unlisted.contains(id);
    if stays { None } else { act(Step::Unlist(id.clone()), cause) }
}

fn end(view: &View<'_>, goal: &Goal, retiring: &Retiring) -> Option<Next> {
    let id = &retiring.key.id;
    if view.configured == Some(id) {
        return None;
    }
    if view.world.serves_a_store((id, retiring.key.generation)) {
        return None;
    }
    if retiring.withdrawn_at.is_some() {
        return leave(view, id, Cause::OverlapOver);
    }
    if retiring.is_dead() {
        return act(Step::Retire(id.clone()), Cause::CurrentDisabled);
    }
    if goal.phase == Phase::Overlap || !is_over(retiring, goal, view.now) || is_unconfirmed(&view.world.state, goal) {
        return None;
    }
    if retiring.disabled_at.is_none() {
        match may_end(view, goal, retiring) {
            Verdict::Ask => return act(Step::Inspect(id.clone()), Cause::OverlapOver),
            Verdict::InUse => return None,
            Verdict::Free => {}
        }
    }
    let soak = goal.retirement.soak;
    match retiring.disabled_at {
        None if !soak.is_zero() => act(Step::Disable(id.clone()), Cause::OverlapOver),
        Some(at) if later(at, soak) > view.now => None,
        _ if goal.phase == Phase::Retire => leave(view, id, Cause::OverlapOver),
        _ => None,
    }
}

/// Whether a superseded key has had its whole overlap.
pub(super) fn is_over(retiring: &Retiring, goal: &Goal, now: Timestamp) -> bool {
    later(retiring.superseded_at, goal.overlap) <= now
}

/// Whether the program says that consumers are not on the current generation yet.
pub(crate) fn is_unconfirmed(state: &KeyState, goal: &Goal) -> bool {
    !state.is_confirmed(goal.retirement.confirmed_generation)
}

/// Whether use stands in the way of a key's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its last use must be asked for first.
    Ask,
    /// It was used within the quiet period.
    InUse,
    /// Nothing stands in the way.
    Free,
}

/// Whether use stands in the way of this key's end.
pub(crate) fn may_end(view: &View<'_>, goal: &Goal, retiring: &Retiring) -> Verdict {
    let rules = &goal.retirement;
    let Some(quiet) = rules.quiet_period.filter(|_| view.capability.tells_last_use) else { return Verdict::Free };
    let overdue =
        rules.deadline.is_some_and(|deadline| later(later(retiring.superseded_at, goal.overlap), deadline) <= view.now);
    if overdue && rules.when_in_use == WhenInUse::Delete {
        return Verdict::Free;
    }
    match view.world.observed.keys.get(&retiring.key.id).map(|key| key.last_use) {
        None | Some(Some(LastUse::Never)) => Verdict::Free,
        Some(None) => Verdict::Ask,
        Some(Some(LastUse::At(time))) if later(time, quiet) <= view.now => Verdict::Free,
        Some(Some(LastUse::At(_) | LastUse::Unknown)) => Verdict::InUse,
    }
}

/// The superseded keys whose overlap is over and that stay because they are in use.
pub(crate) fn kept_in_use<'a>(view: &View<'a>, goal: &'a Goal) -> impl Iterator<Item = &'a Retiring> {
    let over = view.world.state.retiring.iter().filter(|retiring| retiring.disabled_at.is_none());
    let view = *view;
    let over = over.filter(move |retiring| goal.phase != Phase::Overlap && is_over(retiring, goal, view.now));
    over.filter(move |retiring| may_end(&view, goal, retiring) == Verdict::InUse)
}
