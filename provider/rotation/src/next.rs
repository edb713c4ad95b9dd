//! The decision. [`next`] looks at what the state says, what the system shows and what is wanted, and names one step.

use jiff::{SignedDuration, Timestamp};

use crate::{Entry, Key, KeyId, KeyState, KeyStatus, Ledger, Mark, Marks, OwnerId, Proof, Stage, World, expiry};

mod gone;
mod leftovers;
mod retire;
mod room;
mod terms;

pub(crate) use retire::{is_unconfirmed, kept_in_use};
use room::Room;
pub(crate) use room::{deferral, has_working_key, last_use_of};
pub use terms::{Blocked, Cause, Goal, Next, Step, View, Want};

/// One rule of the decision: the step that it asks for, if it asks for any.
type Rule = fn(&View<'_>, &Goal) -> Option<Next>;

/// The rules of a life, in their order: the first that asks for a step has it.
const TOWARD_CURRENT: [Rule; 8] = [
    // What is gone counts for nothing below.
    lost_keys,
    // What an interrupted run left may be the very key that is wanted, or take its place.
    leftovers::resolve,
    // A key that was made is finished before another one is thought of.
    advance_pending,
    // A new key comes before any old one goes.
    mint,
    // The mark says what is so before anything is removed, so that a removal that dies can be told.
    close,
    // A key that is kept is kept alive.
    renew,
    // A revoked key works no longer than its successor needs.
    retire::revoked,
    // What time ends comes last.
    retire::superseded,
];

/// Names the one step to take now. Pure: the same view gives the same answer.
pub fn next(view: &View<'_>) -> Next {
    match view.want {
        Want::Gone => gone::toward_gone(view),
        Want::Current(goal) => TOWARD_CURRENT.iter().find_map(|rule| rule(view, goal)).unwrap_or(Next::Idle),
    }
}

/// The stage that a new key must reach next; none if there is no further one.
fn next_stage(view: &View<'_>, goal: &Goal, pending: &Key) -> Option<Stage> {
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
    is_promoted(view, pending) || stage.is_none_or(|stage| stage == Stage::Promoted)
}

/// Whether the pending key waits for users, who publish it after the answer of a run.
pub(crate) fn waits_for_users(view: &View<'_>) -> bool {
    let (Want::Current(goal), Some(pending)) = (view.want, &view.world.state.pending) else { return false };
    !is_promoted(view, pending) && next_stage(view, goal, pending) == Some(Stage::Offered)
}

fn serves(state: &KeyState) -> bool {
    state.current.as_ref().is_some_and(|current| current.material.is_some())
}

/// The removal of a new key that nobody got; what users published is taken out of that first.
fn discard(view: &View<'_>, id: KeyId, cause: Cause) -> Option<Next> {
    let is_published = view.capability.proof == Proof::OncePublished;
    act(if is_published { Step::Unlist(id) } else { Step::Discard(id) }, cause)
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
        let is_behind = (!state.unrecorded.is_empty()).then_some(Cause::StateBehind);
        return is_behind.or_else(|| expiry::is_ending(current, goal).then_some(Cause::CurrentEnds));
    }
    let same_keepers = current.trigger.as_ref().is_some_and(|of_key| of_key.hash == goal.trigger.hash);
    Some(if same_keepers { Cause::PeriodBegan } else { Cause::KeepersChanged })
}

/// Whether the only reason for a new key is that unrecorded keys were found, and one was made for that reason not long ago: most likely a
/// second copy of the stack makes keys too.
pub(crate) fn was_behind_lately(view: &View<'_>, goal: &Goal, cause: Cause) -> Option<Timestamp> {
    let until = later(view.world.state.behind_at?, goal.overlap / 2);
    (cause == Cause::StateBehind && until > view.now).then_some(until)
}

/// Runs in which a new key may be refused before it is given up.
pub(crate) const ATTEMPTS: u32 = 3;

fn act(step: Step, cause: Cause) -> Option<Next> {
    Some(Next::Do { step, cause })
}

/// A key that the state knows and the list does not show: wait while it may only be late, then take it for gone.
fn lost_keys(view: &View<'_>, _: &Goal) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    let lost = state.keys().find(|key| !observed.keys.contains_key(&key.id))?;
    let settled = later(lost.created_at, view.capability.settle);
    if observed.at < settled {
        return act(Step::Settle(settled), Cause::Unsettled);
    }
    act(Step::Forget(lost.id.clone()), Cause::CurrentGone)
}

