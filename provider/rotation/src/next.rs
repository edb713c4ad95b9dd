//! The decision. [`next`] looks at what the state says, what the system shows and what is wanted, and names one step.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Capability, Entry, KeyId, KeyState, KeyStatus, Ledger, Mark, OwnerId, Phase, Retirement, Trigger, Verification,
    World,
};

mod gone;
mod leftovers;
mod retire;
mod room;

pub(crate) use retire::kept_in_use;

/// Everything that a decision may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// State and system, as far as this run knows.
    pub world: &'a World,
    /// What is to be.
    pub want: &'a Want,
    /// What the system can do.
    pub capability: &'a Capability,
    /// The key that the plugin itself works with, if it may stand on this principal.
    pub configured: Option<&'a KeyId>,
    /// The present instant.
    pub now: Timestamp,
}

/// What is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// A current key that answers the goal.
    Current(Goal),
    /// Nothing of ours.
    Gone,
}

/// What the current key must answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What it must have been minted for.
    pub trigger: Trigger,
    /// How long a superseded key keeps working.
    pub overlap: SignedDuration,
    /// How a new key is proven before it is promoted; none: it is not.
    pub verification: Option<Verification>,
    /// What must be true before a superseded key is removed.
    pub retirement: Retirement,
    /// What the schedule lets happen to superseded keys.
    pub phase: Phase,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing is left to do.
    Idle,
    /// This, and then ask again.
    Do {
        /// The act.
        step: Step,
        /// Why.
        cause: Cause,
    },
    /// Nothing can be done until a person or time helps.
    Blocked(Blocked),
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Wait until the system's lists can be believed, and list again.
    Settle(Timestamp),
    /// Ask when a key was last used.
    Inspect(KeyId),
    /// Note that a key is gone; no call.
    Forget(KeyId),
    /// Remove a key that must not live.
    Discard(KeyId),
    /// Remove a superseded key because its place is needed.
    MakeRoom(KeyId),
    /// Write the claim, and look whether somebody else writes one too.
    Claim,
    /// Make the key.
    Mint,
    /// Write the new key's id into the ledger.
    Record,
    /// Try the new key until it is accepted often enough.
    Verify,
    /// Write the ledger as the state calls for, with no open claim.
    Close,
    /// Disable a superseded key whose overlap is over.
    Disable(KeyId),
    /// Remove a superseded or revoked key.
    Retire(KeyId),
    /// Remove the mark that this instance left under a former URN.
    DropFormer(OwnerId),
    /// Remove the ledger.
    DropLedger,
}

/// Why a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The resource has no key yet.
    Created,
    /// Keepers differ from those of the current key.
    KeepersChanged,
    /// A new period has begun.
    PeriodBegan,
    /// The current key no longer exists.
    CurrentGone,
    /// Somebody disabled the current key.
    CurrentDisabled,
    /// A key that this resource made is in no state.
    Orphan,
    /// An attempt to mint had no answer, and this key appeared in that time.
    UnansweredMint,
    /// A new key is no longer wanted.
    Unwanted,
    /// A new key was refused in three runs.
    NeverAccepted,
    /// The quota is used up.
    QuotaFull,
    /// The current key was adopted without its secret.
    SecretUnknown,
    /// An incident revoked it.
    Revoked,
    /// A superseded key's overlap is over.
    OverlapOver,
    /// The ledger must say what is so.
    Bookkeeping,
    /// Lists may still be behind.
    Unsettled,
    /// The resource is being deleted.
    Deleting,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "the resource has no key yet",
            Self::KeepersChanged => "keepers changed",
            Self::PeriodBegan => "a new rotation period began",
            Self::CurrentGone => "the current key no longer exists",
            Self::CurrentDisabled => "the current key was disabled by someone",
            Self::Orphan => "an interrupted run made it and its secret is lost",
            Self::UnansweredMint => "it appeared during an attempt that had no answer, and its secret is lost",
            Self::Unwanted => "it is no longer wanted",
            Self::NeverAccepted => "it was never accepted in three runs",
            Self::QuotaFull => "its place is needed for the new key",
            Self::SecretUnknown => "the adopted key's secret is not known",
            Self::Revoked => "revoked",
            Self::OverlapOver => "its overlap is over",
            Self::Bookkeeping => "the mark on the principal must say what is so",
            Self::Unsettled => "the system's lists may still be behind",
            Self::Deleting => "the resource is being deleted",
        })
    }
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocked {
    /// The quota is used up by keys that may not be removed.
    QuotaFull {
        /// The quota.
        quota: usize,
        /// The keys, with age and status.
        keys: Vec<String>,
    },
    /// Another resource is making a key on the same principal.
    Claimed {
        /// Its name.
        by: String,
    },
    /// Another resource has keys on the same principal.
    Managed {
        /// Its name.
        by: String,
        /// The hash in its mark.
        hash: String,
    },
    /// The key to be deleted is the one that the plugin works with.
    Configured(KeyId),
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaFull { quota, keys } => {
                write!(
                    f,
                    "the principal already has its {quota} keys and none of them may be removed: {}. Delete one that nobody needs, then run `pulumi up` again",
                    keys.join("; ")
                )
            }
            Self::Claimed { by } => {
                write!(
                    f,
                    "another resource ({by}) is making a key on the same principal at this moment. Let only one resource manage it, or run `pulumi up` again once the other is done"
                )
            }
            Self::Managed { by, hash } => {
                write!(
                    f,
                    "another resource ({by}) already manages keys of this principal, and only one may. If that was this resource's former name, give this one an alias; if it no longer exists, delete its keys or its mark {hash}"
                )
            }
            Self::Configured(key) => {
                write!(
                    f,
                    "{key} is the key that the plugin itself is configured with, so it is not deleted. Configure the plugin with other credentials, then run again"
                )
            }
        }
    }
}

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
    if !goal.trigger.is_answered_by(pending, goal.overlap) || pending.status == KeyStatus::Inactive {
        return act(Step::Discard(id), Cause::Unwanted);
    }
    if observed.ledgers.own_entry(&id).is_none() {
        return act(Step::Record, Cause::Bookkeeping);
    }
    if is_ready(state, goal) { None } else { act(Step::Verify, mint_cause(state, goal).unwrap_or(Cause::Created)) }
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
    let other = observed.ledgers.holder(|id| observed.keys.contains_key(id));
    if let Some(other) = other.filter(|_| cause == Cause::Created) {
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
    ours && !world.state.knows(id) && !world.removed.contains(id)
}
