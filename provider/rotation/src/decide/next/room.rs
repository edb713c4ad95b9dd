//! A place for a new key, where the system's quota is used up.

use jiff::{SignedDuration, Timestamp};

use super::acts::{act, blocked, unread_mark};
use super::causes::{mint_cause, was_behind_lately};
use super::retire::{Verdict, is_over, is_unconfirmed, may_end};
use super::terms::{Blocked, Goal, Next, Step, View};
use crate::decide::World;
use crate::time::{later, seconds};
use crate::{
    Cause, Deferred, KeyId, KeyState, KeyStatus, LastUse, Mark, ObservedKey, Retiring, UnrecordedKey, WhenQuotaReached,
    format_duration,
};

/// A promoted key of an earlier instance is left alone for so long where no state can note it.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whether there is a place for a new key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Room {
    /// There is.
    Free,
    /// This comes first.
    Act(Next),
    /// The rotation waits: one of our own keys takes the place, and may not go yet.
    Deferred,
}

/// What must be done before a key can be made.
pub(super) fn look(view: &View<'_>, goal: &Goal) -> Room {
    let World { observed, .. } = view.world;
    let Some(quota) = view.capability.quota.filter(|quota| observed.keys.len() >= *quota) else { return Room::Free };
    let full = || Room::Act(blocked(view, full(view, quota)));
    // Nothing is removed for the sake of a place that would still not be there.
    if observed.keys.len() - ours_in_the_way(view) >= quota {
        return full();
    }
    if let Some(next) =
        superseded(view, goal).or_else(|| revoked(view)).or_else(|| abandoned(view)).or_else(|| unrecorded(view, goal))
    {
        return Room::Act(next);
    }
    if has_working_key(&view.world.state) && goal.when_quota_reached == WhenQuotaReached::Defer {
        Room::Deferred
    } else {
        full()
    }
}

/// Whether the current key is there and may serve on.
pub(crate) fn has_working_key(state: &KeyState) -> bool {
    let current = state.current.as_ref();
    current.is_some_and(|current| current.status == KeyStatus::Active && !state.revoking.contains(&current.id))
}

/// The rotation that a run leaves waiting, as it would be told after the run: why, and from when on it can be done.
pub(crate) fn deferral(view: &View<'_>, goal: &Goal) -> Option<Deferred> {
    let state = &view.world.state;
    if state.pending.is_some() {
        return None;
    }
    let cause = mint_cause(state, goal)?;
    let until = was_behind_lately(view, goal, cause).or_else(|| place_free_at(view, goal));
    Some(Deferred { trigger: goal.trigger.clone(), cause, until })
}

/// When the first of the superseded keys has had its overlap; none where its use or the program decides.
fn place_free_at(view: &View<'_>, goal: &Goal) -> Option<Timestamp> {
    let World { state, observed, .. } = view.world;
    view.capability.quota.filter(|quota| observed.keys.len() >= *quota)?;
    let waiting = |old: &&Retiring| {
        view.configured != Some(&old.key.id) && !is_unconfirmed(state, goal) && !is_over(old, goal, view.now)
    };
    state.retiring.iter().filter(waiting).map(|old| later(old.superseded_at, goal.overlap)).min()
}

/// How many keys of ours could make room, now or later.
fn ours_in_the_way(view: &View<'_>) -> usize {
    let World { state, observed, .. } = view.world;
    let may_go = |id: &&KeyId| state.revoking.contains(*id) || !state.unrecorded.is_empty();
    let current = state.current.iter().map(|key| &key.id).filter(may_go);
    let superseded = state.retiring.iter().map(|old| &old.key.id);
    let unrecorded = state.unrecorded.iter().map(|key| &key.id);
    let abandoned = abandoned_keys(view).map(|key| &key.id);
    let all = superseded.chain(current).chain(unrecorded).chain(abandoned);
    all.filter(|id| observed.keys.contains_key(*id) && view.configured != Some(*id)).count()
}

/// A superseded key that may go before its time is shown by the phase: its overlap is over, or it works no more.
fn superseded(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, .. } = view.world;
    let revoking = !state.revoking.is_empty();
    for retiring in state.retiring.iter().filter(|retiring| view.configured != Some(&retiring.key.id)) {
        let id = &retiring.key.id;
        if !revoking && view.world.serves_a_store((id, retiring.key.generation)) {
            continue;
        }
        if revoking || retiring.is_dead() || retiring.disabled_at.is_some() {
            return act(Step::MakeRoom(id.clone()), Cause::QuotaFull);
        }
        if !is_over(retiring, goal, view.now) || is_unconfirmed(state, goal) {
            continue;
        }
        match may_end(view, goal, retiring) {
            Verdict::Ask => return act(Step::Inspect(id.clone()), Cause::QuotaFull),
            Verdict::Free => return act(Step::MakeRoom(id.clone()), Cause::QuotaFull),
            Verdict::InUse => {}
        }
    }
    None
}