fn advance_pending(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, run } = view.world;
    let pending = state.pending.as_ref()?;
    let id = pending.id.clone();
    if run.completes.as_ref() == Some(&id) {
        return None;
    }
    let is_wanted = goal.trigger.is_answered_by(pending, goal.overlap) && pending.status == KeyStatus::Active;
    if is_promoted(view, pending) {
        return if is_wanted { None } else { keep_promoted(view, pending) };
    }
    if pending.attempts >= ATTEMPTS {
        return discard(view, id, Cause::NeverAccepted);
    }
    if yields(view, pending) {
        return discard(view, id, Cause::Rival);
    }
    if !is_wanted {
        // A newer state than this one may have given it to users a moment ago.
        return leftovers::unread_mark(view).or_else(|| discard(view, id, Cause::Unwanted));
    }
    if observed.ledgers.own_entry(&id).is_none() {
        return act(Step::Record, Cause::Bookkeeping);
    }
    let stage = next_stage(view, goal, pending)?;
    if stage == Stage::Verified { act(Step::Verify, mint_cause(state, goal).unwrap_or(Cause::Created)) } else { None }
}

/// Whether the mark calls a pending key promoted: a run of which this state knows nothing gave it to users.
fn is_promoted(view: &View<'_>, pending: &Key) -> bool {
    let entry = view.world.observed.ledgers.own_entry(&pending.id);
    // A mark that has no place was written by this run alone.
    view.capability.marks != Marks::Nowhere && entry.is_some_and(|entry| entry.mark == Mark::Promoted)
}

/// A promoted key that is not wanted any more is never removed at once: it becomes current, or, if it has a promoted successor or was disabled, one of
/// those that the next key supersedes.
fn keep_promoted(view: &View<'_>, pending: &Key) -> Option<Next> {
    let id = pending.id.clone();
    let has_successor = view.world.state.unrecorded.iter().any(|key| key.created_at > pending.created_at);
    if has_successor || pending.status == KeyStatus::Inactive {
        return act(Step::Disown(id), Cause::StateBehind);
    }
    act(Step::Complete(id), Cause::StateBehind)
}

/// Whether a first key must give way to another owner's: where marks stand on keys, two owners may both have made one before either
/// could see the other. The one that is proven or older stays.
fn yields(view: &View<'_>, pending: &Key) -> bool {
    let World { state, observed, .. } = view.world;
    if view.capability.marks == Marks::OnPrincipal || serves(state) || pending.verified_at.is_some() {
        return false;
    }
    // The system's own times, since a mark knows whole seconds only: of two keys of one second the older one stays.
    let made = |id: &KeyId| observed.keys.get(id).map(|key| key.created_at);
    let own = made(&pending.id).unwrap_or(pending.created_at);
    let older = |id: &KeyId, at: Timestamp| (at, id) < (own, &pending.id);
    let stands = |id: &KeyId, entry: &Entry| made(id).is_some_and(|at| entry.mark == Mark::Promoted || older(id, at));
    observed.ledgers.former.is_empty() && observed.ledgers.holder(stands).is_some()
}

fn mint(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, run } = view.world;
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
    act(if run.claim.is_some() { Step::Mint } else { Step::Claim }, cause)
}

fn renew(view: &View<'_>, _: &Goal) -> Option<Next> {
    act(Step::Renew(expiry::due(view)?.clone()), Cause::Ends)
}

fn former(view: &View<'_>) -> Option<Next> {
    act(Step::DropFormer(view.world.observed.ledgers.former.first()?.clone()), Cause::Bookkeeping)
}

/// Blocked, once no claim of this run stands open.
fn blocked(view: &View<'_>, why: Blocked) -> Next {
    if view.world.run.claim.is_some() {
        Next::Do { step: Step::Close, cause: Cause::Bookkeeping }
    } else {
        Next::Blocked(why)
    }
}

fn close(view: &View<'_>, _: &Goal) -> Option<Next> {
    let ledgers = &view.world.observed.ledgers;
    let wanted = view.world.wanted_ledger(view.capability);
    let is_said = ledgers.own.as_ref().is_some_and(|own| own.says(&wanted)) && !view.world.is_merged();
    if !is_said && (ledgers.own.is_some() || wanted != Ledger::default()) {
        return act(Step::Close, Cause::Bookkeeping);
    }
    former(view)
}

/// The time without fractions of a second, as marks keep it and people read it.
pub(crate) fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Whether an entry of our ledger is a key that was never given to anybody and that no state of ours knows: it may go.
fn is_orphan(view: &View<'_>, id: &KeyId, entry: &Entry) -> bool {
    let world = view.world;
    let foreseen = world.run.foreseen.as_ref() == Some(id);
    let noted = world.state.has_unrecorded(id);
    entry.mark == Mark::Minting && !foreseen && !noted && !world.state.knows(id) && !world.run.removed.contains(id)
}
