use jiff::{SignedDuration, Timestamp};

use super::times::{Phase, Schedule};
use crate::time::later;
use crate::{Capability, Keepers, KeyState, Retiring, RotationArgs, RotationInputs, parse_duration};

impl Schedule {
    /// The same with a reading of the clock, for a system whose keys end by themselves. Diff has no clock, and yet a key must
    /// be renewed when nothing but time has passed: so Check, which owns the clock, writes down what it read.
    #[must_use]
    pub fn with_reading(mut self, capability: &Capability, now: Timestamp) -> Self {
        self.reading = capability.expires.then(|| later(round_down(now, MINUTE), MINUTE));
        self
    }
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

/// A schedule, with the warnings about it.
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
    schedule_of(old, ask, None, now)
}

/// The same where the state is known: superseded keys are then due when their own time has come, and age counts from the key's creation.
pub fn schedule_of(old: Option<OldSchedule<'_>>, ask: Ask<'_>, state: Option<&KeyState>, now: Timestamp) -> Scheduled {
    let args = ask.args;
    let Some((old, before)) = old.and_then(|old| old.schedule.map(|schedule| (old, schedule))) else {
        return Scheduled { schedule: first(args, now), warnings: Vec::new() };
    };
    let mut next = Schedule { suspended: ask.suspended, ..before.clone() };
    let mut warnings = Vec::new();
    next.anchor = args.anchor.unwrap_or(before.anchor);
    if before.rotated_at > later(now, HOUR) {
        warnings.push(
            "the clock of this machine is behind the last rotation: the rotation interval restarts now".to_owned(),
        );
        next.rotated_at = stamp(next.anchor, args, now);
    }
    let asked = if ask.suspended { TimeAsks::Nothing } else { time_asks(&next, (old, args), state, now) };
    if let TimeAsks::Rotation(window) | TimeAsks::NothingYet(window) = asked {
        next.window = Some(window);
    }
    let incident = args.revoke.as_ref().map(|revoke| &revoke.incident);
    let revokes = incident.filter(|incident| before.revoked.as_ref() != Some(*incident));
    next.revoked = revokes.or(before.revoked.as_ref()).cloned();
    let rotates = matches!(asked, TimeAsks::Rotation(_));
    if rotates || revokes.is_some() || ask.keepers_unknown || args.keepers != *old.keepers {
        next.rotated_at = stamp(next.anchor, args, now);
        next.phase = Phase::Overlap;
    } else if !ask.suspended {
        warnings.extend(closed_window(&next, args, now));
        next.phase = phase(next.rotated_at, args, state, now);
    }
    if rotates && args.rotation_window.is_some_and(|window| !window.contains(now)) {
        warnings.push(
            "this rotation is outside of `rotationWindow`: until the window opens again, the key would exceed `maxAge`"
                .to_owned(),
        );
    }
    Scheduled { schedule: next, warnings }
}

/// The schedule of a resource that is created or taken over.
fn first(args: &RotationArgs, now: Timestamp) -> Schedule {
    let anchor = args.anchor.unwrap_or_else(|| round_down(now, step(args)));
    let revoked = args.revoke.as_ref().map(|revoke| revoke.incident.clone());
    let rotated_at = stamp(anchor, args, now);
    Schedule { anchor, window: None, rotated_at, phase: Phase::Overlap, revoked, suspended: false, reading: None }
}

/// The next instant at which time will ask for a rotation, as far as inputs tell; none without a period or while time is suspended.
pub fn next_rotation(schedule: &Schedule, args: &RotationArgs) -> Option<Timestamp> {
    let period = args.period.filter(|_| !schedule.suspended)?;
    let answered = schedule.window.unwrap_or(Timestamp::MIN).max(schedule.rotated_at);
    let earliest = schedule.rotated_at.checked_add(args.overlap).ok()?.max(later(answered, SECOND));
    let start = window_at(schedule.anchor, period, earliest)?;
    let start = if start >= earliest { start } else { start.checked_add(period).ok()? };
    Some(args.rotation_window.map_or(start, |window| window.next_open(start)))
}

