//! Toward nothing: every key of ours goes, then the mark.

use jiff::Timestamp;

use super::acts::{act, former, is_orphan, unread_mark};
use super::leftovers;
use super::terms::{Blocked, Next, Step, View};
use crate::decide::World;
use crate::time::later;
use crate::{Cause, Claim, KeyId, Ledger, Marks};

/// The next step of a Delete.
pub(super) fn toward_gone(view: &View<'_>) -> Next {
    if let Some(until) = unsettled(view) {
        return Next::Do { step: Step::Settle(until), cause: Cause::Unsettled };
    }
    leave(view)
        .or_else(|| leftovers::suspect(view))
        .or_else(|| key(view))
        .or_else(|| former(view))
        .or_else(|| mark(view))
        .unwrap_or(Next::Idle)
}

/// Leaves every store, before any key goes.
fn leave(view: &View<'_>) -> Option<Next> {
    let World { state, observed, stores, .. } = view.world;
    let left = stores.shelves().find(|shelf| shelf.head.exists)?;
    // Another instance takes this one's place, and a store may be read too late to show that its consumers read a key of that one.
    let own = observed.ledgers.own.as_ref();
    let is_others = |own: &Ledger| own.keys.values().any(|entry| entry.instance != state.instance);
    let is_replaced = own.is_some_and(|own| own.open.is_some() || is_others(own));
    let may_be = is_replaced || view.capability.marks == Marks::Nowhere;
    let unread = if may_be { unread_mark(view) } else { None };
    unread.or_else(|| act(Step::Withdraw(left.target.clone()), Cause::Deleting))
}

fn unsettled(view: &View<'_>) -> Option<Timestamp> {
    let World { state, observed, .. } = view.world;
    let known = state.keys().map(|key| (&key.id, key.created_at));
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let orphans = entries.filter(|(id, entry)| is_orphan(view, id, entry)).map(|(id, entry)| (id, entry.since));
    let unseen = known.chain(orphans).filter(|(id, _)| !observed.keys.contains_key(*id));
    let young = unseen.map(|(_, since)| later(since, view.capability.settle)).max();
    let until = leftovers::unsettled_until(view).max(leftovers::unaccounted_until(view));
    until.max(young.filter(|until| view.world.seen_at() < *until))
}

fn key(view: &View<'_>) -> Option<Next> {
    let World { state, .. } = view.world;
    let superseded = state.retiring.iter().map(|retiring| &retiring.key.id);
    let pending = state.pending.iter().map(|key| &key.id);
    let current = state.current.iter().map(|key| &key.id);
    let id = superseded.chain(pending).chain(orphans(view)).chain(unrecorded(view)).chain(current).next()?;
    if view.configured == Some(id) {
        return Some(Next::Blocked(Blocked::Configured(id.clone())));
    }
    act(Step::Discard(id.clone()), Cause::Deleting)
}

/// Keys of this instance that the state lost, and unfinished ones of other instances once they are older than a claim lives.
fn orphans<'a>(view: &View<'a>) -> impl Iterator<Item = &'a KeyId> {
    let World { state, observed, .. } = view.world;
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let orphans = entries.filter(|(id, entry)| is_orphan(view, id, entry));
    let listed = orphans.filter_map(|(id, entry)| observed.keys.get(id).map(|key| (key, entry)));
    let may_go = listed
        .filter(|(key, entry)| entry.instance == state.instance || later(key.created_at, Claim::LIFETIME) <= view.now);
    may_go.map(|(key, _)| &key.id)
}

/// Promoted keys of this instance or of an earlier one that the state does not contain. Those of a later instance are not ours: it takes
/// this one's place.
fn unrecorded<'a>(view: &View<'a>) -> impl Iterator<Item = &'a KeyId> {
    let World { state, observed, run, .. } = view.world;
    let noted = state.unrecorded.iter().map(|key| &key.id);
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let marked = entries.filter(|(id, entry)| entry.is_unrecorded(id, state)).map(|(id, _)| id);
    noted.chain(marked).filter(|id| observed.keys.contains_key(*id) && !run.removed.contains(*id))
}

fn mark(view: &View<'_>) -> Option<Next> {
    let World { observed, .. } = view.world;
    let own = observed.ledgers.own.as_ref()?;
    let wanted = view.world.wanted_ledger(view.capability);
    if wanted == Ledger::default() {
        return act(Step::DropLedger, Cause::Deleting);
    }
    if *own == wanted { None } else { act(Step::Close, Cause::Bookkeeping) }
}
