//! The key that was made and is not current yet.

use jiff::Timestamp;

use super::acts::{act, unread_mark};
use super::causes::mint_cause;
use super::deliver;
use super::secrets;
use super::stages::{is_promoted, next_stage, serves};
use super::terms::{Goal, Next, Step, View};
use crate::decide::World;
use crate::{Cause, Entry, Key, KeyId, KeyStatus, Mark, Marks, Proof, SecretPlace, Stage};

/// Runs in which a new key may be refused before it is given up.
pub(crate) const ATTEMPTS: u32 = 3;

/// Finishes it, or lets it go.
pub(super) fn advance(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, run, .. } = view.world;
    let pending = state.pending.as_ref()?;
    let id = pending.id.clone();
    if run.completes.as_ref() == Some(&id) {
        return deliver::pending(view, goal, pending);
    }
    let is_wanted = goal.is_answered_by(pending) && pending.status == KeyStatus::Active;
    if is_promoted(view, pending) || view.world.is_read((&id, pending.generation)) {
        return if is_wanted { deliver::pending(view, goal, pending) } else { keep_promoted(view, pending) };
    }
    if pending.attempts >= ATTEMPTS {
        return discard(view, pending, Cause::NeverAccepted);
    }
    if pending.secret_in == SecretPlace::Lost && deliver::pending(view, goal, pending).is_none() {
        return discard(view, pending, Cause::SecretLost);
    }
    if yields(view, pending) {
        return discard(view, pending, Cause::Rival);
    }
    if !is_wanted {
        // A newer state than this one may have given it to users a moment ago.
        return unread_mark(view).or_else(|| discard(view, pending, Cause::Unwanted));
    }
    if observed.ledgers.own_entry(&id).is_none() {
        return act(Step::Record, Cause::Bookkeeping);
    }
    match next_stage(view, goal, pending) {
        Some(Stage::Verified) if !pending.can_be_delivered() && pending.secret_in == SecretPlace::Stores => {
            secrets::recall(view, goal, pending, mint_cause(state, goal).unwrap_or(Cause::Created))
        }
        Some(Stage::Verified) => act(Step::Verify, mint_cause(state, goal).unwrap_or(Cause::Created)),
        Some(Stage::Minted | Stage::Offered) => None,
        Some(Stage::Promoted) | None => deliver::pending(view, goal, pending),
    }
}

/// The removal of a new key that nobody got; what users published is taken out of that first.
fn discard(view: &View<'_>, pending: &Key, cause: Cause) -> Option<Next> {
    let id = pending.id.clone();
    if let Some(next) = deliver::unstage(view, (&id, pending.generation), cause) {
        return Some(next);
    }
    let is_published = view.capability.proof == Proof::OncePublished;
    act(if is_published { Step::Unlist(id) } else { Step::Discard(id) }, cause)
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