fn revoked(view: &View<'_>) -> Option<Next> {
    let state = &view.world.state;
    let unrecorded = state.unrecorded.iter().map(|key| &key.id);
    let mut all = unrecorded.chain(state.current.as_ref().map(|key| &key.id));
    let id = all.find(|id| {
        state.revoking.contains(id) && view.configured != Some(*id) && view.world.observed.keys.contains_key(*id)
    })?;
    act(Step::MakeRoom(id.clone()), Cause::Revoked)
}

/// A key that an earlier instance promoted, that was never used and is over a day old: its state is lost. Only a Create that finds the
/// principal full asks; later runs note such keys as unrecorded.
fn abandoned(view: &View<'_>) -> Option<Next> {
    let unused = abandoned_keys(view).find(|key| !used_since_day_one(key))?;
    if unused.last_use.is_none() {
        return act(Step::Inspect(unused.id.clone()), Cause::QuotaFull);
    }
    act(Step::MakeRoom(unused.id.clone()), Cause::QuotaFull)
}

fn abandoned_keys<'a>(view: &View<'a>) -> impl Iterator<Item = &'a ObservedKey> {
    let World { state, observed, .. } = view.world;
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let promoted = entries.filter(|(id, entry)| {
        entry.mark == Mark::Promoted
            && entry.instance != state.instance
            && !state.knows(id)
            && !state.has_unrecorded(id)
    });
    let (now, configured) = (observed.now(view.now), view.configured);
    let unread = promoted.filter(|(id, entry)| !view.world.serves_a_store((id, entry.generation.unwrap_or_default())));
    let old = unread.filter_map(|(id, _)| observed.keys.get(id)).filter(move |key| later(key.created_at, A_DAY) < now);
    old.filter(move |key| configured != Some(&key.id))
}

/// Its verification used it, so a use within the first hour is no use.
fn used_since_day_one(key: &ObservedKey) -> bool {
    used_since(key.last_use, later(key.created_at, SignedDuration::from_hours(1)))
}

fn used_since(last_use: Option<LastUse>, since: Timestamp) -> bool {
    match last_use {
        None | Some(LastUse::Never) => false,
        Some(LastUse::Unknown) => true,
        Some(LastUse::At(time)) => time > since,
    }
}

/// The key that makes room when the state is older than reality, by what its last use proves.
fn unrecorded(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let World { state, .. } = view.world;
    let quiet = goal.retirement.quiet_period.unwrap_or_default();
    let noted = state.unrecorded.iter().map(|key| key.noted_at).max()?;
    if !view.capability.tells_last_use || view.now < later(noted, quiet) {
        return None;
    }
    let candidates = candidates(view);
    if let Some(unasked) = candidates.iter().find(|candidate| candidate.shown.last_use.is_none()) {
        return act(Step::Inspect(unasked.shown.id.clone()), Cause::QuotaFull);
    }
    let now = view.world.observed.now(view.now);
    let id = proven_unused(&candidates, (goal.overlap, quiet), now)?;
    // A store may be read too late to show that consumers have just been given it.
    let unread = if view.world.stores.is_empty() { None } else { unread_mark(view) };
    unread.or_else(|| act(Step::MakeRoom(id.clone()), Cause::Unrecorded))
}

/// The current key or an unrecorded one, oldest first.
struct Candidate<'a> {
    shown: &'a ObservedKey,
    /// From when on a use is one by somebody else than our own verification.
    promoted_at: Timestamp,
    is_current: bool,
    /// Consumers of a store read it, so it stays; its use still proves what it proves.
    is_read: bool,
}

