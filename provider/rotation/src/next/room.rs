//! A place for a new key, where the system's quota is used up.

use jiff::SignedDuration;

use super::retire::{Verdict, is_over, may_end};
use super::{Blocked, Cause, Goal, Next, Step, View, act, blocked, later};
use crate::{KeyId, KeyStatus, LastUse, Mark, ObservedKey, World, print_duration};

/// A promoted key of another instance is left alone for so long.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What must be done before a key can be made; none if there is a place.
pub(super) fn make(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    let quota = view.capability.quota.filter(|quota| observed.keys.len() >= *quota)?;
    let revoking = !state.revoking.is_empty();
    for retiring in state.retiring.iter().filter(|retiring| view.configured != Some(&retiring.key.id)) {
        let id = &retiring.key.id;
        if revoking || retiring.is_dead() || retiring.disabled_at.is_some() {
            return act(Step::MakeRoom(id.clone()), Cause::QuotaFull);
        }
        match may_end(view, goal, retiring) {
            _ if !is_over(retiring, goal, view.now) => {}
            Verdict::Ask => return act(Step::Inspect(id.clone()), Cause::QuotaFull),
            Verdict::Free => return act(Step::MakeRoom(id.clone()), Cause::QuotaFull),
            Verdict::InUse => {}
        }
    }
    let revoked = state.current.as_ref().map(|key| &key.id).filter(|id| state.revoking.contains(id));
    if let Some(id) = revoked.filter(|id| view.configured != Some(*id)) {
        return act(Step::MakeRoom(id.clone()), Cause::Revoked);
    }
    abandoned(view).or_else(|| Some(blocked(view, full(view, quota))))
}

/// A key that an earlier instance promoted, that was never used and is over a day old: its state is lost.
fn abandoned(view: &View<'_>) -> Option<Next> {
    let World { state, observed, .. } = view.world;
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let promoted = entries.filter(|(_, entry)| entry.mark == Mark::Promoted && entry.instance != state.instance);
    let old =
        promoted.filter_map(|(id, _)| observed.keys.get(id)).filter(|key| later(key.created_at, A_DAY) < view.now);
    let unused = old.filter(|key| view.configured != Some(&key.id)).find(|key| !used_since_day_one(key))?;
    if unused.last_use.is_none() {
        return act(Step::Inspect(unused.id.clone()), Cause::QuotaFull);
    }
    act(Step::MakeRoom(unused.id.clone()), Cause::QuotaFull)
}

/// Its verification used it, so a use within the first hour is no use.
fn used_since_day_one(key: &ObservedKey) -> bool {
    match key.last_use {
        None | Some(LastUse::Never) => false,
        Some(LastUse::Unknown) => true,
        Some(LastUse::At(time)) => time > later(key.created_at, SignedDuration::from_hours(1)),
    }
}

fn full(view: &View<'_>, quota: usize) -> Blocked {
    let keys = view.world.observed.keys.values().map(|key| describe(view, key)).collect();
    Blocked::QuotaFull { quota, keys }
}

fn describe(view: &View<'_>, key: &ObservedKey) -> String {
    let age = view.now.duration_since(key.created_at).max(SignedDuration::ZERO);
    let status = if key.status == KeyStatus::Active { "active" } else { "disabled" };
    format!("{} ({}, made {} ago, {status})", key.id, whose(view, &key.id), coarse(age))
}

fn whose(view: &View<'_>, id: &KeyId) -> String {
    let World { state, observed, .. } = view.world;
    if state.current.as_ref().is_some_and(|key| key.id == *id) {
        return "current".to_owned();
    }
    if state.knows(id) {
        return "previous, still in its overlap".to_owned();
    }
    if observed.ledgers.own_entry(id).is_some() {
        return "made by an earlier instance of this resource".to_owned();
    }
    match observed.ledgers.owner_of(id) {
        Some(owner) => format!("of {}", owner.label),
        None => "not ours".to_owned(),
    }
}

/// The age in its largest unit alone.
fn coarse(age: SignedDuration) -> String {
    let unit = [86_400, 3_600, 60, 1].into_iter().find(|unit| age.as_secs() >= *unit).unwrap_or(1);
    print_duration(SignedDuration::from_secs(age.as_secs() / unit * unit))
}
