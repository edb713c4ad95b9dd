use proptest::prelude::*;

use super::*;
use crate::{Capability, RotationInputs};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn args(period: Option<&str>, overlap: Option<&str>, keeper: &str) -> RotationArgs {
    let inputs = RotationInputs {
        keepers: Some(Keepers::new([("k".to_owned(), keeper.to_owned())])),
        rotation_period: period.map(str::to_owned),
        overlap: overlap.map(str::to_owned),
        ..RotationInputs::default()
    };
    inputs.parse(&Capability::default()).unwrap()
}

fn create(args: &RotationArgs, now: &str) -> Schedule {
    schedule(None, Ask { args, keepers_unknown: false, suspended: false }, at(now)).schedule
}

fn follow(old: &RotationArgs, before: &Schedule, args: &RotationArgs, now: &str) -> Schedule {
    later_run(old, before, Ask { args, keepers_unknown: false, suspended: false }, at(now)).schedule
}

fn later_run(old: &RotationArgs, before: &Schedule, ask: Ask<'_>, now: Timestamp) -> Scheduled {
    let old = OldSchedule { keepers: &old.keepers, period: old.period, anchor: old.anchor, schedule: Some(before) };
    schedule(Some(old), ask, now)
}

#[test]
fn creation_rounds_down_to_the_hour_or_the_minute() {
    let made = create(&args(Some("90d"), None, "a"), "2026-01-01T00:59:59Z");
    assert_eq!((made.anchor, made.rotated_at), (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")));
    assert_eq!((made.window, made.phase), (None, Phase::Overlap));
    let short = create(&args(Some("12h"), None, "a"), "2026-01-01T00:01:59Z");
    assert_eq!(short.rotated_at, at("2026-01-01T00:01:00Z"));
}

#[test]
fn a_period_asks_exactly_once_however_late_the_run_is() {
    let plan = args(Some("10d"), Some("1d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    assert_eq!(follow(&plan, &made, &plan, "2026-01-10T22:00:00Z").window, None);
    let late = follow(&plan, &made, &plan, "2026-04-15T12:00:00Z");
    assert_eq!(late.window, Some(at("2026-04-11T00:00:00Z")));
    assert_eq!(late.rotated_at, at("2026-04-15T12:00:00Z"));
    let again = follow(&plan, &late, &plan, "2026-04-15T13:30:00Z");
    assert_eq!(again, late);
}

#[test]
fn a_key_made_just_before_a_boundary_is_not_rotated_at_it() {
    let plan = args(Some("10d"), Some("2d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let changed = args(Some("10d"), Some("2d"), "b");
    let by_keepers = follow(&plan, &made, &changed, "2026-01-10T00:00:00Z");
    assert_eq!((by_keepers.window, by_keepers.rotated_at), (None, at("2026-01-10T00:00:00Z")));
    let at_boundary = follow(&changed, &by_keepers, &changed, "2026-01-11T06:00:00Z");
    assert_eq!(at_boundary, by_keepers);
    assert_eq!(next_rotation(&by_keepers, &changed), Some(at("2026-01-21T00:00:00Z")));
}

#[test]
fn a_changed_grid_waits_for_a_full_period() {
    let long = args(Some("90d"), Some("1d"), "a");
    let made = create(&long, "2026-01-01T00:00:00Z");
    let shorter = args(Some("10d"), Some("1d"), "a");
    assert_eq!(follow(&long, &made, &shorter, "2026-01-05T00:00:00Z").rotated_at, made.rotated_at);
    assert_eq!(follow(&long, &made, &shorter, "2026-01-15T00:00:00Z").window, Some(at("2026-01-11T00:00:00Z")));
    let none = args(None, Some("1d"), "a");
    let rotated = follow(&long, &made, &long, "2026-04-15T00:00:00Z");
    assert_eq!(follow(&long, &rotated, &none, "2026-08-01T00:00:00Z").window, rotated.window);
}

#[test]
fn the_phase_follows_overlap_margin_and_the_clock() {
    let plan = args(None, Some("1d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    assert_eq!(follow(&plan, &made, &plan, "2026-01-02T01:04:59Z").phase, Phase::Overlap);
    assert_eq!(follow(&plan, &made, &plan, "2026-01-02T01:05:00Z").phase, Phase::Retire);
}

#[test]
fn an_import_is_adopted_without_a_trigger() {
    let plan = args(Some("10d"), None, "a");
    let old = OldSchedule { keepers: &Keepers::default(), period: None, anchor: None, schedule: None };
    let ask = Ask { args: &plan, keepers_unknown: false, suspended: false };
    let made = schedule(Some(old), ask, at("2026-01-01T00:00:00Z")).schedule;
    assert_eq!((made.window, made.rotated_at), (None, at("2026-01-01T00:00:00Z")));
}

#[test]
fn suspended_time_neither_rotates_nor_retires_but_keepers_do() {
    let plan = args(Some("10d"), Some("1d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let ask = Ask { args: &plan, keepers_unknown: false, suspended: true };
    assert_eq!(later_run(&plan, &made, ask, at("2026-03-01T00:00:00Z")).schedule, made);
    let changed = args(Some("10d"), Some("1d"), "b");
    let ask = Ask { args: &changed, ..ask };
    assert_eq!(
        later_run(&plan, &made, ask, at("2026-03-01T00:00:00Z")).schedule.rotated_at,
        at("2026-03-01T00:00:00Z")
    );
}

#[test]
fn a_clock_that_went_back_is_told_and_healed() {
    let plan = args(Some("10d"), Some("1d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let ask = Ask { args: &plan, keepers_unknown: false, suspended: false };
    let healed = later_run(&plan, &made, ask, at("2025-06-01T00:00:00Z"));
    assert_eq!(healed.schedule.rotated_at, at("2025-06-01T00:00:00Z"));
    assert_eq!(healed.warnings.len(), 1);
}

#[test]
fn an_unknown_keeper_counts_as_changed() {
    let plan = args(None, Some("1d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let ask = Ask { args: &plan, keepers_unknown: true, suspended: false };
    assert_eq!(
        later_run(&plan, &made, ask, at("2026-02-01T00:00:00Z")).schedule.rotated_at,
        at("2026-02-01T00:00:00Z")
    );
}

proptest! {
    /// Runs at any times: rotations are at least an overlap apart from the window that asked, each window asks once, and
    /// what `next_rotation` said is when time asks.
    #[test]
    fn time_asks_once_a_window(period_hours in 2_i64..3000, share in 1_i64..99, gaps in prop::collection::vec(1_i64..2_000_000, 1..40)) {
        let overlap = SignedDuration::from_secs((period_hours * 36 * share).max(1));
        let mut plan = args(None, Some("1d"), "a");
        plan.period = Some(SignedDuration::from_hours(period_hours));
        plan.overlap = overlap;
        let mut now = at("2026-01-01T00:00:00Z");
        let mut before = schedule(None, Ask { args: &plan, keepers_unknown: false, suspended: false }, now).schedule;
        for gap in gaps {
            now = later(now, SignedDuration::from_secs(gap));
            let due = next_rotation(&before, &plan).unwrap();
            let after = later_run(&plan, &before, Ask { args: &plan, keepers_unknown: false, suspended: false }, now).schedule;
            prop_assert_eq!(after.window != before.window, now >= due, "due {} now {}", due, now);
            if after.window != before.window {
                prop_assert!(before.window < after.window && after.window <= Some(now));
                prop_assert!(later(before.rotated_at, overlap) <= after.window.unwrap());
            } else {
                prop_assert_eq!(after.rotated_at, before.rotated_at);
            }
            before = after;
        }
    }
}
