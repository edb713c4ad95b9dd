//! The decision. [`next`] looks at what the state says, what the system shows and what is wanted, and names one step.

use jiff::{SignedDuration, Timestamp};

use crate::{Entry, Key, KeyId, KeyState, KeyStatus, Ledger, Mark, Marks, OwnerId, World, expiry};

mod gone;
mod leftovers;
mod retire;
mod room;
mod terms;

pub(crate) use retire::kept_in_use;
pub use terms::{Blocked, Cause, Goal, Next, Step, View, Want};

/// Names the one step to take now. Pure: the same view gives the same answer.
pub fn next(view: &View<'_>) -> Next {
    let goal = match view.want {
        Want::Gone => return gone::toward_gone(view),
        Want::Current(goal) => goal,
    };
    lost_keys(view)
        .or_else(|| leftovers::resolve(view))
        .or_else(|| advance_pending(view, goal))
        .or_else(|| mint(view, goal))
        .or_else(|| close(view))
        .or_else(|| act(Step::Renew(expiry::due(view)?.clone()), Cause::Ends))
        .or_else(|| retire::revoked(view))
        .or_else(|| retire::superseded(view, goal))
        .unwrap_or(Next::Idle)
}

/// Whether a pending key has come as far as it must before it may be promoted.
pub(crate) fn is_ready(state: &KeyState, goal: &Goal) -> bool {
    state.pending.as_ref().is_some_and(|pending| goal.verification.is_none() || pending.verified_at.is_some())
}

/// Why a new key must be made, if it must.
pub(crate) fn mint_cause(state: &KeyState, goal: &Goal) -> Option<Cause> {
    let Some(current) = &state.current else {
        return Some(if state.generation == 0 { Cause::Created } else { Cause::CurrentGone });
    };
    if current.status == KeyStatus::Inactive {
        return Some(Cause::CurrentDisabled);
    }
    if current.material.is_none() {
        return Some(Cause::SecretUnknown);
    }
    if state.revoking.contains(&current.id) {
        return Some(Cause::Revoked);
    }
    if goal.trigger.is_answered_by(current, goal.overlap) {
        return None;
    }
    let same_keepers = current.trigger.as_ref().is_some_and(|of_key| of_key.hash == goal.trigger.hash);
    Some(if same_keepers { Cause::PeriodBegan } else { Cause::KeepersChanged })
}

/// Runs in which a new key may be refused before it is given up.
pub(crate) const ATTEMPTS: u32 = 3;

fn act(step: Step, cause: Cause) -> Option<Next> {
    Some(Next::Do { step, cause })
}

/// A key that the state knows and the list does not show: wait while it may only be late, then take it for gone.
fn lost_keys(view: &View<'_>) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    let lost = state.keys().find(|key| !observed.keys.contains_key(&key.id))?;
    let settled = later(lost.created_at, view.capability.settle);
    if observed.at < settled {
        return act(Step::Settle(settled), Cause::Unsettled);
    }
    act(Step::Forget(lost.id.clone()), Cause::CurrentGone)
}

fn advance_pending(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    let pending = state.pending.as_ref()?;
    let id = pending.id.clone();
    if pending.attempts >= ATTEMPTS {
        return act(Step::Discard(id), Cause::NeverAccepted);
    }
    if yields(view, pending) {
        return act(Step::Discard(id), Cause::Rival);
    }
    if !goal.trigger.is_answered_by(pending, goal.overlap) || pending.status == KeyStatus::Inactive {
        return act(Step::Discard(id), Cause::Unwanted);
    }
    if observed.ledgers.own_entry(&id).is_none() {
        return act(Step::Record, Cause::Bookkeeping);
    }
    if is_ready(state, goal) { None } else { act(Step::Verify, mint_cause(state, goal).unwrap_or(Cause::Created)) }
}

/// Whether a first key must give way to another owner's: where marks stand on keys, two owners may both have made one before either
/// could see the other. The one that is proven or older stays.
fn yields(view: &View<'_>, pending: &Key) -> bool {
    let World { state, observed, .. } = view.world;
    let serves = state.current.as_ref().is_some_and(|current| current.material.is_some());
    if view.capability.marks == Marks::OnPrincipal || serves || pending.verified_at.is_some() {
        return false;
    }
    // The system's own times, since a mark knows whole seconds only: of two keys of one second the older one stays.
    let made = |id: &KeyId| observed.keys.get(id).map(|key| key.created_at);
    let own = made(&pending.id).unwrap_or(pending.created_at);
    let older = |id: &KeyId, at: Timestamp| (at, id) < (own, &pending.id);
    let stands = |id: &KeyId, entry: &Entry| made(id).is_some_and(|at| entry.mark == Mark::Promoted || older(id, at));
    observed.ledgers.former(&state.instance).is_none() && observed.ledgers.holder(stands).is_some()
}

fn mint(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, claim, .. } = view.world;
    if state.pending.is_some() {
        return None;
    }
    let cause = mint_cause(state, goal)?;
    if let Some(rival) = observed.ledgers.rival(view.now) {
        return Some(blocked(view, Blocked::Claimed { by: rival.owner.label.clone() }));
    }
    let other = observed.ledgers.holder(|id, entry| !view.world.is_gone(id, entry, view.capability));
    if let Some(other) = other.filter(|_| matches!(cause, Cause::Created | Cause::SecretUnknown)) {
        let OwnerId { hash, label } = other.owner.clone();
        return Some(blocked(view, Blocked::Managed { by: label, hash }));
    }
    if let Some(room) = room::make(view, goal) {
        return Some(room);
    }
    act(if claim.is_some() { Step::Mint } else { Step::Claim }, cause)
}

fn former(view: &View<'_>) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    act(Step::DropFormer(observed.ledgers.former(&state.instance)?.clone()), Cause::Bookkeeping)
}

/// Blocked, once no claim of this run stands open.
fn blocked(view: &View<'_>, why: Blocked) -> Next {
    if view.world.claim.is_some() {
        Next::Do { step: Step::Close, cause: Cause::Bookkeeping }
    } else {
        Next::Blocked(why)
    }
}

fn close(view: &View<'_>) -> Option<Next> {
    let ledgers = &view.world.observed.ledgers;
    let wanted = view.world.wanted_ledger(view.capability);
    if ledgers.own.as_ref() != Some(&wanted) && (ledgers.own.is_some() || wanted != Ledger::default()) {
        return act(Step::Close, Cause::Bookkeeping);
    }
    former(view)
}

pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Whether an entry of our ledger is a key that no state of ours knows and that may therefore go.
fn is_orphan(view: &View<'_>, id: &KeyId, entry: &Entry) -> bool {
    let world = view.world;
    let ours = entry.mark == Mark::Minting || entry.instance == world.state.instance;
    let foreseen = world.foreseen.as_ref() == Some(id);
    ours && !foreseen && !world.state.knows(id) && !world.removed.contains(id)
}
