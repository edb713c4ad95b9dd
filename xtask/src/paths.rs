//! Where things lie: the work tree, the build folder, and the cache outside of both.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The root of the work tree.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The files of the work tree that fit one of these patterns, as git knows them: those that it ignores, and those that are gone, are left out.
///
/// # Errors
/// When git cannot list them.
pub(crate) fn files(patterns: &[&str]) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).args(patterns);
    let listed = git.current_dir(root()).output().context("git cannot be run")?;
    ensure!(listed.status.success(), "git cannot list the files: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
    Ok(names.lines().filter(|file| root().join(file).is_file()).map(str::to_owned).collect())
}

/// The file below the build folder that keeps the output of one piece of work.
///
/// # Errors
/// When the folder cannot be made.
pub(crate) fn log(name: &str) -> Result<PathBuf> {
    let folder = target().join("xtask/logs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.join(format!("{name}.log")))
}

/// The folder for tools that are built or fetched once: `$KEYROTATION_CACHE`, else
/// `$XDG_CACHE_HOME/keyrotation`, else `~/.cache/keyrotation`. It is made if it is missing.
///
/// # Errors
/// When none of the three variables is set, or the folder cannot be made.
pub(crate) fn cache() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("KEYROTATION_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|base| base.join("keyrotation")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/keyrotation")))
        .context("no place to keep built tools: set KEYROTATION_CACHE to a folder")?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the cache folder {}", folder.display()))?;
    Ok(folder)
}

/// Keeps other runs from changing the cache until it is dropped.
pub(crate) struct CacheLock {
    _file: File,
}

/// Waits until no other run changes the cache, and says so if it has to wait.
///
/// # Errors
/// When the lock file cannot be made or locked.
pub(crate) fn lock_cache() -> Result<CacheLock> {
    let path = cache()?.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another run that is preparing the same tools ...");
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    Ok(CacheLock { _file: file })
}

/// Sixteen hexadecimal digits that change when any of the files does.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn fingerprint(files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_any_file_and_with_their_borders() {
        let folder = target().join("xtask/fingerprint-test");
        fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("one"), folder.join("two"));
        let print = |first: &str, second: &str| {
            fs::write(&one, first).unwrap();
            fs::write(&two, second).unwrap();
            fingerprint(&[one.clone(), two.clone()]).unwrap()
        };
        let base = print("ab", "cd");
        assert_eq!(base.len(), 16);
        assert_eq!(base, print("ab", "cd"));
        assert_ne!(base, print("ab", "ce"));
        assert_ne!(base, print("abc", "d"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
