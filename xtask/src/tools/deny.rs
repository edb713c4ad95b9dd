//! cargo-deny, which holds the dependencies to deny.toml.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo;
use crate::job::Job;
use crate::paths;

const VERSION: &str = "0.20.2";

/// The program, built and installed into the cache first if it is missing.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn program() -> Result<PathBuf> {
    let folder = paths::cache()?.join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    let _lock = paths::lock_cache()?;
    if program.is_file() {
        return Ok(program);
    }
    // Neither optimised nor with what a debugger reads: it runs for a second, and both take minutes.
    let mut install = cargo::command();
    install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
    install.args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--root"]).arg(&folder);
    Job::new("building cargo-deny (about 3 minutes, once)", paths::log("cargo-deny-install")?)
        .run(install.current_dir(paths::cache()?))?;
    program.is_file().then_some(program).context("cargo install put no cargo-deny where it was told to")
}
