//! `cargo xtask demo`: builds what is missing, then lets the engine harness show the life of a key.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{cargo, stage, tools};

/// Shows the demo on the terminal.
///
/// # Errors
/// When something cannot be built or started. A demo that fails is an exit code.
pub(crate) fn run() -> Result<ExitCode> {
    let engine = tools::cli::folder()?;
    let what = "building the plugin and the stand-in of AWS (a few minutes, once)";
    let packages = ["-p", "plugin", "-p", "localcloud", "-p", "engine", "--bins", "--features", cargo::TEST_CLOCK];
    let built = cargo::build(what, "build-demo", &packages)?;
    let status = Command::new(cargo::program(&built, "demo")?)
        .env("KEYROTATION_PULUMI", engine)
        .env("KEYROTATION_PLUGIN", stage::settled(cargo::program(&built, "pulumi-resource-keyrotation")?)?)
        .env("KEYROTATION_LOCALCLOUD", stage::settled(cargo::program(&built, "localcloud")?)?)
        .status()
        .context("cannot start the demo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
