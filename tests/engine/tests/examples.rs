//! Every program in examples/ does what it says: up, nothing more to do, destroy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use engine::Scene;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let trials = folders()?.into_iter().map(trial).collect::<Result<Vec<_>>>()?;
    libtest_mimic::run(&arguments, trials).exit();
}

/// The folders of all programs.
fn folders() -> Result<Vec<PathBuf>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut folders = Vec::new();
    for entry in fs::read_dir(&examples).context("there are no examples")? {
        let path = entry.context("cannot list the examples")?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    ensure!(!folders.is_empty(), "there are no examples");
    Ok(folders)
}

fn trial(folder: PathBuf) -> Result<Trial> {
    let name = folder.file_name().context("a folder without a name")?.to_string_lossy().into_owned();
    Ok(Trial::test(name.clone(), move || run(&name, &folder).map_err(|error| Failed::from(format!("{error:#}")))))
}

fn run(name: &str, folder: &Path) -> Result<()> {
    match name.split_once('-') {
        Some(("aws", "yaml")) => {}
        _ => bail!("nobody has said how the example {name} is run"),
    }
    let scene = Scene::of_program(folder)?;
    scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "us-east-1"])?.expect_success()?;
    scene.up()?;
    let known = scene.expect_known()?;
    scene.work.expect_quiet()?;
    let shown = scene.work.run(&["stack", "output", "accessKeyId"])?.expect_success()?;
    ensure!(shown.text.trim() == known.current, "the output accessKeyId is {:?}", shown.text);
    scene.expect_destroyed()
}
