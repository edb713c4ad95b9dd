//! Years of platform teams by the real engine: a preview and an `up` for each run, in virtual time.
#![allow(clippy::print_stdout, reason = "the lane prints what was counted")]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use engine::{Scene, TOKEN, USER};
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

const DAY: u64 = 24;

fn main() {
    let arguments = Arguments::from_args();
    let trials = programs().into_iter().map(|program| {
        Trial::test(format!("time_year_{}", program.name), move || {
            lived(&program).map_err(|error| Failed::from(format!("{error:#}")))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// A program that runs every so many hours.
struct Program {
    name: &'static str,
    runs: usize,
    every: u64,
    inputs: fn(usize) -> Value,
    rotations: std::ops::RangeInclusive<u64>,
    /// The age that no key may reach, in days.
    oldest: i32,
    defers: bool,
}

fn programs() -> Vec<Program> {
    vec![
        Program {
            name: "max_age_alone_weekly",
            runs: 53,
            every: 7 * DAY,
            inputs: |_| json!({ "maxAge": "90d", "runEvery": "7d" }),
            rotations: 4..=5,
            oldest: 90,
            defers: false,
        },
        Program {
            name: "monthly_with_an_anchor_ahead",
            runs: 13,
            every: 30 * DAY,
            inputs: |_| json!({ "rotationPeriod": "90d", "rotationAnchor": "2090-01-01T00:00:00Z" }),
            rotations: 4..=5,
            oldest: 151,
            defers: false,
        },
        Program {
            name: "every_second_day_in_a_window",
            runs: 40,
            every: 2 * DAY,
            inputs: |_| {
                let window = json!({ "days": ["mon", "wed", "fri"], "start": "00:00", "end": "23:59" });
                json!({ "rotationPeriod": "10d", "overlap": "22h", "rotationWindow": window })
            },
            rotations: 5..=8,
            oldest: 20,
            defers: false,
        },
        Program {
            name: "keepers_changed_daily",
            runs: 14,
            every: 20,
            inputs: |run| json!({ "overlap": "1d", "keepers": { "release": run.to_string() } }),
            rotations: 6..=7,
            oldest: 5,
            defers: true,
        },
    ]
}

#[derive(Default)]
struct Counts {
    oldest: SignedDuration,
    needless: Vec<String>,
    differing: Vec<String>,
    deferred: usize,
}

fn lived(program: &Program) -> Result<()> {
    let scene = Scene::start()?;
    let mut counts = Counts::default();
    let mut before: Option<(Value, BTreeMap<String, bool>)> = None;
    let mut generation = 0;
    for run in 0..program.runs {
        let inputs = (program.inputs)(run);
        scene.declare(inputs.clone())?;
        let said = scene.work.run(&["preview", "--diff"])?.expect_success()?.text;
        let done = scene.work.run(&["up", "--yes", "--skip-preview"])?.expect_success()?.text;
        let keys = keys(&scene)?;
        let place = format!("run {run}");
        let (says_change, changed) = (!said.contains("unchanged"), !done.contains("unchanged"));
        let waits = done.contains(" waits because ");
        let is_same = before.as_ref().is_some_and(|(given, shown)| *given == inputs && *shown == keys);
        if changed && is_same && !waits {
            counts.needless.push(format!("{place}: {done}"));
        }
        if says_change != changed || waits != said.contains(" waits because ") {
            counts.differing.push(format!("{place}: {said}\n{done}"));
        }
        let now_at = scene.work.state()?.output(TOKEN, "/generation")?.as_u64().context("no generation")?;
        // Create announces itself; every later key and every end of one must have a line with the reason.
        if run > 0 && (now_at != generation) != said.contains("a new key will be created: ") {
            counts.differing.push(format!("{place}: generation {now_at}: {said}"));
        }
        let gone = before.iter().flat_map(|(_, shown)| shown.keys()).filter(|id| !keys.contains_key(*id));
        counts.differing.extend(
            gone.filter(|id| !said.contains(&format!("key {id} will be deleted")))
                .map(|id| format!("{place}: {id} went unannounced")),
        );
        generation = now_at;
        counts.deferred += usize::from(waits);
        scene.wait_hours(program.every)?;
        counts.oldest = counts.oldest.max(oldest(&scene)?);
        before = Some((inputs, keys));
    }
    let rotations = generation - 1;
    println!(
        "time: engine {}: {} runs, {rotations} rotations, oldest key {} d, {} needless updates, {} previews that differ, {} deferred, 0 failed",
        program.name,
        program.runs,
        counts.oldest.as_hours() / 24,
        counts.needless.len(),
        counts.differing.len(),
        counts.deferred
    );
    ensure!(program.rotations.contains(&rotations), "{rotations} rotations");
    ensure!(counts.oldest <= SignedDuration::from_hours(24) * program.oldest, "a key of {}", counts.oldest);
    ensure!((counts.deferred > 0) == program.defers, "{} deferred runs", counts.deferred);
    if let Some(wrong) = counts.needless.first().or_else(|| counts.differing.first()) {
        bail!("{wrong}");
    }
    scene.clock.advance(Duration::from_secs(3600))?;
    scene.expect_destroyed()
}

fn keys(scene: &Scene) -> Result<BTreeMap<String, bool>> {
    Ok(scene.cloud.keys(USER).into_iter().map(|key| (key.id, key.active)).collect())
}

fn oldest(scene: &Scene) -> Result<SignedDuration> {
    let now: Timestamp = scene.clock.now()?;
    Ok(scene.cloud.keys(USER).iter().map(|key| now.duration_since(key.created)).max().unwrap_or_default())
}
