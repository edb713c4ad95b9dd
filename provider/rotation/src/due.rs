use crate::{Goal, KeyState, KeyStatus, Phase, Retiring, RotationArgs, Schedule, Trigger};

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
    /// A superseded key's overlap is over.
    Retire,
}

/// What is left over to do, by the state alone. Reads no clock: time has spoken through `schedule`.
pub fn due(state: &KeyState, schedule: &Schedule) -> Option<Due> {
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
    let may_go = |retiring: &Retiring| schedule.phase == Phase::Retire || retiring.is_dead();
    state.retiring.iter().any(may_go).then_some(Due::Retire)
}

/// Whether a new schedule calls for a run. A phase alone does only through [`due`]: with nothing to retire it means nothing.
/// A schedule that appears where none was (after an import) changes nothing.
pub fn schedule_changed(old: Option<&Schedule>, new: &Schedule) -> bool {
    old.is_some_and(|old| (old.anchor, old.window, old.rotated_at) != (new.anchor, new.window, new.rotated_at))
}

impl Goal {
    /// What these inputs ask of the resource with this instance nonce.
    pub fn new(instance: &str, args: &RotationArgs, schedule: &Schedule) -> Self {
        Self {
            trigger: Trigger::new(instance, &args.keepers, schedule),
            overlap: args.overlap,
            verification: args.verification,
            retire: schedule.phase == Phase::Retire,
        }
    }
}
