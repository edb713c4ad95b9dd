use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::later;
use crate::{Capability, Keepers, RotationArgs, RotationInputs, parse_duration, print_duration};

/// When things are due: the one input that the plugin computes. It is decided from inputs and one clock reading alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The start of the rotation schedule.
    #[schemars(with = "String")]
    pub anchor: Timestamp,
    /// The start of the period that last required a rotation. Unset until a period required one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub window: Option<Timestamp>,
    /// When a rotation was last asked for, by time, keepers or creation. Rounded up to the hour, or to the minute where overlap or period is under a day.
    #[schemars(with = "String")]
    pub rotated_at: Timestamp,
    /// What a superseded key is due for.
    pub phase: Phase,
    /// The last incident that `revoke` named; it revokes no second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// When this was computed, rounded up to the minute, where keys expire: from it a run knows which of them it must renew. A change of this value alone is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub reading: Option<Timestamp>,
}

impl Schedule {
    /// The same with a reading of the clock, for a system whose keys end by themselves. Diff has no clock, and yet a key must
    /// be renewed when nothing but time has passed: so Check, which owns the clock, writes down what it read.
    #[must_use]
    pub fn with_reading(mut self, capability: &Capability, now: Timestamp) -> Self {
        self.reading = capability.expires.then(|| round_up(now, MINUTE));
        self
    }
}

/// What a superseded key is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It keeps working.
    Overlap,
    /// It may be disabled.
    Disable,
    /// It may be removed.
    Retire,
}

/// What the old inputs said.
#[derive(Clone, Copy, Debug)]
pub struct OldSchedule<'a> {
    /// Their keepers.
    pub keepers: &'a Keepers,
    /// Their `rotationPeriod`.
    pub period: Option<SignedDuration>,
    /// Their `rotationAnchor`.
    pub anchor: Option<Timestamp>,
    /// Their schedule; none after an import.
    pub schedule: Option<&'a Schedule>,
}

/// A schedule, and what a person should hear about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// The new schedule.
    pub schedule: Schedule,
    /// Sentences for the log.
    pub warnings: Vec<String>,
}

/// What is asked of [`schedule`] now.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The new inputs.
    pub args: &'a RotationArgs,
    /// A keeper is not known yet (a preview): it counts as changed.
    pub keepers_unknown: bool,
    /// `ignoreChanges: ["schedule"]` is set: time neither rotates nor retires, keepers still rotate.
    pub suspended: bool,
}

/// The schedule that follows from the old inputs, the new ones and the time. `old` is none at creation.
///
/// A period asks once, however late the run is, and not at all if a key was made within `overlap` before it began.
pub fn schedule(old: Option<OldSchedule<'_>>, ask: Ask<'_>, now: Timestamp) -> Scheduled {
    let now = round_up(now, step(ask.args));
    let Some((old, before)) = old.and_then(|old| old.schedule.map(|schedule| (old, schedule))) else {
        let anchor = ask.args.anchor.unwrap_or(now);
        let revoked = ask.args.revoke.as_ref().map(|revoke| revoke.incident.clone());
        let schedule =
            Schedule { anchor, window: None, rotated_at: now, phase: Phase::Overlap, revoked, reading: None };
        return Scheduled { schedule, warnings: Vec::new() };
    };
    let mut next = before.clone();
    let mut warnings = Vec::new();
    next.anchor = ask.args.anchor.unwrap_or(before.anchor);
    if before.rotated_at > later(now, HOUR) {
        warnings.push(
            "the clock of this machine is behind the last rotation: the time since it is counted from now on"
                .to_owned(),
        );
        next.rotated_at = now;
    }
    let asked = if ask.suspended { None } else { time_asks(&next, old, ask.args, now) };
    next.window = asked.or(before.window);
    let incident = ask.args.revoke.as_ref().map(|revoke| &revoke.incident);
    let revokes = incident.filter(|incident| before.revoked.as_ref() != Some(*incident));
    next.revoked = revokes.or(before.revoked.as_ref()).cloned();
    if asked.is_some() || revokes.is_some() || ask.keepers_unknown || ask.args.keepers != *old.keepers {
        next.rotated_at = now;
        next.phase = Phase::Overlap;
    } else if !ask.suspended {
        next.phase = phase(next.rotated_at, ask.args, now);
    }
    warnings.extend(age_warning(&next, ask.args, now));
    Scheduled { schedule: next, warnings }
}

