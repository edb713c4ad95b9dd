use jiff::Timestamp;

use super::{Phase, Schedule};
use crate::{Delivered, DeliveryStage, Key, KeyState, KeyStatus, Retiring, SecretPlace};

/// Why a run is needed although the user changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// There is no current key.
    NoCurrent,
    /// Somebody disabled the current key.
    CurrentDisabled,
    /// A new key is on its way.
    Pending,
    /// A mint was begun and may have made a key.
    ClaimOpen,
    /// Keys of this resource exist that the state does not contain.
    StateBehind,
    /// A rotation waits for its time.
    Deferred,
    /// Somebody removed or changed our mark.
    MarkMissing,
    /// Consumers of a store do not read the current key there, as far as a run or a refresh saw.
    Delivery,
    /// No store gives back the current key's secret, which the state left to them.
    SecretLost,
    /// A revoked key still lives.
    Revoking,
    /// A key has ended by itself, must be given more time, or must be replaced before it ends.
    Renew,
    /// A superseded key is to be disabled.
    Disable,
    /// A superseded key's overlap is over.
    Retire,
}

/// The unfinished work that the state shows. Reads no clock: `schedule` holds what time requires. `confirmed` is the input
/// `retirement.confirmedGeneration`; keys that wait for it are not unfinished work.
pub fn due(state: &KeyState, schedule: &Schedule, confirmed: Option<u64>) -> Option<Due> {
    let Some(current) = &state.current else {
        return Some(Due::NoCurrent);
    };
    if current.status == KeyStatus::Inactive {
        return Some(Due::CurrentDisabled);
    }
    if state.pending.is_some() {
        return Some(Due::Pending);
    }
    if state.claim_open {
        return Some(Due::ClaimOpen);
    }
    if !state.unrecorded.is_empty() {
        return Some(Due::StateBehind);
    }
    if state.deferred.is_some() {
        return Some(Due::Deferred);
    }
    if state.mark_missing {
        return Some(Due::MarkMissing);
    }
    let is_delivered =
        |delivered: &Delivered| delivered.stage == DeliveryStage::Current && delivered.key_id == current.id;
    if !state.deliveries.iter().all(is_delivered) {
        return Some(Due::Delivery);
    }
    if current.secret_in == SecretPlace::Lost {
        return Some(Due::SecretLost);
    }
    if !state.revoking.is_empty() {
        return Some(Due::Revoking);
    }
    if schedule.reading.is_some_and(|now| state.keys().any(|key| ends(key, now))) {
        return Some(Due::Renew);
    }
    let phase = if state.is_confirmed(confirmed) { schedule.phase } else { Phase::Overlap };
    let may_go = |retiring: &Retiring| phase == Phase::Retire || retiring.is_dead() || retiring.withdrawn_at.is_some();
    let to_disable = |retiring: &Retiring| phase == Phase::Disable && retiring.disabled_at.is_none();
    if state.retiring.iter().any(may_go) {
        return Some(Due::Retire);
    }
    state.retiring.iter().any(to_disable).then_some(Due::Disable)
}

/// Time alone asks here, so what is compared is not the reading with the one before but the key with the reading: a reading
/// that is later than the last one means nothing while every key has time enough.
fn ends(key: &Key, now: Timestamp) -> bool {
    [key.expires_at, key.renew_at, key.replace_at].into_iter().flatten().any(|at| at <= now)
}

/// Whether a new schedule calls for a run. A phase alone does only through [`due`]: with nothing to retire it means nothing.
/// A schedule that appears where none was (after an import) changes nothing.
pub fn schedule_changed(old: Option<&Schedule>, new: &Schedule) -> bool {
    old.is_some_and(|old| {
        let decided = |of: &Schedule| (of.anchor, of.window, of.rotated_at, of.suspended);
        decided(old) != decided(new) || old.revoked != new.revoked
    })
}
