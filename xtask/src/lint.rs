//! What is checked without running the project: import circles, words, the Registry's rules, workflows, format, lints, dependencies, generated files, documentation.

mod ci_pages;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cargo::{self, Executable};
use crate::codegen::Generators;
use crate::job::{self, Cost, Job};
use crate::libtest::Counts;
use crate::report::{self, Row};
use crate::schedule::{Pace, Task};
use crate::{circles, dist, paths, registry, tools, words};

/// How long fetching the advisory database may take before it counts as out of reach.
const FETCH: Duration = Duration::from_secs(60);

/// What a check finds out.
type Check<'a> = Box<dyn FnOnce() -> Result<(Counts, Option<Duration>)> + Send + 'a>;

/// Every check; each counts as one test. `built` are the programs of a whole build, if there was one. In a hurry it is import circles,
/// words, the Registry's rules, the format and clippy alone.
pub(crate) fn tasks(built: &[Executable], in_a_hurry: bool) -> Vec<Task<'_, Option<Row>>> {
    let mut tasks = vec![
        task(
            "import circles",
            Pace::Waits,
            1,
            Box::new(|| Ok((judge_found("import circles", &circles::found()?), None))),
        ),
        task("words", Pace::Waits, 1, Box::new(|| Ok((chosen_words()?, None)))),
        task("registry", Pace::Waits, 1, Box::new(|| Ok((judge_found("registry", &registry::found()?), None)))),
        task("format", Pace::Waits, 3, Box::new(|| check("format", format()))),
        task("clippy", Pace::Builds, 120, Box::new(|| check("clippy", clippy()))),
    ];
    if in_a_hurry {
        return tasks;
    }
    tasks.push(task("rustdoc", Pace::Builds, 60, Box::new(|| check("rustdoc", documentation()))));
    for what in ["bans", "licenses", "sources"] {
        let work = move || check(what, checker(&tools::deny::program()?, &["check", what]));
        tasks.push(task(what, Pace::Waits, 3, Box::new(work)));
    }
    tasks.push(task("workflows", Pace::Waits, 5, Box::new(|| check("workflows", workflows()?))));
    tasks.push(task("jobs of docs/ci.md", Pace::Waits, 2, Box::new(|| check("ci-workflows", ci_pages::workflows()?))));
    tasks.push(task("YAML of docs/ci.md", Pace::Waits, 2, Box::new(|| check("ci-yaml", ci_pages::yaml()?))));
    tasks.push(task("windows", Pace::Builds, 60, Box::new(windows)));
    tasks.push(task("advisories", Pace::Waits, 60, Box::new(advisories)));
    let pace = if built.is_empty() { Pace::Builds } else { Pace::Waits };
    tasks.push(task("generated files", pace, 10, Box::new(|| Ok((generated(built), None)))));
    tasks
}

fn task<'a>(name: &'static str, pace: Pace, seconds: u32, check: Check<'a>) -> Task<'a, Option<Row>> {
    let work = move || {
        let begun = Instant::now();
        let (counts, cpu) = check().unwrap_or_else(|error| (report::failure(&error), None));
        let cost = Cost { wall: begun.elapsed(), cpu };
        Some(Row { suite: "lint", name: name.to_owned(), counts, cost })
    };
    Task { pace, seconds, work: Box::new(work) }
}

fn format() -> Command {
    let mut command = cargo::command();
    command.args(["fmt", "--all", "--check", "--", "--color", "never"]);
    command
}

fn clippy() -> Command {
    let mut command = cargo::beside();
    command.args(["clippy", "--workspace", "--all-targets", "--features", cargo::TEST_CLOCK, "--", "-D", "warnings"]);
    command
}

fn documentation() -> Command {
    let mut command = cargo::beside();
    command
        .args(["doc", "--workspace", "--no-deps", "--features", cargo::TEST_CLOCK])
        .env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// Whether the workflows of GitHub Actions hold together.
fn workflows() -> Result<Command> {
    let mut command = Command::new(tools::actionlint::program()?);
    // Without the checkers of shell and Python, which are not on every machine.
    command.args(["-no-color", "-shellcheck=", "-pyflakes="]).current_dir(paths::root());
    Ok(command)
}

/// Whether the plugin compiles for Windows. What it is compiled into is kept outside of the work tree: it takes minutes the first time. Where
/// Rust's library for Windows or Zig cannot be had, the check is skipped and named.
fn windows() -> Result<(Counts, Option<Duration>)> {
    match dist::windows_check(&paths::cache()?.join("windows-check")) {
        Ok(command) => check("windows", command),
        Err(error) => Ok((Counts { skipped: vec![format!("windows: {error:#}")], ..Counts::default() }, None)),
    }
}

fn check(name: &str, mut command: Command) -> Result<(Counts, Option<Duration>)> {
    let log = paths::log(&format!("lint-{name}"))?;
    let ended = Job::new(format!("lint: {name}"), log.clone()).end(&mut command)?;
    Ok((judge(name, ended.status.success(), &job::tail(&log)), ended.cost.cpu))
}

fn judge(name: &str, is_good: bool, words: &str) -> Counts {
    if !is_good {
        println!("lint: {name} failed:\n{words}");
    }
    Counts { passed: usize::from(is_good), failed: usize::from(!is_good), skipped: Vec::new() }
}

/// Known vulnerabilities stand in a git repository that not every machine can reach: where it
/// cannot be fetched, the check is skipped and named.
fn advisories() -> Result<(Counts, Option<Duration>)> {
    let deny = tools::deny::program()?;
    let job = Job::new("lint: fetching the advisory database", paths::log("lint-advisories")?).limit(FETCH);
    let fetched = job.end(&mut checker(&deny, &["fetch", "db"]));
    if fetched.is_ok_and(|ended| ended.status.success()) {
        return check("advisories", checker(&deny, &["check", "--disable-fetch", "advisories"]));
    }
    let skipped = vec!["advisories: the advisory database cannot be fetched from here".to_owned()];
    Ok((Counts { skipped, ..Counts::default() }, None))
}

fn checker(deny: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(deny);
    command.args(arguments).current_dir(paths::root());
    command
}

/// The verdict of a check that lists what is wrong.
fn judge_found(name: &str, found: &[String]) -> Counts {
    judge(name, found.is_empty(), &found.join("\n"))
}

fn chosen_words() -> Result<Counts> {
    Ok(judge_found("words", &words::found()?))
}

/// Checks the words alone, for whoever writes texts.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn words() -> Result<ExitCode> {
    let is_good = chosen_words()?.failed == 0;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn generated(built: &[Executable]) -> Counts {
    let generators = if built.is_empty() { Generators::build() } else { Generators::among(built) };
    let mut counts = Counts::default();
    match generators.and_then(|generators| generators.stale()) {
        Ok(products) => products.into_iter().for_each(|(name, stale)| {
            counts += judge(&format!("generated {name}"), stale.is_none(), stale.as_deref().unwrap_or_default());
        }),
        Err(error) => counts += report::failure(&error),
    }
    counts
}
