//! What stores call for by themselves: one is ahead of the state, lacks the current key, or is no longer wanted.

use super::acts::{act, unread_mark};
use super::deliver::bring;
use super::stages::waits_for_users;
use super::terms::{Goal, Next, Step, View};
use crate::decide::{Shelf, World};
use crate::time::later;
use crate::{Cause, Key, KeyStatus, Target, UnrecordedKey};

/// A store that is ahead of the state shows the way: the key that its consumers read becomes current, if it can be read back; a pending one of
/// an older picture is superseded then.
pub(super) fn ahead(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, run, .. } = view.world;
    let known = state.pending.as_ref().or(state.current.as_ref());
    let newest = known.map_or(0, |key| key.generation);
    let may_serve = |key: &&UnrecordedKey| {
        let works = observed.keys.get(&key.id).is_some_and(|shown| shown.status == KeyStatus::Active);
        works && key.generation > newest && !state.revoking.contains(&key.id)
    };
    let reads = |key: &UnrecordedKey| {
        let is_read = |target: &&Target| {
            let current = view.world.stores.head(target).current;
            current.is_some_and(|current| view.world.is_of(&current, (&key.id, key.generation)))
        };
        goal.deliveries.iter().find(is_read)
    };
    let read = state.unrecorded.iter().filter(may_serve).filter_map(|key| Some((key, reads(key)?)));
    let (key, target) = read.max_by_key(|(key, _)| key.generation)?;
    if let Some(pending) = &state.pending {
        return act(Step::Disown(pending.id.clone()), Cause::StateBehind);
    }
    let can = target.reads_back && !run.unreadable.contains(&key.id);
    if can { act(Step::ReadBack(target.clone(), key.id.clone()), Cause::StateBehind) } else { None }
}

/// Brings the current key to every store that does not hold it, because it is new there, was edited by hand, or a run broke off. A store that is
/// ahead of the state keeps what it has.
pub(super) fn current(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let state = &view.world.state;
    let serves = |key: &&Key| key.status == KeyStatus::Active && !state.revoking.contains(&key.id);
    let current = state.current.as_ref().filter(serves)?;
    if state.pending.is_some() && !waits_for_users(view) {
        return None;
    }
    // A state that is older than reality has nothing to say to consumers until a new key is there.
    if !state.unrecorded.is_empty() {
        return None;
    }
    goal.deliveries
        .iter()
        .find_map(|target| unknown(view, target))
        .or_else(|| bring(view, goal, current, Cause::NotDelivered))
}

/// Waits while a store may be ahead of lists and marks that are read late: its consumers read a key of this resource that is not in the state.
fn unknown(view: &View<'_>, target: &Target) -> Option<Next> {
    let World { state, observed, stores, .. } = view.world;
    let current = stores.head(target).current.filter(|current| stores.is_of_owner(current))?;
    let is_known = state.keys().any(|key| view.world.is_of(&current, (&key.id, key.generation)));
    if is_known || view.world.was_ours(&current) {
        return None;
    }
    let mut entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let entry = entries.find(|(id, entry)| view.world.is_of(&current, (id, entry.generation.unwrap_or_default())));
    match entry {
        Some((id, entry)) if !observed.keys.contains_key(id) && !view.world.is_gone(id, entry, view.capability) => {
            act(Step::Settle(later(entry.since, view.capability.settle)), Cause::Unsettled)
        }
        Some(_) => None,
        None => unread_mark(view),
    }
}

/// Leaves a store that is no longer wanted. Its consumers have another place by now.
pub(super) fn former(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let world = view.world;
    let entry_of = |target: &Target| world.stores.shelf(&target.identity)?.head.entry.as_ref();
    // Another spelling of an entry that is wanted is no other entry.
    let is_wanted = |shelf: &&Shelf| {
        let entry = shelf.head.entry.as_ref();
        let is_same = |target: &Target| {
            target.identity == shelf.target.identity || (entry.is_some() && entry_of(target) == entry)
        };
        goal.deliveries.iter().any(is_same)
    };
    let mut left = world.stores.shelves().filter(|shelf| !is_wanted(shelf) && has_ours(world, shelf));
    act(Step::Withdraw(left.next()?.target.clone()), Cause::NoDelivery)
}

/// Whether a store holds anything that this resource delivered.
fn has_ours(world: &World, shelf: &Shelf) -> bool {
    let is_noted = world.state.deliveries.iter().any(|delivered| delivered.identity == shelf.target.identity);
    is_noted || shelf.head.versions().any(|version| world.is_ours(version))
}
