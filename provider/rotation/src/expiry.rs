//! Keys that end by themselves unless somebody gives them more time.

use jiff::{SignedDuration, Timestamp};

use crate::next::later;
use crate::schedule::margin;
use crate::{Goal, Key, KeyId, RotationArgs, View, Want};

/// When a key ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// From then on it does not work.
    pub at: Timestamp,
    /// From when on it is worth the while to ask for more time, which is when half of the last grant is over; none if there is no more to be had.
    pub renew_at: Option<Timestamp>,
}

/// How long keys must last that end by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Lasting {
    /// How long a key has to work, from its making; none: as long as may be.
    pub life: Option<SignedDuration>,
    /// How late a run near the end of an overlap may be.
    pub margin: SignedDuration,
    /// The reading of the clock by which a key was found to need more time.
    pub reading: Option<Timestamp>,
}

impl RotationArgs {
    /// How long a key has to work by this plan: as the current one for a period and as long as its successor may be late, then
    /// for the overlap and the soak. None if nothing but a change of the inputs ends it.
    pub fn life(&self) -> Option<SignedDuration> {
        let parts = [self.overlap, self.overlap, self.retirement.soak, margin(self)];
        parts.into_iter().try_fold(self.period?, SignedDuration::checked_add)
    }
}

/// From when on the key must be given more time, if it ends before it may.
pub(crate) fn renew_at(view: &View<'_>, key: &Key) -> Option<Timestamp> {
    let Want::Current(goal) = view.want else { return None };
    let expiry = view.world.observed.keys.get(&key.id)?.expiry?;
    let lacks = |until: Timestamp| expiry.at < until && view.now < until;
    expiry.renew_at.filter(|_| needed(view, goal, key).is_none_or(lacks))
}

/// The key that is to be given more time now, once in a run: the current one, or a superseded one that has not had its overlap.
pub(crate) fn due<'a>(view: &View<'a>) -> Option<&'a KeyId> {
    let Want::Current(goal) = view.want else { return None };
    let now = goal.lasting.reading.map_or(view.now, |reading| reading.max(view.now));
    let state = &view.world.state;
    let retiring = state.retiring.iter().filter(|old| !old.is_dead() && old.disabled_at.is_none()).map(|old| &old.key);
    let all = retiring.chain(&state.current).filter(|key| !state.revoking.contains(&key.id));
    let mut fresh = all.filter(|key| !view.world.renewed.contains(&key.id));
    fresh.find(|key| renew_at(view, key).is_some_and(|at| at <= now)).map(|key| &key.id)
}

/// How much longer the key is needed from now on; none: as long as may be.
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
