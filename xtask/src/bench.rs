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
    // It is another program, and takes minutes to build: the other groups do without.
    let function = if name.is_none_or(|name| name == "lambda") { Some(dist::function()?) } else { None };
    let measuring = cargo::build(
        "building the measuring program (a few minutes, once)",
        "build-wire",
        &["--release", "-p", "wire"],
    )?;
    let status = Command::new(cargo::program(&measuring, "wire")?)
        .arg("bench")
        .arg(plugin)
        .args(name)
        .envs(function.map(|function| ("KEYROTATION_FUNCTION", function)))
        .status()
        .context("cannot start the measuring program")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
