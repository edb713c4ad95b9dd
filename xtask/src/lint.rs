//! What is checked without running the project: format, lints, dependencies, generated files, documentation.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::cargo::{self, Executable};
use crate::codegen::Generators;
use crate::job::{self, Job};
use crate::libtest::Counts;
use crate::{paths, tools};

/// How long fetching the advisory database may take before it counts as out of reach.
const FETCH: Duration = Duration::from_secs(60);

/// Makes every check; each counts as one test. `built` are the programs of a whole build, if there was one.
///
/// # Errors
/// When a tool cannot be had or started.
pub(crate) fn run(built: &[Executable]) -> Result<Counts> {
    let mut counts = Counts::default();
    let deny = tools::deny::program()?;
    check(&mut counts, "format", cargo::command().args(["fmt", "--all", "--check", "--", "--color", "never"]))?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--features", cargo::TEST_CLOCK, "--", "-D", "warnings"];
    check(&mut counts, "clippy", cargo::command().args(clippy))?;
    let documentation = ["doc", "--workspace", "--no-deps", "--features", cargo::TEST_CLOCK];
    check(&mut counts, "rustdoc", cargo::command().args(documentation).env("RUSTDOCFLAGS", "-D warnings"))?;
    for what in ["bans", "licenses", "sources"] {
        check(&mut counts, what, checker(&deny).args(["check", what]))?;
    }
    advisories(&mut counts, &deny)?;
    let generators = if built.is_empty() { Generators::build() } else { Generators::among(built) };
    match generators.and_then(|generators| generators.stale()) {
        Ok(products) => products.into_iter().for_each(|(name, stale)| {
            tally(&mut counts, &format!("generated {name}"), stale.is_none(), stale.as_deref().unwrap_or_default());
        }),
        Err(error) => tally(&mut counts, "generated files", false, &format!("{error:#}")),
    }
    Ok(counts)
}

fn check(counts: &mut Counts, name: &str, command: &mut Command) -> Result<()> {
    let log = paths::log(&format!("lint-{name}"))?;
    let status = Job::new(format!("lint: {name}"), log.clone()).status(command)?;
    tally(counts, name, status.success(), &job::tail(&log));
    Ok(())
}

fn tally(counts: &mut Counts, name: &str, good: bool, words: &str) {
    if good {
        counts.passed += 1;
    } else {
        counts.failed += 1;
        println!("lint: {name} failed:\n{words}");
    }
}

/// Known vulnerabilities stand in a git repository that not every machine can reach: where it
/// cannot be fetched, the check is skipped and named.
fn advisories(counts: &mut Counts, deny: &Path) -> Result<()> {
    let log = paths::log("lint-advisories")?;
    let fetched =
        Job::new("lint: fetching the advisory database", log).limit(FETCH).status(checker(deny).args(["fetch", "db"]));
    if fetched.is_ok_and(|status| status.success()) {
        return check(counts, "advisories", checker(deny).args(["check", "--disable-fetch", "advisories"]));
    }
    counts.skipped.push("advisories: the advisory database cannot be fetched from here".to_owned());
    Ok(())
}

fn checker(deny: &Path) -> Command {
    let mut command = Command::new(deny);
    command.current_dir(paths::root());
    command
}
