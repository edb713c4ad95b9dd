//! The release archive: what is in it, and that Pulumi takes it and works with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use engine::{Downloads, Scene, Tools};
use serde_json::{Value, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PROGRAM: &str = "pulumi-resource-keyrotation";
/// Only a plugin that reads the test clock contains this name.
const TEST_CLOCK: &[u8] = b"KEYROTATION_TEST_CLOCK";

fn archive() -> Result<PathBuf> {
    let archive = std::env::var_os("KEYROTATION_ARCHIVE").map(PathBuf::from);
    archive.context("KEYROTATION_ARCHIVE is not set: run this by `cargo xtask test dist`")
}

fn unpack(into: &Path) -> Result<PathBuf> {
    let status =
        Command::new("tar").arg("--extract").arg("--file").arg(archive()?).arg("--directory").arg(into).status();
    ensure!(status.context("cannot start tar")?.success(), "the archive cannot be unpacked");
    Ok(into.join(PROGRAM))
}

fn has_test_clock(program: &Path) -> Result<bool> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    Ok(bytes.windows(TEST_CLOCK.len()).any(|window| window == TEST_CLOCK))
}

/// Installs the plugin from there, in place of the one under test.
fn install(scene: &Scene, from: &[&str]) -> Result<()> {
    scene.work.run(&["plugin", "rm", "resource", "keyrotation", "--yes"])?.expect_success()?;
    scene.work.run(&[&["plugin", "install", "resource", "keyrotation", VERSION], from].concat())?.expect_success()?;
    Ok(())
}

/// Makes a key with the plugin that is installed, and deletes it.
fn make_a_key(scene: &Scene) -> Result<()> {
    scene.up()?;
    ensure!(!scene.work.logged()?, "the tested plugin was used and not the released one");
    scene.expect_known()?;
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn the_released_plugin_has_no_test_clock_and_the_tested_one_has() -> Result<()> {
    let folder = tempfile::tempdir()?;
    ensure!(!has_test_clock(&unpack(folder.path())?)?, "the release reads a test clock");
    ensure!(has_test_clock(&Tools::from_environment()?.plugin)?, "the tested plugin reads no test clock");
    Ok(())
}

#[test]
fn pulumi_installs_the_archive_and_makes_a_key_with_it() -> Result<()> {
    let scene = Scene::start()?;
    install(&scene, &["--file", &archive()?.display().to_string()])?;
    let listed = scene.work.run(&["plugin", "ls", "--json"])?.expect_success()?;
    let listed: Value = serde_json::from_str(&listed.text).context("the list of plugins is no JSON")?;
    ensure!(listed[0]["name"] == "keyrotation" && listed[0]["version"] == VERSION, "installed is {listed}");

    scene.declare(json!({ "keepers": { "release": "1" }, "verification": { "successes": 1 } }))?;
    make_a_key(&scene)
}

#[test]
fn pulumi_installs_the_archive_from_the_server_of_a_publisher() -> Result<()> {
    let (scene, archive) = (Scene::start()?, archive()?);
    let server = Downloads::of(&archive)?;
    install(&scene, &["--server", &server.url()])?;
    let name = archive.file_name().context("an archive without a name")?.to_string_lossy().into_owned();
    ensure!(server.asked() == [format!("/{name}")], "the CLI asked for {:?}", server.asked());
    let wrong = ["--server", &server.url(), "--checksum", &"0".repeat(64), "--reinstall"];
    let refused = scene.work.run(&[&["plugin", "install", "resource", "keyrotation", VERSION][..], &wrong].concat())?;
    ensure!(!refused.success, "an archive with another checksum was installed: {}", refused.text);
    scene.declare(json!({ "verification": { "successes": 1 } }))?;
    make_a_key(&scene)
}

#[test]
fn a_run_downloads_the_plugin_that_its_program_names() -> Result<()> {
    let (scene, archive) = (Scene::start()?, archive()?);
    let server = Downloads::of(&archive)?;
    scene.work.run(&["plugin", "rm", "resource", "keyrotation", "--yes"])?.expect_success()?;
    scene.work.set("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "false");
    scene.declare(json!({ "verification": { "successes": 1 } }))?;
    scene.work.edit_program(|program| {
        let key = &mut program["resources"]["key"];
        key["options"]["version"] = json!(VERSION);
        key["options"]["pluginDownloadURL"] = json!(server.url());
    })?;
    make_a_key(&scene)?;
    ensure!(server.asked().iter().any(|path| path.ends_with(".tar.gz")), "nothing was downloaded");
    Ok(())
}

#[test]
fn package_add_takes_the_installed_archive_and_the_program_in_it() -> Result<()> {
    let scene = Scene::start()?;
    install(&scene, &["--file", &archive()?.display().to_string()])?;
    let folder = tempfile::tempdir()?;
    let program = unpack(folder.path())?.display().to_string();
    let sdks = scene.work.project().join("sdks");
    for source in [format!("keyrotation@{VERSION}"), program] {
        scene.work.run(&["package", "add", &source])?.expect_success()?;
        let written = sdks.join(format!("keyrotation/keyrotation-{VERSION}.yaml"));
        ensure!(written.is_file(), "from {source}, there is no {}", written.display());
        fs::remove_dir_all(&sdks).context("cannot remove what was generated")?;
    }
    scene.declare(json!({ "verification": { "successes": 1 } }))?;
    scene.up()?;
    scene.expect_known()?;
    scene.expect_destroyed()
}
