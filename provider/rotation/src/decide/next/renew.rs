//! More time for keys that would end by themselves before they may.

use jiff::{SignedDuration, Timestamp};

use super::acts::act;
use super::terms::{Goal, Next, Step, View, Want};
use crate::time::later;
use crate::{Cause, EndTerms, Key, KeyId};

impl From<&Goal> for EndTerms {
    fn from(goal: &Goal) -> Self {
        Self { life: goal.lasting.life, lead: goal.lasting.lead, overlap: goal.overlap }
    }
}

/// Whether the current key must be replaced because it ends by itself.
pub(super) fn is_ending(current: &Key, goal: &Goal) -> bool {
    current.replace_at.zip(goal.lasting.reading).is_some_and(|(at, now)| at <= now)
}

/// From when on the key must be given more time, if it ends before it may.
pub(crate) fn renew_at(view: &View<'_>, key: &Key) -> Option<Timestamp> {
    let Want::Current(goal) = view.want else { return None };
    let expiry = view.world.observed.keys.get(&key.id)?.expiry?;
    let lacks = |until: Timestamp| expiry.at < until && view.now < until;
    expiry.renew_at.filter(|_| needed(view, goal, key).is_none_or(lacks))
}

/// Gives a key more time that would end too early.
pub(super) fn renew(view: &View<'_>, _: &Goal) -> Option<Next> {
    act(Step::Renew(due(view)?.clone()), Cause::Ends)
}

/// The key that is to be given more time now, once in a run: the current one, or a superseded one that has not had its overlap.
fn due<'a>(view: &View<'a>) -> Option<&'a KeyId> {
    let Want::Current(goal) = view.want else { return None };
    let now = goal.lasting.reading.map_or(view.now, |reading| reading.max(view.now));
    let state = &view.world.state;
    let retiring = state.retiring.iter().filter(|old| !old.is_dead() && old.disabled_at.is_none()).map(|old| &old.key);
    let all = retiring.chain(&state.current).filter(|key| !state.revoking.contains(&key.id));
    let mut fresh = all.filter(|key| !view.world.run.renewed.contains(&key.id));
    fresh.find(|key| renew_at(view, key).is_some_and(|at| at <= now)).map(|key| &key.id)
}

/// How much longer the key is needed from now on; none: as long as the system allows.
pub(crate) fn needed_for(view: &View<'_>, id: &KeyId) -> Option<SignedDuration> {
    let Want::Current(goal) = view.want else { return None };
    let key = view.world.state.keys().find(|key| key.id == *id)?;
    needed(view, goal, key).map(|until| until.duration_since(view.now))
}

/// Until when the key is needed.
fn needed(view: &View<'_>, goal: &Goal, key: &Key) -> Option<Timestamp> {
    let state = &view.world.state;
    let after = |superseded_at: Timestamp| {
        later(later(later(superseded_at, goal.overlap), goal.retirement.soak), goal.lasting.margin)
    };
    if let Some(old) = state.retiring.iter().find(|old| old.key.id == key.id) {
        return Some(after(old.superseded_at));
    }
    let is_current = state.current.as_ref().is_some_and(|current| current.id == key.id);
    if is_current && state.pending.is_some() {
        return Some(after(view.now));
    }
    goal.lasting.life.map(|life| later(key.created_at, life).max(after(view.now)))
}
