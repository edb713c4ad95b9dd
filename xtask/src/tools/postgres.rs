//! PostgreSQL: the machine's own, or Debian's in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::tools::debian;

const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

/// The folder with `initdb`, `postgres` and `psql`.
///
/// # Errors
/// When the machine has none and Debian's packages cannot be had.
pub(crate) fn folder() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).chain(versions(Path::new("/usr")));
    if let Some(folder) = installed.into_iter().find(|folder| is_complete(folder)) {
        return Ok(folder);
    }
    let unpacked = debian::unpacked("postgresql", &["postgresql"])?;
    let folder = versions(&unpacked.join("usr")).into_iter().find(|folder| is_complete(folder));
    folder.context("Debian's package postgresql holds no server")
}

/// Where Debian keeps the programs of each version, the newest first.
fn versions(usr: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(usr.join("lib/postgresql")).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn is_complete(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}
