//! A copy of the sources that may be changed, with a build folder of its own that is kept between runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{cargo, paths};

/// The copy, below the cache folder. Nothing outside of it is ever changed.
pub(crate) struct Tree {
    folder: PathBuf,
    target: PathBuf,
}

impl Tree {
    /// Makes the copy what the work tree is, with what is not committed. A file that is the same is not touched, so that
    /// cargo builds nothing anew for it.
    ///
    /// # Errors
    /// When git does not answer or a file cannot be copied.
    pub(crate) fn sync() -> Result<Self> {
        let base = paths::cache()?.join("changed-sources");
        let tree = Self { folder: base.join("tree"), target: base.join("target") };
        let files = sources()?;
        for file in &files {
            tree.copy(file)?;
        }
        remove_others(&tree.folder, &tree.folder, &files)?;
        Ok(tree)
    }

    /// Where the copy is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A cargo that works on the copy.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo::beside();
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env_remove("CARGO_MANIFEST_DIR");
        command
    }

    /// The text of a file of the copy.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Changes a file of the copy.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Makes a file what it is in the work tree, unless it is that already.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn copy(&self, file: &str) -> Result<()> {
        let (from, to) = (paths::root().join(file), self.folder.join(file));
        let bytes = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        let folder = to.parent().context("a file without a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
        let rights = fs::metadata(&from)?.permissions();
        fs::set_permissions(&to, rights).with_context(|| format!("cannot write {}", to.display()))
    }
}

/// Every file of the work tree that git knows or would take.
fn sources() -> Result<BTreeSet<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(paths::root());
    let output = git.output().context("cannot start git")?;
    ensure!(output.status.success(), "git does not list the sources");
    let names = String::from_utf8(output.stdout).context("a file's name is no UTF-8")?;
    let named = names.split('\0').filter(|name| !name.is_empty() && paths::root().join(name).is_file());
    Ok(named.map(str::to_owned).collect())
}

fn remove_others(folder: &Path, root: &Path, files: &BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, root, files)?;
        } else if path.strip_prefix(root).is_ok_and(|name| !files.contains(&*name.to_string_lossy())) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}
