//! A Python with the packages that tests compare against.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::job::Job;
use crate::paths;

/// The interpreter of a virtual environment with exactly what xtask/python/requirements.txt pins.
///
/// # Errors
/// When there is no Python 3 with venv, or a package cannot be had.
pub(crate) fn interpreter() -> Result<PathBuf> {
    Ok(environment("python", "requirements.txt", "fetching Python packages (about a minute, once)")?.join("bin/python"))
}

/// The same with Oracle's SDK, which takes half a gigabyte and so has an environment of its own.
///
/// # Errors
/// As [`interpreter`].
pub(crate) fn with_oci() -> Result<PathBuf> {
    let what = "fetching Oracle's SDK for Python (a minute or two, once)";
    Ok(environment("python-oci", "oci-requirements.txt", what)?.join("bin/python"))
}

/// The same with Pulumi's library for policies.
///
/// # Errors
/// As [`interpreter`].
pub(crate) fn for_policies() -> Result<PathBuf> {
    Ok(environment("policies", "policies-requirements.txt", "fetching Pulumi's library for policies (once)")?
        .join("bin/python"))
}

/// The folder with cargo-zigbuild and Zig, which link for other machines.
///
/// # Errors
/// As [`interpreter`].
pub(crate) fn for_cross_builds() -> Result<PathBuf> {
    let what = "fetching Zig and cargo-zigbuild (half a minute, once)";
    Ok(environment("cross", "cross-requirements.txt", what)?.join("bin"))
}

/// The interpreter that has yamllint.
///
/// # Errors
/// As [`interpreter`].
pub(crate) fn with_yamllint() -> Result<PathBuf> {
    Ok(environment("yamllint", "yamllint-requirements.txt", "fetching yamllint (seconds, once)")?.join("bin/python"))
}

/// A virtual environment, called `name` in the cache, with exactly what this file of xtask/python pins.
///
/// # Errors
/// When there is no Python 3 with venv, or a package cannot be had.
pub(crate) fn environment(name: &str, requirements: &str, what: &str) -> Result<PathBuf> {
    let requirements = paths::root().join("xtask/python").join(requirements);
    let print = paths::fingerprint(std::slice::from_ref(&requirements))?;
    let folder = paths::cache()?.join(format!("{name}-{print}"));
    let complete = folder.join("complete");
    if !complete.is_file() {
        let _lock = paths::lock_cache()?;
        if !complete.is_file() {
            install(&folder, &requirements, what)?;
            fs::write(&complete, "").with_context(|| format!("cannot write {}", complete.display()))?;
        }
    }
    Ok(folder)
}

/// A virtual environment cannot be renamed into place, as its scripts name it; so a file marks it as complete.
fn install(folder: &Path, requirements: &Path, what: &str) -> Result<()> {
    if Command::new("python3").arg("--version").output().is_err() {
        bail!("the tests need Python 3 (3.10 or later, with venv) as `python3`; the demo does not");
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Job::new("making a Python environment", paths::log("python-venv")?)
        .run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    // Compiling all that is there takes minutes; Python compiles what is used.
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile", "--requirement"])
        .arg(requirements);
    Job::new(what, paths::log("python-packages")?).run(&mut pip)?;
    Ok(())
}
