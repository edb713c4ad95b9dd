//! Programs that `cargo install` builds.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo;
use crate::job::Job;
use crate::paths;

/// A program of this package and version, built and installed into the cache first if it is missing.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn program(package: &str, version: &str) -> Result<PathBuf> {
    // Not optimized: it runs for a second, and optimizing takes minutes.
    built(package, version, "0", &[])
}

/// The same of one that has much to compute, with a feature that it does not have by default.
///
/// # Errors
/// As [`program`].
pub(crate) fn optimized(package: &str, version: &str, feature: &str) -> Result<PathBuf> {
    built(package, version, "2", &["--features", feature])
}

fn built(package: &str, version: &str, optimization: &str, more: &[&str]) -> Result<PathBuf> {
    let folder = paths::cache()?.join(format!("{package}-{version}"));
    let program = folder.join("bin").join(package);
    if program.is_file() {
        return Ok(program);
    }
    let _lock = paths::lock_cache()?;
    if program.is_file() {
        return Ok(program);
    }
    let mut install = cargo::command();
    install
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", optimization)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0");
    install.args(["install", package, "--version", version, "--locked", "--debug", "--root"]).arg(&folder);
    install.args(more);
    Job::new(format!("building {package} (about 3 minutes, once)"), paths::log(&format!("{package}-install"))?)
        .run(install.current_dir(paths::cache()?))?;
    program.is_file().then_some(program).with_context(|| format!("cargo install put no {package} where it was told to"))
}
