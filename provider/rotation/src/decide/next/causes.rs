//! Why a new key must be made.

use jiff::Timestamp;

use super::renew::is_ending;
use super::terms::{Goal, View};
use crate::time::later;
use crate::{Cause, KeyState, KeyStatus, SecretPlace};

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
    if current.secret_in == SecretPlace::Lost {
        return Some(Cause::SecretLost);
    }
    if state.revoking.contains(&current.id) {
        return Some(Cause::Revoked);
    }
    if goal.is_answered_by(current) {
        let is_behind = (!state.unrecorded.is_empty()).then_some(Cause::StateBehind);
        return is_behind.or_else(|| is_ending(current, goal).then_some(Cause::CurrentEnds));
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
