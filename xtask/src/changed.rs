//! Trials on changed sources: what fails when a line is another one.

mod tree;

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cargo::{self, Executable};
use crate::job::{self, Job};
use crate::{libtest, paths};
pub(crate) use tree::Tree;

/// What came of some trials.
pub(crate) enum Ran {
    /// The sources do not compile; in the compiler's words.
    NoBuild(String),
    /// These trials failed. A program that fails without one, or does not end, counts by its name.
    Failed(Vec<String>),
}

/// What runs trials on the copy of the sources.
pub(crate) struct Trials {
    /// The copy.
    pub(crate) tree: Tree,
    /// What the trials find their servers by.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// A program of trials may take that long. What was changed may go round in a circle.
    pub(crate) limit: Duration,
}

impl Trials {
    /// Insists that trials pass on unchanged sources: a failure that is always there proves nothing.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn must_pass(&self, test: &str) -> Result<()> {
        match self.run("the unchanged sources", test, |_| false)? {
            Ran::Failed(failed) if failed.is_empty() => Ok(()),
            Ran::Failed(failed) => bail!("cargo test {test}: these fail without any change: {failed:?}"),
            Ran::NoBuild(words) => bail!("cargo test {test} does not build:\n{words}"),
        }
    }

    /// Builds and runs `cargo test` with these arguments, program by program, until what failed is `enough`.
    ///
    /// # Errors
    /// When a program cannot be started.
    pub(crate) fn run(&self, what: &str, test: &str, enough: impl Fn(&[String]) -> bool) -> Result<Ran> {
        let (arguments, filters) = test.split_once(" -- ").unwrap_or((test, ""));
        let (log, messages) = (paths::log("changed-build")?, paths::log("changed-messages")?);
        let mut build = self.tree.cargo();
        build.arg("test").args(arguments.split_whitespace());
        build.args(["--no-run", "--message-format=json-render-diagnostics"]);
        let job = Job::new(format!("building {what}"), log.clone()).stdout_to(messages.clone());
        if !job.end(&mut build)?.status.success() {
            return Ok(Ran::NoBuild(job::tail(&log)));
        }
        let mut failed = Vec::new();
        for program in cargo::executables(&messages)?.iter().filter(|program| program.is_test()) {
            failed.extend(self.program(what, program, filters)?);
            if enough(&failed) {
                break;
            }
        }
        Ok(Ran::Failed(failed))
    }

    /// The trials of a program that failed.
    fn program(&self, what: &str, program: &Executable, filters: &str) -> Result<Vec<String>> {
        let log = paths::log(&format!("changed-{}", program.target))?;
        let mut command = program.call();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("--include-ignored").args(filters.split_whitespace());
        let ended = Job::new(format!("{what}: {}", program.target), log.clone()).limit(self.limit).end(&mut command);
        let output = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
        let failed = libtest::failed(&String::from_utf8_lossy(&output));
        let is_good = ended.is_ok_and(|ended| ended.status.success());
        Ok(if failed.is_empty() && !is_good { vec![program.target.clone()] } else { failed })
    }
}
