//! MariaDB: the machine's own, or Debian's in the cache.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::tools::debian;

const PROGRAMS: [&str; 3] = ["mariadb-install-db", "mariadbd", "mariadb"];

/// The folder whose `bin` and `sbin` hold `mariadb-install-db`, `mariadbd` and `mariadb`.
///
/// # Errors
/// When the machine has none and Debian's packages cannot be had.
pub(crate) fn folder() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = std::env::split_paths(&path).filter_map(|folder| folder.parent().map(Path::to_path_buf));
    if let Some(folder) = beside.into_iter().find(|folder| is_complete(folder)) {
        return Ok(folder);
    }
    let folder = debian::unpacked("mariadb", &["mariadb-server-core", "mariadb-client-core"])?.join("usr");
    if !is_complete(&folder) {
        bail!("Debian's packages of MariaDB hold no server");
    }
    Ok(folder)
}

fn is_complete(folder: &Path) -> bool {
    let has = |program: &&str| ["bin", "sbin"].iter().any(|part| folder.join(part).join(program).is_file());
    PROGRAMS.iter().all(has)
}
