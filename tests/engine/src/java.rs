//! Java as a user has it: a local Maven repository that holds our library beside Pulumi's, and the host that runs programs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::language;
use crate::workspace::Workspace;

/// What xtask/java pins, by the variable that names its folder, and the folder with the host.
const ARTIFACTS: &str = "KEYROTATION_MAVEN";
const HOST: &str = "KEYROTATION_JAVA_HOST";

/// A Maven repository that lasts as long as this value.
pub struct Java {
    root: TempDir,
}

impl Java {
    /// Compiles the library in sdk/java and installs it into a repository that has what it needs.
    ///
    /// # Errors
    /// When a variable is not set, or the library does not compile.
    pub fn with_sdk() -> Result<Self> {
        let java = Self { root: tempfile::tempdir().context("cannot make a folder for Java")? };
        language::copy_folder(&language::folder(ARTIFACTS)?.join("repository"), &java.repository())?;
        let sources = language::copy_sdk("java", java.root.path())?;
        java.run(&["install"], &sources)?;
        Ok(java)
    }

    /// Makes a workspace run programs in Java.
    ///
    /// # Errors
    /// When there is no host.
    pub fn lead(&self, work: &Workspace) -> Result<()> {
        language::put_on_path(work, &[language::folder(HOST)?]);
        work.forgive_debug_events();
        work.set(
            "MAVEN_OPTS",
            &format!("-Dmaven.repo.local={} -Duser.home={}", self.repository().display(), self.home()),
        );
        // Maven obeys no variable that keeps it away from the network, but this file of a project.
        let folder = work.project().join(".mvn");
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("maven.config"), "--offline\n"))
            .context("cannot write Maven's settings")
    }

    /// `mvn` in a folder, without a network. What it says comes back.
    ///
    /// # Errors
    /// When it fails, with its words.
    pub fn run(&self, arguments: &[&str], folder: &Path) -> Result<String> {
        let repository = format!("-Dmaven.repo.local={}", self.repository().display());
        let home = format!("-Duser.home={}", self.home());
        let quiet = ["--batch-mode", "--quiet", "--offline", &repository, &home];
        language::run(self.root.path(), "mvn", &[&quiet[..], arguments].concat(), folder, &[])
    }

    fn home(&self) -> String {
        self.root.path().display().to_string()
    }

    /// The repository.
    pub fn repository(&self) -> PathBuf {
        self.root.path().join("repository")
    }
}
