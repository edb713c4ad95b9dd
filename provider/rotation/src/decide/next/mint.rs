//! The new key, and what must be so before it is made.

use super::acts::{act, blocked};
use super::causes::{mint_cause, was_behind_lately};
use super::deliver;
use super::leftovers;
use super::room::{self, Room};
use super::terms::{Blocked, Goal, Next, Step, View};
use crate::decide::World;
use crate::{Cause, OwnerId};

/// Makes a new key where one is wanted.
pub(super) fn mint(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, run, .. } = view.world;
    if state.pending.is_some() {
        return None;
    }
    let cause = mint_cause(state, goal)?;
    if let Some(rival) = observed.ledgers.rival(observed.now(view.now)) {
        return Some(blocked(view, Blocked::Claimed { by: rival.owner.label.clone() }));
    }
    let other = observed.ledgers.holder(|id, entry| !view.world.is_gone(id, entry, view.capability));
    if let Some(other) = other.filter(|_| matches!(cause, Cause::Created | Cause::SecretUnknown)) {
        let OwnerId { hash, label } = other.owner.clone();
        return Some(blocked(view, Blocked::Managed { by: label, hash }));
    }
    if was_behind_lately(view, goal, cause).is_some() {
        return None;
    }
    if let Some(next) = deliver::obstacle(view, goal) {
        return Some(next);
    }
    match room::look(view, goal) {
        Room::Free => {}
        Room::Deferred => return None,
        Room::Act(next) => return Some(next),
    }
    if run.claim.is_none()
        && let Some(until) = leftovers::unaccounted_until(view)
    {
        return act(Step::Settle(until), Cause::Unsettled);
    }
    act(if run.prepared { Step::Mint } else { Step::Claim }, cause)
}
