//! The programs.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};
use pulumi_provider::testing::object;
use pulumi_provider::{Object, Value};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A program, and when it runs.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The inputs of a run, beside the user.
    pub(crate) inputs: Box<dyn Fn(usize) -> Object + Send + Sync>,
    /// Whether a run has `ignoreChanges: ["schedule"]`.
    pub(crate) ignores: Box<dyn Fn(usize) -> bool + Send + Sync>,
    /// When it runs, over a year.
    pub(crate) runs: Box<dyn Fn() -> Vec<Timestamp> + Send + Sync>,
    pub(crate) expected: Expected,
}

/// What must come of it. Needless updates, previews that differ and failed runs are never expected.
pub(crate) struct Expected {
    pub(crate) rotations: RangeInclusive<usize>,
    pub(crate) oldest: SignedDuration,
    /// Whether rotations wait for a place.
    pub(crate) defers: bool,
}

type Runs = fn() -> Vec<Timestamp>;

fn program(
    name: &'static str,
    runs: Runs,
    inputs: impl Fn(usize) -> Object + Send + Sync + 'static,
    expected: (RangeInclusive<usize>, i64),
) -> Program {
    let (rotations, days) = expected;
    let expected = Expected { rotations, oldest: DAY * i32::try_from(days).unwrap(), defers: false };
    Program { name, inputs: Box::new(inputs), ignores: Box::new(|_| false), runs: Box::new(runs), expected }
}

fn start() -> Timestamp {
    "2026-01-01T09:10:00Z".parse().unwrap()
}

/// Runs with the same gap.
fn every(gap: SignedDuration, from: Timestamp) -> Vec<Timestamp> {
    let year = from + DAY * 365;
    std::iter::successors(Some(from), |at| Some(*at + gap)).take_while(|at| *at <= year).collect()
}

fn daily() -> Vec<Timestamp> {
    every(DAY, start())
}

fn nightly() -> Vec<Timestamp> {
    every(DAY, "2026-01-01T03:00:30Z".parse().unwrap())
}

fn before_midnight() -> Vec<Timestamp> {
    every(DAY, "2026-01-01T23:30:00Z".parse().unwrap())
}

fn weekly() -> Vec<Timestamp> {
    every(DAY * 7, start())
}

fn monthly() -> Vec<Timestamp> {
    every(DAY * 30, start())
}

/// From an hour to nine days apart, the same in every run of the test.
fn irregular() -> Vec<Timestamp> {
    let mut seed = 20_260_101_u64;
    let next = |at: &Timestamp| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let minutes = 60 + (seed >> 33) % (9 * 24 * 60 - 60);
        Some(*at + SignedDuration::from_mins(i64::try_from(minutes).unwrap()))
    };
    let year = start() + DAY * 365;
    std::iter::successors(Some(start()), next).take_while(|at| *at <= year).collect()
}

/// A month of runs that come every half an hour.
fn busy() -> Vec<Timestamp> {
    every(HOUR / 2, start()).into_iter().take(48 * 30).collect()
}

fn plan<const N: usize>(entries: [(&str, &str); N]) -> Object {
    let mut plan = object(entries.map(|(name, text)| (name, Value::from(text))));
    plan.entry("overlap".to_owned()).or_insert_with(|| "1d".into());
    plan
}

fn with(mut plan: Object, name: &str, value: Value) -> Object {
    plan.insert(name.to_owned(), value);
    plan
}

fn window(plan: Object, days: &[&str], start: &str, end: &str) -> Object {
    let days = Value::Array(days.iter().map(|day| Value::from(*day)).collect());
    with(plan, "rotationWindow", object([("days", days), ("start", start.into()), ("end", end.into())]).into())
}

fn keeper(plan: Object, value: usize) -> Object {
    with(plan, "keepers", object([("release", value.to_string().into())]).into())
}

/// One of two values, by turns of three runs.
fn turns<T>(number: usize, one: T, other: T) -> T {
    if (number / 3).is_multiple_of(2) { one } else { other }
}

/// Each of them is a year of runs; the numbers beside it are how often it rotates and how many days old a key gets at most.
pub(crate) fn all() -> Vec<Program> {
    let mut all = by_period();
    all.extend(by_age());
    all.extend(in_windows());
    all.extend(changed());
    all.extend(by_keepers());
    all
}

