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
    let suspended = later_run(&plan, &made, ask, at("2026-03-01T00:00:00Z")).schedule;
    assert_eq!(suspended, Schedule { suspended: true, ..made.clone() });
    assert_eq!(next_rotation(&suspended, &plan), None, "time will not ask");
    let resumed = follow(&plan, &suspended, &plan, "2026-01-05T00:00:00Z");
    assert!(!resumed.suspended && next_rotation(&resumed, &plan).is_some());
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

fn with(period: &str, inputs: RotationInputs) -> RotationArgs {
    let inputs = RotationInputs { rotation_period: Some(period.to_owned()), ..inputs };
    inputs.parse(&Capability::default()).unwrap()
}

fn anchored(period: &str, anchor: &str) -> RotationArgs {
    with(period, RotationInputs { rotation_anchor: Some(anchor.to_owned()), ..RotationInputs::default() })
}

#[test]
fn time_1_periods_are_counted_before_the_anchor_too() {
    let plan = anchored("30d", "2026-07-01T03:00:00Z");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    assert_eq!(next_rotation(&made, &plan), Some(at("2026-01-02T03:00:00Z")));
    let rotated = follow(&plan, &made, &plan, "2026-01-02T03:00:00Z");
    assert_eq!(rotated.window, Some(at("2026-01-02T03:00:00Z")));
    assert_eq!(
        follow(&plan, &rotated, &plan, "2026-02-01T02:59:59Z"),
        Schedule { phase: Phase::Retire, ..rotated.clone() }
    );
    assert_eq!(follow(&plan, &rotated, &plan, "2026-02-01T03:00:00Z").window, Some(at("2026-02-01T03:00:00Z")));
}

#[test]
fn time_4_the_guard_after_a_changed_anchor_outlasts_the_run_that_changed_it() {
    let before = anchored("90d", "2026-01-01T00:00:00Z");
    let made = create(&before, "2026-01-01T00:00:00Z");
    let moved = anchored("90d", "2026-01-20T00:00:00Z");
    let guarded = follow(&before, &made, &moved, "2026-01-25T00:00:00Z");
    assert_eq!((guarded.window, guarded.rotated_at), (Some(at("2026-01-20T00:00:00Z")), made.rotated_at));
    assert_eq!(next_rotation(&guarded, &moved), Some(at("2026-04-20T00:00:00Z")));
    let two_hours_later = follow(&moved, &guarded, &moved, "2026-01-25T02:00:00Z");
    assert_eq!((two_hours_later.window, two_hours_later.rotated_at), (guarded.window, guarded.rotated_at));
    let key = crate::Trigger::new("i", &moved.keepers, &made);
    let wanted = crate::Trigger::new("i", &moved.keepers, &guarded);
    assert!(wanted.is_met_by(&key, made.rotated_at, moved.overlap), "the key that is there will do");
    assert_eq!(follow(&moved, &guarded, &moved, "2026-04-20T00:00:00Z").rotated_at, at("2026-04-20T00:00:00Z"));
}

#[test]
fn time_4_the_guard_does_not_let_a_key_exceed_max_age() {
    let aged = |anchor: &str| {
        let inputs = RotationInputs {
            rotation_anchor: Some(anchor.to_owned()),
            max_age: Some("94d".to_owned()),
            ..RotationInputs::default()
        };
        with("90d", inputs)
    };
    let before = aged("2026-01-01T00:00:00Z");
    let made = create(&before, "2026-01-01T00:00:00Z");
    let moved = aged("2026-01-20T00:00:00Z");
    let rotated = follow(&before, &made, &moved, "2026-01-25T00:00:00Z");
    assert_eq!(rotated.rotated_at, at("2026-01-25T00:00:00Z"), "waiting until April would make it 109 days old");
}

fn nightly(inputs: RotationInputs) -> RotationArgs {
    let window = crate::RotationWindowInputs {
        days: Some(vec![crate::Weekday::Tue]),
        start: "02:00".to_owned(),
        end: "05:00".to_owned(),
    };
    with("30d", RotationInputs { rotation_window: Some(window), ..inputs })
}

#[test]
fn time_7_time_rotates_and_retires_only_inside_the_window() {
    // 2026-02-03 is a Tuesday; the period ends on January 31.
    let plan = nightly(RotationInputs::default());
    let made = create(&plan, "2026-01-01T00:00:00Z");
    assert_eq!(next_rotation(&made, &plan), Some(at("2026-02-03T02:00:00Z")));
    let ask = Ask { args: &plan, keepers_unknown: false, suspended: false };
    let waiting = later_run(&plan, &made, ask, at("2026-02-01T12:00:00Z"));
    assert_eq!((waiting.schedule.window, waiting.schedule.rotated_at), (None, made.rotated_at));
    assert!(
        matches!(waiting.warnings.as_slice(), [one] if one.contains("2026-01-31T00:00:00Z") && one.contains("2026-02-03T02:00:00Z")),
        "{:?}",
        waiting.warnings
    );
    let rotated = later_run(&plan, &made, ask, at("2026-02-03T02:00:00Z"));
    assert_eq!((rotated.schedule.window, rotated.warnings.len()), (Some(at("2026-01-31T00:00:00Z")), 0));
    let rotated = rotated.schedule;
    assert_eq!(follow(&plan, &rotated, &plan, "2026-02-05T12:00:00Z").phase, Phase::Overlap, "closed");
    assert_eq!(follow(&plan, &rotated, &plan, "2026-02-10T02:00:00Z").phase, Phase::Retire);
}