fn candidates<'a>(view: &View<'a>) -> Vec<Candidate<'a>> {
    let World { state, observed, .. } = view.world;
    let after = |promoted_at: Option<Timestamp>, created_at| {
        promoted_at.unwrap_or(later(created_at, SignedDuration::from_hours(1)))
    };
    let current = state.current.iter().map(|key| (&key.id, after(key.promoted_at, key.created_at), true));
    let noted = |key: &'a UnrecordedKey| (&key.id, after(key.promoted_at, key.created_at), false);
    let all = current.chain(state.unrecorded.iter().map(noted));
    let shown = all.filter(|(id, ..)| view.configured != Some(*id)).filter_map(|(id, promoted_at, is_current)| {
        let is_read = view.world.serves_a_store((id, generation_of(view, id)));
        Some(Candidate { shown: observed.keys.get(id)?, promoted_at, is_current, is_read })
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort_by_key(|candidate| (candidate.shown.created_at, candidate.shown.id.clone()));
    shown
}

/// The generation of a key, as state and mark tell it; 0 where they do not.
fn generation_of(view: &View<'_>, id: &KeyId) -> u64 {
    let World { state, observed, .. } = view.world;
    let known = state.keys().find(|key| key.id == *id).map(|key| key.generation);
    let noted = || state.unrecorded.iter().find(|key| key.id == *id).map(|key| key.generation);
    known.or_else(noted).or_else(|| observed.ledgers.own_entry(id)?.generation).unwrap_or_default()
}

/// In this order: an unrecorded key that was never used since its promotion; the oldest of all that is quiet, once a later one has been in use for an
/// overlap, which proves the state older; an unrecorded key that was not used for an overlap, while the current one was, or another one
/// where the state has none.
fn proven_unused<'a>(
    all: &[Candidate<'a>],
    (overlap, quiet): (SignedDuration, SignedDuration),
    now: Timestamp,
) -> Option<&'a KeyId> {
    let is_used = |candidate: &Candidate<'_>, since: Timestamp| used_since(candidate.shown.last_use, since);
    let unrecorded = || all.iter().filter(|candidate| !candidate.is_current && !candidate.is_read);
    let never = unrecorded().find(|candidate| !is_used(candidate, candidate.promoted_at));
    let ago = |by: SignedDuration| now.checked_sub(by).unwrap_or(Timestamp::MIN);
    let oldest = all.first().filter(|oldest| !oldest.is_read).filter(|oldest| {
        let proves = |later: &Candidate<'_>| is_used(later, later.promoted_at) && later.promoted_at <= ago(overlap);
        !is_used(oldest, ago(quiet)) && oldest.promoted_at <= ago(quiet) && all.iter().skip(1).any(proves)
    });
    // A state that forgot its current key cannot say which one that was: then any other that is in use stands for it.
    let is_known = all.iter().any(|candidate| candidate.is_current);
    let idle = unrecorded().find(|candidate| {
        let since = ago(overlap);
        let serves = |other: &Candidate<'_>| {
            other.shown.id != candidate.shown.id && (other.is_current || !is_known) && is_used(other, since)
        };
        candidate.promoted_at <= since && !is_used(candidate, since) && all.iter().any(serves)
    });
    never.or(oldest).or(idle).map(|candidate| &candidate.shown.id)
}

fn full(view: &View<'_>, quota: usize) -> Blocked {
    let keys = view.world.observed.keys.values().map(|key| describe(view, key)).collect();
    Blocked::QuotaFull { quota, keys }
}

fn describe(view: &View<'_>, key: &ObservedKey) -> String {
    let age = view.world.observed.now(view.now).duration_since(key.created_at).max(SignedDuration::ZERO);
    let status = if key.status == KeyStatus::Active { "active" } else { "disabled" };
    format!("{} ({}, created {} ago, {status})", key.id, whose(view, &key.id), coarse(age))
}

fn whose(view: &View<'_>, id: &KeyId) -> String {
    let World { state, observed, .. } = view.world;
    if state.current.as_ref().is_some_and(|key| key.id == *id) {
        return "current".to_owned();
    }
    if state.knows(id) {
        return "previous, still in its overlap".to_owned();
    }
    if state.has_unrecorded(id) {
        return "made by this resource, not in its state".to_owned();
    }
    if observed.ledgers.own_entry(id).is_some() {
        return "made by an earlier instance of this resource".to_owned();
    }
    match observed.ledgers.owner_of(id) {
        Some(owner) => format!("of {}", owner.label),
        None => "not ours".to_owned(),
    }
}

/// The last use of a key in words, as far as it was asked for.
pub(crate) fn last_use_of(view: &View<'_>, id: &KeyId) -> Option<String> {
    match view.world.observed.keys.get(id)?.last_use? {
        LastUse::Unknown => None,
        LastUse::Never => Some("never used".to_owned()),
        LastUse::At(time) => Some(format!("last used {}", seconds(time))),
    }
}

/// The age in its largest unit alone.
fn coarse(age: SignedDuration) -> String {
    let unit = [86_400, 3_600, 60, 1].into_iter().find(|unit| age.as_secs() >= *unit).unwrap_or(1);
    format_duration(SignedDuration::from_secs(age.as_secs() / unit * unit))
}
