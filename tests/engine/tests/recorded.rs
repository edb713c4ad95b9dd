//! State that released versions wrote must be read by every later one: previewed at the time it was written, it is quiet.
//!
//! `tests/recorded/<version>.json` is a stack's export, with the secrets of a stand-in that is long gone. A new version adds its
//! own with `KEYROTATION_RECORD=<version>`; those that are there are never changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use engine::{Scene, TOKEN};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

#[test]
fn state_of_every_recorded_version_is_read_without_a_change() -> Result<()> {
    if let Ok(version) = std::env::var("KEYROTATION_RECORD") {
        return record(&folder().join(format!("{version}.json")));
    }
    let mut read = 0;
    for entry in fs::read_dir(folder())? {
        quiet(&entry?.path())?;
        read += 1;
    }
    ensure!(read > 0, "no recorded state");
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

/// A key in its overlap: current, previous, keepers of which one is secret, and a period.
fn inputs() -> Value {
    json!({
        "keepers": { "release": "2" }, "rotationPeriod": "90d", "overlap": "2d", "sesRegion": "eu-central-1",
        "verification": { "successes": 2 }, "retirement": { "soak": "1d", "quietPeriod": "6h" },
    })
}

fn record(file: &Path) -> Result<()> {
    let scene = Scene::start()?;
    let mut first = inputs();
    first["keepers"]["release"] = "1".into();
    scene.declare(first)?;
    scene.up()?;
    scene.declare(inputs())?;
    scene.up()?;
    scene.work.expect_quiet()?;
    scene.work.run(&["stack", "export", "--show-secrets", "--file", &file.display().to_string()])?.expect_success()?;
    Ok(())
}

fn quiet(file: &Path) -> Result<()> {
    let recorded: Value = serde_json::from_slice(&fs::read(file)?)?;
    let resources = recorded["deployment"]["resources"].as_array().context("no resources")?;
    let key = resources.iter().find(|resource| resource["type"] == TOKEN).context("no key")?;
    let promoted: Timestamp = key["outputs"]["previous"]["supersededAt"].as_str().context("no previous")?.parse()?;
    let scene = Scene::start()?;
    scene.declare(inputs())?;
    scene.set_time(promoted + SignedDuration::from_mins(1))?;
    let file = file.display().to_string();
    scene.work.run(&["stack", "import", "--file", &file])?.expect_success()?;
    scene.work.expect_quiet()?;
    ensure!(scene.cloud.calls().is_empty(), "reading state called AWS");
    Ok(())
}