/// The first moment at which an `up` removes this superseded key, if nobody uses it; none while time is suspended.
pub fn retires_at(old: &Retiring, schedule: &Schedule, args: &RotationArgs) -> Option<Timestamp> {
    if schedule.suspended {
        return None;
    }
    let soak = args.retirement.soak;
    let shown = phase_ends(schedule.rotated_at, args);
    let over = later(old.superseded_at, args.overlap).max(shown);
    let at = match old.disabled_at {
        Some(disabled) => later(disabled, soak).max(later(shown, soak)),
        None => later(over, soak),
    };
    let at = round_up(at);
    Some(args.rotation_window.map_or(at, |window| window.next_open(at)))
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What time asks for.
enum TimeAsks {
    Nothing,
    /// A rotation for this period.
    Rotation(Timestamp),
    /// The period counts as answered, because period or anchor changed and the key is younger than a period.
    NothingYet(Timestamp),
}

fn time_asks(
    schedule: &Schedule,
    (old, args): (OldSchedule<'_>, &RotationArgs),
    state: Option<&KeyState>,
    now: Timestamp,
) -> TimeAsks {
    let Some((period, window)) = due_window(schedule, args, now) else { return TimeAsks::Nothing };
    let latest = latest_rotation(schedule, args, state);
    let grid_changed = old.period != args.period || old.schedule.is_some_and(|before| before.anchor != schedule.anchor);
    if grid_changed && later(schedule.rotated_at, period) > now && later(window, period) <= latest {
        return TimeAsks::NothingYet(window);
    }
    let opens = args.rotation_window.map_or(now, |open| open.next_open(now));
    if opens <= now || opens > latest { TimeAsks::Rotation(window) } else { TimeAsks::Nothing }
}

/// The period that asks for a rotation, whether or not the rotation window is open.
fn due_window(schedule: &Schedule, args: &RotationArgs, now: Timestamp) -> Option<(SignedDuration, Timestamp)> {
    let period = args.period?;
    let window = window_at(schedule.anchor, period, now)?;
    let rotated_at = schedule.rotated_at.min(now);
    let is_due = rotated_at < window && later(rotated_at, args.overlap) <= window;
    let is_answered = schedule.window.is_some_and(|answered| answered >= window);
    (is_due && !is_answered).then_some((period, window))
}

/// When the current key must be superseded at the latest, so that it does not exceed `maxAge`.
fn latest_rotation(schedule: &Schedule, args: &RotationArgs, state: Option<&KeyState>) -> Timestamp {
    let Some(limit) = args.max_age else { return Timestamp::MAX };
    let current = state.and_then(|state| state.current.as_ref());
    let made_at = current.map_or(schedule.rotated_at, |current| current.created_at);
    let retirement = &args.retirement;
    let parts = [args.overlap, retirement.soak, retirement.deadline.unwrap_or_default(), args.run_every];
    let after = parts.into_iter().fold(SignedDuration::ZERO, SignedDuration::saturating_add);
    later(made_at, limit).checked_sub(after).unwrap_or(Timestamp::MIN)
}

/// What is said while a rotation waits for its window to open.
fn closed_window(schedule: &Schedule, args: &RotationArgs, now: Timestamp) -> Option<String> {
    let (_, due) = due_window(schedule, args, now)?;
    let opens = args.rotation_window?.next_open(now);
    Some(format!(
        "a rotation is due since {due} and waits for `rotationWindow`, which opens at {opens}: run `pulumi up` while it is open"
    ))
}

/// The start of the period that `now` lies in, before or after the anchor.
fn window_at(anchor: Timestamp, period: SignedDuration, now: Timestamp) -> Option<Timestamp> {
    if period.as_secs() <= 0 {
        return None;
    }
    let since = now.as_second() - anchor.as_second() - i64::from(now.subsec_nanosecond() < anchor.subsec_nanosecond());
    let whole = since.div_euclid(period.as_secs()).checked_mul(period.as_secs())?;
    anchor.checked_add(SignedDuration::from_secs(whole)).ok()
}

/// What superseded keys are due for. Outside of the rotation window, time retires nothing.
fn phase(rotated_at: Timestamp, args: &RotationArgs, state: Option<&KeyState>, now: Timestamp) -> Phase {
    let closed = args.rotation_window.filter(|window| !window.contains(now));
    if closed.is_some_and(|window| window.next_open(now) <= latest_retirement(rotated_at, args, state)) {
        return Phase::Overlap;
    }
    if let Some(state) = state {
        return exact_phase(state, args, now);
    }
    let due = phase_ends(rotated_at.min(now), args);
    match args.retirement.soak {
        _ if now < due => Phase::Overlap,
        soak if now < later(due, soak) => Phase::Disable,
        _ => Phase::Retire,
    }
}

/// Until when superseded keys may wait for the rotation window, so that none exceeds `maxAge`. Where no state is known, a key that was rotated in
/// the window was superseded as planned, and any other one as late as its age allowed.
fn latest_retirement(rotated_at: Timestamp, args: &RotationArgs, state: Option<&KeyState>) -> Timestamp {
    let Some((limit, window)) = args.max_age.zip(args.rotation_window) else { return Timestamp::MAX };
    if let Some(state) = state {
        let oldest = state.retiring.iter().map(|old| old.key.created_at).min();
        return oldest.map_or(Timestamp::MAX, |made_at| later(made_at, limit));
    }
    let in_window = window.contains(rotated_at) || window.contains(later(rotated_at, step(args)));
    let deadline = args.retirement.deadline.unwrap_or_default();
    let parts = if in_window {
        [args.period.unwrap_or_default(), args.overlap, args.run_every, window.longest_closed()]
    } else {
        let rest = [args.overlap, args.retirement.soak, deadline, args.run_every];
        let rest = rest.into_iter().fold(SignedDuration::ZERO, SignedDuration::saturating_add);
        [limit.saturating_sub(rest), SignedDuration::ZERO, SignedDuration::ZERO, SignedDuration::ZERO]
    };
    let age = parts.into_iter().fold(SignedDuration::ZERO, SignedDuration::saturating_add);
    later(rotated_at, limit.saturating_sub(age))
}

/// The furthest that one of the superseded keys has come by its own times.
fn exact_phase(state: &KeyState, args: &RotationArgs, now: Timestamp) -> Phase {
    let soak = args.retirement.soak;
    let of = |old: &Retiring| match old.disabled_at {
        Some(at) if later(at, soak) <= now => Phase::Retire,
        Some(_) => Phase::Overlap,
        None if later(old.superseded_at, args.overlap) > now => Phase::Overlap,
        None if soak.is_zero() => Phase::Retire,
        None => Phase::Disable,
    };
    let phases = || state.retiring.iter().map(of);
    [Phase::Retire, Phase::Disable].into_iter().find(|phase| phases().any(|of| of == *phase)).unwrap_or(Phase::Overlap)
}

/// When the overlap of what a run superseded that began in the step of `rotated_at` is over for certain.
fn phase_ends(rotated_at: Timestamp, args: &RotationArgs) -> Timestamp {
    later(later(rotated_at, args.overlap), margin(args))
}

/// How much later than `rotated_at` the run that rotates may supersede a key.
pub(crate) fn margin(args: &RotationArgs) -> SignedDuration {
    let proof = args.verification.map_or(SignedDuration::ZERO, |verification| verification.timeout);
    proof.saturating_add(step(args))
}

/// When a rotation was asked for: in whole steps, so that a preview and its `up` say the same, and not before the period that asked.
fn stamp(anchor: Timestamp, args: &RotationArgs, now: Timestamp) -> Timestamp {
    let began = args.period.and_then(|period| window_at(anchor, period, now));
    round_down(now, step(args)).max(began.unwrap_or(Timestamp::MIN))
}

fn step(args: &RotationArgs) -> SignedDuration {
    let short = args.overlap < DAY || args.period.is_some_and(|period| period < DAY);
    if short { MINUTE } else { HOUR }
}

fn round_down(time: Timestamp, step: SignedDuration) -> Timestamp {
    let whole = time.as_second().div_euclid(step.as_secs()) * step.as_secs();
    Timestamp::from_second(whole).unwrap_or(time)
}

/// The next whole second.
fn round_up(time: Timestamp) -> Timestamp {
    let whole = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Timestamp::from_second(whole).unwrap_or(time)
}

static NO_KEEPERS: Keepers = Keepers::none();

impl RotationInputs {
    /// What these inputs said, as inputs of an earlier run. A text that cannot be read any more counts as absent.
    pub fn old_schedule<'a>(&'a self, schedule: Option<&'a Schedule>) -> OldSchedule<'a> {
        // What a system cannot do does not matter here: these inputs were accepted once.
        let any = Capability { quota: Some(usize::MAX), ..Capability::default() };
        let given = || self.rotation_period.as_deref().and_then(|text| parse_duration(text).ok());
        let period = self.parse(&any).map_or_else(|_| given(), |args| args.period);
        let anchor = self.rotation_anchor.as_deref().and_then(|text| text.parse().ok());
        OldSchedule { keepers: self.keepers.as_ref().unwrap_or(&NO_KEEPERS), period, anchor, schedule }
    }
}

#[cfg(test)]
mod tests;