fn by_period() -> Vec<Program> {
    let monthly_period = |_| plan([("rotationPeriod", "30d")]);
    let soaking = |_| with(plan([("rotationPeriod", "30d")]), "retirement", object([("soak", "2d".into())]).into());
    vec![
        program("weekly_30d", weekly, monthly_period, (11..=12, 44)),
        program("weekly_90d", weekly, |_| plan([("rotationPeriod", "90d")]), (4..=4, 105)),
        program("daily_at_the_same_minute", daily, monthly_period, (12..=12, 33)),
        program(
            "daily_with_an_overlap_of_22h",
            daily,
            |_| plan([("rotationPeriod", "30d"), ("overlap", "22h")]),
            (12..=12, 32),
        ),
        program("irregular_30d", irregular, monthly_period, (11..=12, 50)),
        program("monthly_90d", monthly, |_| plan([("rotationPeriod", "90d")]), (4..=4, 151)),
        program("weekly_with_a_soak", weekly, soaking, (11..=12, 52)),
        program("busy_12h", busy, |_| plan([("rotationPeriod", "12h"), ("overlap", "1h")]), (59..=60, 1)),
        program(
            "anchor_ahead_weekly",
            weekly,
            |_| plan([("rotationPeriod", "30d"), ("rotationAnchor", "2026-07-01T03:00:00Z")]),
            (12..=13, 44),
        ),
        program(
            "anchor_ahead_nightly",
            nightly,
            |_| plan([("rotationPeriod", "30d"), ("rotationAnchor", "2026-12-24T03:00:00Z")]),
            (12..=13, 33),
        ),
        program(
            "anchor_long_past",
            daily,
            |_| plan([("rotationPeriod", "30d"), ("rotationAnchor", "2020-02-29T12:30:00+02:00")]),
            (12..=13, 33),
        ),
    ]
}

fn by_age() -> Vec<Program> {
    vec![
        program("max_age_alone_daily", daily, |_| object([("maxAge", "90d".into())]), (4..=4, 90)),
        program(
            "max_age_alone_weekly",
            weekly,
            |_| object([("maxAge", "90d".into()), ("runEvery", "7d".into())]),
            (4..=5, 90),
        ),
        program(
            "max_age_alone_irregular",
            irregular,
            |_| object([("maxAge", "60d".into()), ("runEvery", "9d".into())]),
            (8..=10, 60),
        ),
        program(
            "max_age_alone_monthly",
            monthly,
            |_| object([("maxAge", "180d".into()), ("runEvery", "30d".into())]),
            (3..=4, 180),
        ),
    ]
}

fn in_windows() -> Vec<Program> {
    let nights = |plan| window(plan, &["tue", "wed"], "02:00", "05:00");
    let friday = |plan| window(plan, &["fri"], "22:00", "02:00");
    vec![
        program("window_hit_nightly", nightly, move |_| nights(plan([("rotationPeriod", "30d")])), (10..=12, 45)),
        program("window_missed_by_every_run", daily, move |_| nights(plan([("rotationPeriod", "30d")])), (0..=0, 366)),
        program("window_hit_with_max_age", nightly, move |_| nights(object([("maxAge", "90d".into())])), (4..=5, 90)),
        program(
            "window_missed_with_max_age",
            daily,
            move |_| nights(with(plan([("maxAge", "60d")]), "rotationPeriod", "30d".into())),
            (5..=9, 60),
        ),
        program(
            "window_over_midnight",
            before_midnight,
            move |_| friday(plan([("rotationPeriod", "30d")])),
            (9..=12, 52),
        ),
    ]
}

fn changed() -> Vec<Program> {
    let mut suspended =
        program("suspended_for_half_a_year", weekly, |_| plan([("rotationPeriod", "30d")]), (5..=7, 220));
    suspended.ignores = Box::new(|number| (10..36).contains(&number));
    let spelling = |number: usize| ["90d", "P90D", "2160h"][number % 3].to_owned();
    vec![
        program(
            "period_changed_at_each_third_run",
            weekly,
            |number| plan([("rotationPeriod", turns(number, "30d", "45d"))]),
            (6..=12, 80),
        ),
        program(
            "anchor_changed_at_each_third_run",
            weekly,
            |number| {
                plan([
                    ("rotationPeriod", "30d"),
                    ("rotationAnchor", turns(number, "2026-01-01T00:00:00Z", "2026-01-12T00:00:00Z")),
                ])
            },
            (6..=12, 80),
        ),
        program(
            "all_changed_at_each_third_run_with_max_age",
            weekly,
            |number| {
                let anchor = turns(number, "2026-01-01T00:00:00Z", "2026-01-12T00:00:00Z");
                let period = turns(number, "30d", "45d");
                plan([("rotationPeriod", period), ("rotationAnchor", anchor), ("maxAge", "61d"), ("runEvery", "7d")])
            },
            (7..=12, 61),
        ),
        program(
            "respelled_in_each_run",
            weekly,
            move |number| with(plan([]), "rotationPeriod", spelling(number).into()),
            (4..=4, 105),
        ),
        suspended,
    ]
}

fn by_keepers() -> Vec<Program> {
    let defers = |mut program: Program| {
        program.expected.defers = true;
        program
    };
    vec![
        defers(program("keepers_changed_daily", daily, |number| keeper(plan([]), number), (180..=183, 5))),
        program(
            "keepers_changed_daily_with_an_overlap_of_22h",
            daily,
            |number| keeper(plan([("overlap", "22h")]), number),
            (365..=365, 3),
        ),
        program(
            "keepers_changed_weekly_beside_a_period",
            weekly,
            |number| keeper(plan([("rotationPeriod", "30d")]), number),
            (52..=52, 15),
        ),
    ]
}
