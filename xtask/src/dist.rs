//! `cargo xtask dist`: the archive that users install.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::job::Job;
use crate::paths;

/// The variable that only a plugin built for tests reads, and whose name therefore only such a
/// plugin contains.
const TEST_MARK: &[u8] = b"KEYROTATION_TEST_CLOCK";
const PROGRAM: &str = "pulumi-resource-keyrotation";

/// Builds the archive and prints where it is.
///
/// # Errors
/// As [`archive`].
pub(crate) fn run() -> Result<ExitCode> {
    println!("{}", archive()?.display());
    Ok(ExitCode::SUCCESS)
}

/// The archive as it is released.
///
/// # Errors
/// When the release does not build, or holds the test clock.
pub(crate) fn archive() -> Result<PathBuf> {
    pack(&release()?, &paths::target().join("dist"))
}

/// An archive for tests of what Pulumi does with one: its program is the release's but for the optimisation, which takes most of a
/// release's minutes. Building the tests afterwards puts their plugin back to where cargo puts programs.
///
/// # Errors
/// As [`archive`].
pub(crate) fn unoptimised_archive() -> Result<PathBuf> {
    let packages = ["--workspace", "--bins", "--examples"];
    let built = cargo::build("building the plugin without the test clock", "build-archive", &packages)?;
    pack(cargo::program(&built, PROGRAM)?, &paths::target().join("xtask/dist"))
}

/// Makes `pulumi-resource-keyrotation-v<version>-<os>-<arch>.tar.gz` in a folder, with the program at its root.
/// The same program gives the same bytes.
fn pack(program: &Path, folder: &Path) -> Result<PathBuf> {
    refuse_test_clock(program)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let archive = folder.join(format!("{PROGRAM}-v{}-{}-{}.tar.gz", env!("CARGO_PKG_VERSION"), os()?, arch()?));
    let mut tar = Command::new("tar");
    tar.args([
        "--create",
        "--gzip",
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--file",
    ])
    .arg(&archive);
    tar.arg("--directory").arg(program.parent().context("a program without a folder")?).arg(PROGRAM);
    tar.arg("--directory").arg(paths::root()).arg("LICENSE");
    Job::new("packing the archive", paths::log("dist-tar")?).run(&mut tar)?;
    Ok(archive)
}

/// The plugin as it is released: no test feature, optimised, stripped.
///
/// # Errors
/// When it does not build.
pub(crate) fn release() -> Result<PathBuf> {
    let packages = ["--release", "--package", "plugin", "--bin", PROGRAM];
    let built = cargo::build("building the release of the plugin (several minutes, once)", "build-release", &packages)?;
    Ok(cargo::program(&built, PROGRAM)?.to_path_buf())
}

fn refuse_test_clock(program: &Path) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    if contains(&bytes, TEST_MARK) {
        bail!("{} was built with the test clock; a release must not be", program.display());
    }
    Ok(())
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// The system's name as Pulumi spells it.
fn os() -> Result<&'static str> {
    match std::env::consts::OS {
        "linux" => Ok("linux"),
        "macos" => Ok("darwin"),
        other => bail!("no archive is made for {other}"),
    }
}

/// The processor's name as Pulumi spells it.
fn arch() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("no archive is made for {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_wherever_it_stands() {
        assert!(contains(b"..KEYROTATION_TEST_CLOCK..", TEST_MARK));
        assert!(contains(b"KEYROTATION_TEST_CLOCK", TEST_MARK));
        assert!(!contains(b"KEYROTATION_TEST_CLOC", TEST_MARK));
        assert!(!contains(b"", TEST_MARK));
    }
}
