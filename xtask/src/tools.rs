//! The programs that builds and tests need beside Rust, each had once and kept in the cache.

pub(crate) mod actionlint;
pub(crate) mod cli;
pub(crate) mod confluent_walk;
pub(crate) mod debian;
pub(crate) mod deny;
pub(crate) mod emulators;
pub(crate) mod go;
pub(crate) mod go_program;
pub(crate) mod hosts;
pub(crate) mod installed;
pub(crate) mod mariadb;
pub(crate) mod maven;
pub(crate) mod mutants;
pub(crate) mod node;
pub(crate) mod oci_walk;
pub(crate) mod openbao;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod python_host;
pub(crate) mod recipes;
pub(crate) mod sdk;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths;

/// A folder in the cache, called after `name` and what stands in these files of `source`: a copy of them, and what `install` makes of it.
/// That is done once. What is installed may name its own place, so that it is not renamed into it; a file marks it as complete.
///
/// # Errors
/// When a file cannot be copied, or what `install` says.
fn installed(name: &str, source: &Path, files: &[&str], install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let pins: Vec<PathBuf> = files.iter().map(|file| source.join(file)).collect();
    let folder = paths::cache()?.join(format!("{name}-{}", paths::fingerprint(&pins)?));
    let complete = folder.join("complete");
    if complete.is_file() {
        return Ok(folder);
    }
    let _lock = paths::lock_cache()?;
    if complete.is_file() {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    for file in files {
        let place = folder.join(file);
        let made = place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(source.join(file), &place));
        made.with_context(|| format!("cannot write {}", place.display()))?;
    }
    install(&folder)?;
    fs::write(&complete, "").with_context(|| format!("cannot write {}", complete.display()))?;
    Ok(folder)
}
