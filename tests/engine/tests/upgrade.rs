//! From the plugin of an earlier commit to this one, and back, by archives that Pulumi installs.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use engine::Scene;
use serde_json::json;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An archive that `cargo xtask test upgrade` has made.
fn archive(variable: &str) -> Result<String> {
    let archive = std::env::var_os(variable).map(PathBuf::from);
    let archive = archive.with_context(|| format!("{variable} is not set: run this by `cargo xtask test upgrade`"))?;
    Ok(archive.display().to_string())
}

fn install(scene: &Scene, variable: &str) -> Result<()> {
    scene.work.run(&["plugin", "rm", "resource", "keyrotation", "--yes"])?.expect_success()?;
    let from = archive(variable)?;
    scene.work.run(&["plugin", "install", "resource", "keyrotation", VERSION, "--file", &from])?.expect_success()?;
    Ok(())
}

fn state_version(scene: &Scene) -> Result<u64> {
    scene.work.state()?.output(engine::TOKEN, "/stateVersion")?.as_u64().context("no stateVersion in the state")
}

#[test]
fn an_upgrade_rotates_nothing_and_a_downgrade_loses_nothing() -> Result<()> {
    let scene = Scene::start()?;
    install(&scene, "KEYROTATION_EARLIER_ARCHIVE")?;
    let inputs = |release: &str| json!({ "keepers": { "release": release }, "verification": { "successes": 1 } });
    scene.declare(inputs("1"))?;
    scene.up()?;
    scene.declare(inputs("2"))?;
    scene.up()?;
    let (before, earlier) = (scene.expect_known()?, state_version(&scene)?);
    ensure!(before.generation == 2 && before.previous.is_some(), "the earlier plugin did not rotate: {before:?}");

    install(&scene, "KEYROTATION_ARCHIVE")?;
    scene.work.expect_quiet()?;
    scene.work.run(&["refresh", "--yes"])?.expect_success()?;
    scene.work.expect_quiet()?;
    ensure!(scene.expect_known()? == before, "the upgrade changed the keys");

    let later = state_version(&scene)?;
    install(&scene, "KEYROTATION_EARLIER_ARCHIVE")?;
    let preview = scene.work.preview()?;
    ensure!(preview.success == (later == earlier), "state {later} under a plugin of {earlier}: {}", preview.text);
    if later > earlier {
        let names = |version: u64| preview.text.contains(&version.to_string());
        ensure!(names(later) && names(earlier), "the refusal does not name both versions: {}", preview.text);
        ensure!(!scene.work.destroy()?.success, "an older plugin destroyed a newer state");
    }
    ensure!(scene.expect_known()? == before, "the downgrade changed the keys");

    install(&scene, "KEYROTATION_ARCHIVE")?;
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}
