//! The policy packs in docs/policies, run by the real engine beside a preview and an update.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use engine::{Scene, TOKEN};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// How the language hosts that come with the CLI start a pack in Python, and one in TypeScript. The engine looks for a program of this name where
/// it has no language host, and gives it its own address and the pack's folder.
const PYTHON: &str = "exec \"$PYTHON\" -u -m pulumi.policy \"$1\" \"$2\"";
const TYPESCRIPT: &str = "exec node node_modules/@pulumi/pulumi/cmd/run-policy-pack \"$1\" \"$2\"";

#[test]
fn time_8_the_pack_in_python_denies_keys_without_an_age_and_overdue_ones() -> Result<()> {
    let (scene, pack) = scene_with_pack("python", PYTHON)?;
    scene.work.set("PYTHON", &engine::place("KEYROTATION_POLICIES", "time")?.display().to_string());
    denies_keys_without_an_age_and_overdue_ones(&scene, &pack)
}

#[test]
fn time_8_the_pack_in_typescript_denies_keys_without_an_age_and_overdue_ones() -> Result<()> {
    let (scene, pack) = scene_with_pack("typescript", TYPESCRIPT)?;
    let packages = engine::place("KEYROTATION_NODE", "time")?;
    symlink(packages.join("node_modules"), PathBuf::from(&pack).join("node_modules"))
        .context("cannot link packages")?;
    denies_keys_without_an_age_and_overdue_ones(&scene, &pack)
}

/// A stand-in, a project, and a copy of the pack in this language, which the engine can start.
fn scene_with_pack(language: &str, start: &str) -> Result<(Scene, String)> {
    let scene = Scene::start()?;
    let pack = scene.work.private("pack");
    engine::copy_sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/policies").join(language), &pack)?;
    let runtime = if language == "typescript" { "nodejs" } else { language };
    let folder = scene.work.private("analyzers");
    fs::create_dir(&folder).context("cannot make a folder for a program")?;
    let program = folder.join(format!("pulumi-analyzer-policy-{runtime}"));
    fs::write(&program, format!("#!/bin/sh\n{start}\n")).context("cannot write a program")?;
    fs::set_permissions(&program, Permissions::from_mode(0o755)).context("cannot make it a program")?;
    let path = std::env::var("PATH").unwrap_or_default();
    let (pulumi, folder) = (scene.work.pulumi().display().to_string(), folder.display().to_string());
    scene.work.set("PATH", &format!("{pulumi}:{folder}:{path}"));
    Ok((scene, pack.display().to_string()))
}

fn denies_keys_without_an_age_and_overdue_ones(scene: &Scene, pack: &str) -> Result<()> {
    let with_pack = |command: &[&str]| scene.work.run(&[command, &["--policy-pack", pack]].concat());
    let denied = |words: &str| with_pack(&["preview"])?.expect_failure()?.expect_text(words);
    scene.declare(json!({}))?;
    denied("key has no `maxAge`: set one, such as \"90d\"")?;

    // The packs read real time, so the key is created a hundred days ago.
    scene.clock.set(now() - SignedDuration::from_hours(2400))?;
    scene.declare(json!({ "maxAge": "90d" }))?;
    scene.up()?;
    let created = scene.work.state()?.output(TOKEN, "/current/createdAt")?;
    let created = created.as_str().context("the current key has no time")?;
    denied(&format!("the current key of key is older than `maxAge` (90d): it was created at {created}"))?;

    // A run that rotates satisfies both rules.
    scene.clock.set(now())?;
    with_pack(&["up", "--yes"])?.expect_success()?;
    ensure!(scene.work.state()?.output(TOKEN, "/generation")? == 2, "the overdue key was not rotated");
    with_pack(&["preview", "--expect-no-changes"])?.expect_success()?;
    scene.expect_destroyed()
}

#[expect(clippy::disallowed_methods, reason = "the packs read real time")]
fn now() -> Timestamp {
    Timestamp::now()
}
