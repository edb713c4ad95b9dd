//! What programs in Java are built with, and what compiles the library for them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::job::Job;
use crate::paths;
use crate::tools;

/// A folder whose `repository` is a local Maven repository with all that xtask/java/pom.xml needs to be built, installed and run.
///
/// # Errors
/// When there is no JDK with Maven, or an artifact cannot be had.
pub(crate) fn folder() -> Result<PathBuf> {
    let source = paths::root().join("xtask/java");
    let files = ["pom.xml", "src/main/java/seed/App.java"];
    tools::installed("maven", &source, &files, |folder| {
        if ["javac", "mvn"].iter().any(|name| Command::new(name).arg("--version").output().is_err()) {
            bail!("there is no JDK with Maven: install JDK 17 or later, and Maven 3.8 or later");
        }
        let mut maven = Command::new("mvn");
        maven.args(["--batch-mode", "--no-transfer-progress", "install", "exec:java"]).current_dir(folder);
        maven.arg(format!("-Dmaven.repo.local={}", folder.join("repository").display()));
        Job::new("fetching Maven artifacts (once)", paths::log("maven")?).run(&mut maven)?;
        Ok(())
    })
}