/// The next instant at which time will ask for a rotation, as far as inputs tell; none without a period.
pub fn next_rotation(schedule: &Schedule, args: &RotationArgs) -> Option<Timestamp> {
    let period = args.period?;
    let earliest = schedule
        .rotated_at
        .checked_add(args.overlap)
        .ok()?
        .max(later(schedule.rotated_at, SECOND))
        .max(schedule.anchor);
    let start = window_at(schedule.anchor, period, earliest)?;
    if start >= earliest { Some(start) } else { start.checked_add(period).ok() }
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn time_asks(schedule: &Schedule, old: OldSchedule<'_>, args: &RotationArgs, now: Timestamp) -> Option<Timestamp> {
    let period = args.period?;
    let window = window_at(schedule.anchor, period, now)?;
    let grid_changed = old.period != args.period || old.schedule.is_some_and(|before| before.anchor != schedule.anchor);
    let due = schedule.rotated_at < window && later(schedule.rotated_at, args.overlap) <= window;
    let full_period = !grid_changed || later(schedule.rotated_at, period) <= now;
    (due && full_period).then_some(window)
}

/// The start of the period that `now` lies in; none before the anchor.
fn window_at(anchor: Timestamp, period: SignedDuration, now: Timestamp) -> Option<Timestamp> {
    let since = now.duration_since(anchor);
    if since.is_negative() || period.as_secs() <= 0 {
        return None;
    }
    let whole = since.as_secs() / period.as_secs() * period.as_secs();
    anchor.checked_add(SignedDuration::from_secs(whole)).ok()
}

fn phase(rotated_at: Timestamp, args: &RotationArgs, now: Timestamp) -> Phase {
    let due = later(later(rotated_at, args.overlap), margin(args));
    match args.retirement.soak {
        _ if now < due => Phase::Overlap,
        soak if now < later(due, soak) => Phase::Disable,
        _ => Phase::Retire,
    }
}

/// How late a run near the end of an overlap may be without being an empty one.
pub(crate) fn margin(args: &RotationArgs) -> SignedDuration {
    let proof = args.verification.map_or(SignedDuration::ZERO, |verification| verification.timeout);
    proof.saturating_add(step(args))
}

fn age_warning(schedule: &Schedule, args: &RotationArgs, now: Timestamp) -> Option<String> {
    let limit = args.max_age?;
    (now.duration_since(schedule.rotated_at) > limit).then(|| {
        let limit = print_duration(limit);
        format!("the current key is older than maxAge ({limit}) and time is not rotating it: remove \"schedule\" from ignoreChanges, or change keepers")
    })
}

fn step(args: &RotationArgs) -> SignedDuration {
    let short = args.overlap < DAY || args.period.is_some_and(|period| period < DAY);
    if short { MINUTE } else { HOUR }
}

fn round_up(time: Timestamp, step: SignedDuration) -> Timestamp {
    let whole = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    let up = whole.div_euclid(step.as_secs()) * step.as_secs();
    let up = if up < whole { up + step.as_secs() } else { up };
    Timestamp::from_second(up).unwrap_or(time)
}

static NO_KEEPERS: Keepers = Keepers::none();

impl RotationInputs {
    /// What these inputs said, as inputs of an earlier run. A text that cannot be read any more counts as absent.
    pub fn old_schedule<'a>(&'a self, schedule: Option<&'a Schedule>) -> OldSchedule<'a> {
        let period = self.rotation_period.as_deref().and_then(|text| parse_duration(text).ok());
        let anchor = self.rotation_anchor.as_deref().and_then(|text| text.parse().ok());
        OldSchedule { keepers: self.keepers.as_ref().unwrap_or(&NO_KEEPERS), period, anchor, schedule }
    }
}

#[cfg(test)]
mod tests;
