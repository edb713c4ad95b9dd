//! The program on README's first screen, saved and run as its reader would.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::{Known, Scene};

/// README's first block of code.
fn first_program() -> Result<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(readme).context("cannot read README.md")?;
    let (_, rest) = readme.split_once("\n```").context("README has no block of code")?;
    let (language, rest) = rest.split_once('\n').context("README's first block has no line")?;
    ensure!(language == "yaml", "README's first block is in {language}, not in yaml");
    let (program, _) = rest.split_once("\n```").context("README's first block has no end")?;
    Ok(format!("{program}\n"))
}

#[test]
fn the_first_program_of_the_readme_creates_rotates_and_deletes_a_key_as_it_says() -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for the program")?;
    fs::write(folder.path().join("Pulumi.yaml"), first_program()?).context("cannot write the program")?;
    let scene = Scene::of_program(folder.path())?;
    scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "eu-central-1"])?.expect_success()?;

    scene.up()?;
    let first = scene.expect_known()?;
    ensure!(scene.work.output("accessKeyId")?.as_deref() == Some(&*first.current), "the key's id is not shown");
    ensure!(scene.work.output("secretAccessKey")?.as_deref() == Some("[secret]"), "the secret is shown, or missing");
    scene.work.expect_quiet()?;

    scene.wait_hours(24 * 90 + 1)?;
    scene.up()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2, "after 90 days there is generation {}", second.generation);
    ensure!(second.previous == Some((first.current.clone(), first.secret)), "the first key is not kept: {second:?}");

    scene.wait_hours(26)?;
    scene.up()?;
    let third = scene.expect_known()?;
    ensure!(third == Known { previous: None, ..second }, "the first key is not deleted: {third:?}");
    scene.expect_destroyed()
}
