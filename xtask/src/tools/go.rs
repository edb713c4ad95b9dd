//! Programs built from Go modules that stand pinned under xtask/go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::job::Job;
use crate::paths;

/// A pinned module, whose programs are built once and kept in the cache until the pins change.
pub(crate) struct Module {
    /// Its folder's name under xtask/go, which also begins the folder's name in the cache.
    pub(crate) name: &'static str,
    /// The files that decide what is built, beside go.mod and go.sum.
    pub(crate) sources: &'static [&'static str],
    /// What the user is told to do where Go is missing.
    pub(crate) without_go: &'static str,
}

impl Module {
    /// A file of the module.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The folder with what `make` puts into the folder it is given; that is done at most once.
    ///
    /// # Errors
    /// When Go is missing, or what `make` says.
    pub(crate) fn built(&self, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let files: Vec<PathBuf> = ["go.mod", "go.sum"].iter().chain(self.sources).map(|name| self.file(name)).collect();
        let folder = paths::cache()?.join(format!("{}-{}", self.name, paths::fingerprint(&files)?));
        if folder.is_dir() {
            return Ok(folder);
        }
        let _lock = paths::lock_cache()?;
        if folder.is_dir() {
            return Ok(folder);
        }
        if Command::new("go").arg("version").output().is_err() {
            bail!("{}", self.without_go);
        }
        let part = folder.with_extension("part");
        fs::create_dir_all(&part).with_context(|| format!("cannot make {}", part.display()))?;
        make(&part)?;
        fs::rename(&part, &folder).with_context(|| format!("cannot put the built programs at {}", folder.display()))?;
        Ok(folder)
    }

    /// Builds one program, described to the user as `what`, into the file `output`.
    ///
    /// # Errors
    /// When it does not build.
    pub(crate) fn build(&self, what: &str, package: &str, linker: &str, output: &Path) -> Result<()> {
        let name = output.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = self.go();
        command.args(["build", "-trimpath", "-ldflags", linker, "-o"]).arg(output).arg(package);
        Job::new(what, paths::log(&format!("go-{name}"))?).run(&mut command)?;
        Ok(())
    }

    /// The folder where the files of a dependency lie.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(crate) fn dependency(&self, module: &str) -> Result<PathBuf> {
        let mut command = self.go();
        let answer = command.args(["list", "-m", "-f", "{{.Dir}}", module]).output().context("cannot start Go")?;
        let folder = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
        if !answer.status.success() || !folder.is_dir() {
            bail!("Go does not have {module}: {}", String::from_utf8_lossy(&answer.stderr).trim());
        }
        Ok(folder)
    }

    /// What Go says that a variable of its own is.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(crate) fn setting(&self, name: &str) -> Result<String> {
        let answer = self.go().args(["env", name]).output().context("cannot start Go")?;
        Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    fn folder(&self) -> PathBuf {
        paths::root().join("xtask/go").join(self.name)
    }

    /// Go, which obeys the module's pins and neither the user's workspaces nor the state of the work tree.
    fn go(&self) -> Command {
        let mut command = Command::new("go");
        command.current_dir(self.folder()).env("GOFLAGS", "-mod=readonly -buildvcs=false").env("GOWORK", "off");
        command
    }
}
