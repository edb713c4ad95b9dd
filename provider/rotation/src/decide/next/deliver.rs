//! The way of a key into the stores that consumers read: it is staged in all of them before it becomes current in any.

use super::acts::{act, blocked};
use super::causes::mint_cause;
use super::secrets;
use super::terms::{Blocked, Goal, Next, Step, View};
use crate::decide::Shelf;
use crate::{Cause, Head, Key, KeyId, SecretPlace, StoredVersion, Target};

/// Brings the pending key to every store.
pub(super) fn pending(view: &View<'_>, goal: &Goal, pending: &Key) -> Option<Next> {
    bring(view, goal, pending, mint_cause(&view.world.state, goal).unwrap_or(Cause::Created))
}

/// What stands in the way of delivering a key that is still to be made.
pub(super) fn obstacle(view: &View<'_>, goal: &Goal) -> Option<Next> {
    goal.deliveries.iter().find_map(|target| refused(view, target))
}

/// Takes a key that must not live out of the stores in which it is staged.
pub(super) fn unstage(view: &View<'_>, key: (&KeyId, u64), cause: Cause) -> Option<Next> {
    let world = view.world;
    let is_staged = |shelf: &&Shelf| shelf.head.pending.as_ref().is_some_and(|staged| world.is_of(staged, key));
    let staged = world.stores.shelves().find(is_staged)?;
    act(Step::Unstage(staged.target.clone(), key.0.clone()), cause)
}

/// Whether every store hands this key over, as far as it can be handed over.
pub(super) fn is_delivered(view: &View<'_>, goal: &Goal, key: &Key) -> bool {
    bring(view, goal, key, Cause::NotDelivered).is_none()
}

/// The next step that brings a key to these stores, if it can be handed over and any lacks it.
pub(super) fn bring(view: &View<'_>, goal: &Goal, key: &Key, cause: Cause) -> Option<Next> {
    // One that was taken over without its secret.
    if !key.can_be_delivered() && key.secret_in == SecretPlace::State {
        return None;
    }
    let stores = &view.world.stores;
    let is = |version: Option<&StoredVersion>, target: &Target| {
        version.is_some_and(|version| stores.is_delivery(version, (key, target)))
    };
    let heads: Vec<(&Target, Head)> = goal.deliveries.iter().map(|target| (target, stores.head(target))).collect();
    let mut missing = heads.iter().filter(|(target, head)| !is(head.current.as_ref(), target));
    let unstaged = missing.clone().find(|(target, head)| !is(head.pending.as_ref(), target));
    if let Some((target, _)) = unstaged {
        let publish = || act(Step::Publish((*target).clone(), key.id.clone()), cause);
        let bring = || if key.can_be_delivered() { publish() } else { secrets::recall(view, goal, key, cause) };
        let is_lost = key.secret_in == SecretPlace::Lost;
        return if is_lost { bring() } else { refused(view, target).or_else(bring) };
    }
    let (target, _) = missing.next()?;
    refused(view, target).or_else(|| act(Step::PromoteIn((*target).clone(), key.id.clone()), cause))
}

fn refused(view: &View<'_>, target: &Target) -> Option<Next> {
    let why = view.world.stores.head(target).blocked?;
    Some(blocked(view, Blocked::Store { store: target.label.clone(), why }))
}
