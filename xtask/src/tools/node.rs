//! What programs in TypeScript run with, and what compiles the library for them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::job::Job;
use crate::paths;
use crate::tools;

/// A folder whose `node_modules` holds exactly what xtask/node/package-lock.json pins.
///
/// # Errors
/// When there is no Node.js with npm, or a package cannot be had.
pub(crate) fn folder() -> Result<PathBuf> {
    installed("node")
}

/// The same with AWS's provider, which takes half a gigabyte and so has a folder of its own: what xtask/node-aws/package-lock.json pins.
///
/// # Errors
/// As [`folder`].
pub(crate) fn with_aws() -> Result<PathBuf> {
    installed("node-aws")
}

fn installed(name: &str) -> Result<PathBuf> {
    let source = paths::root().join("xtask").join(name);
    let files = ["package.json", "package-lock.json"];
    tools::installed(name, &source, &files, |folder| {
        if ["node", "npm"].iter().any(|name| Command::new(name).arg("--version").output().is_err()) {
            bail!("there is no Node.js with npm: install Node.js 20 or later");
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(folder);
        Job::new("fetching npm packages (once)", paths::log("npm")?).run(&mut npm)?;
        Ok(())
    })
}