#[test]
fn time_7_keepers_and_an_age_that_would_be_exceeded_do_not_wait_for_the_window() {
    let plan = nightly(RotationInputs { max_age: Some("34d".to_owned()), ..RotationInputs::default() });
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let ask = Ask { args: &plan, keepers_unknown: false, suspended: false };
    // The window opens on February 3, a day after the key must be superseded at the latest.
    let late = later_run(&plan, &made, ask, at("2026-01-31T12:00:00Z"));
    assert_eq!(late.schedule.rotated_at, at("2026-01-31T12:00:00Z"));
    assert!(
        matches!(late.warnings.as_slice(), [one] if one.contains("outside of `rotationWindow`")),
        "{:?}",
        late.warnings
    );
    let changed = RotationArgs { keepers: Keepers::new([("k".to_owned(), "b".to_owned())]), ..plan.clone() };
    assert_eq!(follow(&plan, &made, &changed, "2026-01-08T12:00:00Z").rotated_at, at("2026-01-08T12:00:00Z"));
}

#[test]
fn time_7_a_superseded_key_that_would_exceed_max_age_does_not_wait_for_the_window() {
    let plan = nightly(RotationInputs { max_age: Some("34d".to_owned()), ..RotationInputs::default() });
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let rotated = follow(&plan, &made, &plan, "2026-01-31T12:00:00Z");
    assert_eq!(rotated.rotated_at, at("2026-01-31T12:00:00Z"), "outside of the window");
    assert_eq!(follow(&plan, &rotated, &plan, "2026-02-01T12:00:00Z").phase, Phase::Overlap, "its overlap is not over");
    assert_eq!(
        follow(&plan, &rotated, &plan, "2026-02-01T13:05:00Z").phase,
        Phase::Retire,
        "outside of the window too"
    );
    let roomy = nightly(RotationInputs { max_age: Some("60d".to_owned()), ..RotationInputs::default() });
    let rotated = follow(&roomy, &create(&roomy, "2026-01-01T00:00:00Z"), &roomy, "2026-02-03T02:00:00Z");
    assert_eq!(
        follow(&roomy, &rotated, &roomy, "2026-02-05T12:00:00Z").phase,
        Phase::Overlap,
        "the window opens in time"
    );
}

fn superseded(at: Timestamp) -> crate::Retiring {
    crate::Retiring::new(crate::Key::new(crate::KeyId("old".to_owned()), 1, at), at)
}

/// The first minute at which Check lets a superseded key go.
fn first_retirement(plan: &RotationArgs, before: &Schedule) -> Timestamp {
    let mut now = before.rotated_at;
    while follow(plan, before, plan, &now.to_string()).phase != Phase::Retire {
        now = later(now, MINUTE);
    }
    now
}

#[test]
fn time_3_what_is_said_of_the_end_is_the_first_moment_at_which_a_run_removes_the_key() {
    for (overlap, soak, began, took) in [
        ("1d", "0s", "2026-01-01T00:00:00Z", 7),
        ("1d", "0s", "2026-01-01T00:59:59Z", 200),
        ("22h", "0s", "2026-01-01T00:59:59Z", 200),
        ("1d", "12h", "2026-01-01T00:30:00Z", 60),
    ] {
        let retirement = crate::RetirementInputs { soak: Some(soak.to_owned()), ..Default::default() };
        let overlap_text = Some(overlap.to_owned());
        let inputs =
            RotationInputs { overlap: overlap_text, retirement: Some(retirement), ..RotationInputs::default() };
        let plan = inputs.parse(&Capability::default()).unwrap();
        let made = create(&plan, began);
        let old = superseded(later(at(began), SignedDuration::from_secs(took)));
        let said = retires_at(&old, &made, &plan).unwrap();
        assert_eq!(said, first_retirement(&plan, &made), "{overlap} {soak} {began}");
        let overlap_ends = later(later(old.superseded_at, plan.overlap), plan.retirement.soak);
        let delay = said.duration_since(overlap_ends);
        assert!((SignedDuration::ZERO..=HOUR + MINUTE * 5).contains(&delay), "{overlap} {soak} {began}: {delay}");
    }
}

#[test]
fn time_3_where_the_state_is_known_there_is_no_delay() {
    let plan = args(None, Some("1d"), "a");
    let made = create(&plan, "2026-01-01T00:00:00Z");
    let mut state = KeyState::new("i".to_owned());
    state.retiring.push(superseded(at("2026-01-01T00:00:07Z")));
    let phase_at = |now: &str| {
        let old = OldSchedule { keepers: &plan.keepers, period: None, anchor: None, schedule: Some(&made) };
        let ask = Ask { args: &plan, keepers_unknown: false, suspended: false };
        schedule_of(Some(old), ask, Some(&state), at(now)).schedule.phase
    };
    assert_eq!(phase_at("2026-01-02T00:00:06Z"), Phase::Overlap);
    assert_eq!(phase_at("2026-01-02T00:00:07Z"), Phase::Retire);
}

#[test]
fn time_3_a_daily_run_needs_an_overlap_of_22_hours_to_remove_a_key_a_day_later() {
    for (overlap, days) in [("22h", 1), ("1d", 2)] {
        let plan = args(None, Some(overlap), "a");
        let made = create(&plan, "2026-01-01T03:00:10Z");
        let removed = (1..5).find(|day| {
            let now = later(at("2026-01-01T03:00:10Z"), DAY * *day);
            follow(&plan, &made, &plan, &now.to_string()).phase == Phase::Retire
        });
        assert_eq!(removed, Some(days), "{overlap}");
    }
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
