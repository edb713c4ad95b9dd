//! `cargo xtask bench`: figures of the release build, measured by the program `wire`.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{cargo, dist};

/// Measures everything, or one figure's group, and prints a table.
///
/// # Errors
/// When something does not build or start. A missed target is an exit code.
pub(crate) fn run(name: Option<&str>) -> Result<ExitCode> {
    let plugin = dist::release()?;
    let measuring = cargo::build(
        "building the measuring program (a few minutes, once)",
        "build-wire",
        &["--release", "-p", "wire"],
    )?;
    let status = Command::new(cargo::program(&measuring, "wire")?)
        .arg("bench")
        .arg(plugin)
        .args(name)
        .status()
        .context("cannot start the measuring program")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
