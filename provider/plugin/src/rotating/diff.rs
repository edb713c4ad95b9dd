//! Diff: the user's inputs against those of the last run, the schedule, and what the state says is left over. No clock, no network.

use pulumi_provider::diff::inputs;
use pulumi_provider::{ChangeKind, Diff, DiffRequest, Error, Object, PropertyChange, PropertyPath, Value};
use rotation::{Due, Schedule, due, schedule_changed};

use super::inputs::{Names, SCHEDULE, schedule};
use super::outputs::from_outputs;
use super::spelling::normalized;

/// `is_same`: the inputs that replace the resource name the same thing as before, in another spelling perhaps.
pub(super) fn diff(names: &Names, is_same: bool, request: &DiffRequest) -> Result<Diff, Error> {
    let Compared { mut diff, before, wanted } = compare(names, request);
    if is_same {
        diff.changes.retain(|change| !change.replace);
    }
    let (Some(wanted), state) = (wanted, from_outputs(&names.key, &request.state)?) else { return Ok(diff) };
    match due(&state, &wanted, confirmed_generation(&request.inputs)) {
        None => {}
        Some(Due::Retire | Due::Disable) if before.as_ref().is_some_and(|before| before.phase != wanted.phase) => {
            diff.changes.push(at(path("phase")));
        }
        Some(Due::Renew) if before.as_ref().is_some_and(|before| before.reading != wanted.reading) => {
            let kind = if before.is_some_and(|before| before.reading.is_none()) {
                ChangeKind::Add
            } else {
                ChangeKind::Update
            };
            diff.changes.push(PropertyChange::input(path("reading"), kind));
        }
        Some(_) => diff.force_update = true,
    }
    Ok(diff)
}

/// `retirement.confirmedGeneration`, where it is given and known.
fn confirmed_generation(inputs: &Object) -> Option<u64> {
    let retirement = inputs.get("retirement")?.as_object()?;
    let number = retirement.get("confirmedGeneration")?.as_number()?;
    Some(number as u64)
}

/// What the inputs alone say, the schedule among them.
pub(crate) struct Compared {
    pub(crate) diff: Diff,
    /// The schedule of the last run; none after an import.
    before: Option<Schedule>,
    /// The schedule of this one; none if it is not known yet.
    wanted: Option<Schedule>,
}

pub(crate) fn compare(names: &Names, request: &DiffRequest) -> Compared {
    let (old, old_schedule) = apart(&request.old_inputs);
    let (new, new_schedule) = apart(&request.inputs);
    let mut diff = Diff::of(inputs(&normalized(&old), &normalized(&new), &names.inputs));
    if new_schedule.is_some_and(Value::contains_unknown) {
        diff.changes.push(at(PropertyPath::root().key(SCHEDULE)));
        return Compared { diff, before: None, wanted: None };
    }
    let before = old_schedule.and_then(|_| schedule(&request.old_inputs));
    let wanted = schedule(&request.inputs);
    if let Some(wanted) = wanted.as_ref().filter(|wanted| schedule_changed(before.as_ref(), wanted)) {
        diff.changes.extend(schedule_changes(before.as_ref(), wanted));
    }
    Compared { diff, before, wanted }
}

fn apart(inputs: &Object) -> (Object, Option<&Value>) {
    let mut own = inputs.clone();
    own.remove(SCHEDULE);
    (own, inputs.get(SCHEDULE))
}

fn schedule_changes(before: Option<&Schedule>, wanted: &Schedule) -> Vec<PropertyChange> {
    let Some(before) = before else { return Vec::new() };
    let mut changes = Vec::new();
    if before.anchor != wanted.anchor {
        changes.push(at(path("anchor")));
    }
    if before.suspended != wanted.suspended {
        let kind = if wanted.suspended { ChangeKind::Add } else { ChangeKind::Delete };
        changes.push(PropertyChange::input(path("suspended"), kind));
    }
    if before.window != wanted.window {
        let kind = if before.window.is_none() { ChangeKind::Add } else { ChangeKind::Update };
        changes.push(PropertyChange::input(path("window"), kind));
    }
    if before.rotated_at != wanted.rotated_at {
        changes.push(at(path("rotatedAt")));
    }
    if before.revoked != wanted.revoked {
        let kind = if before.revoked.is_none() { ChangeKind::Add } else { ChangeKind::Update };
        changes.push(PropertyChange::input(path("revoked"), kind));
    }
    changes
}

fn path(field: &str) -> PropertyPath {
    PropertyPath::root().key(SCHEDULE).key(field)
}

fn at(path: PropertyPath) -> PropertyChange {
    PropertyChange::input(path, ChangeKind::Update)
}
