//! `cargo xtask test`: prepares everything, runs suites, counts.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::{self, Executable, Kind};
use crate::job::Job;
use crate::libtest::{self, Counts};
use crate::suites::{Choice, LANES, Need, SUITES, Suite};
use crate::{dist, lint, paths, suites, tools};

/// One test program may take that long.
const LIMIT: Duration = Duration::from_secs(1200);

/// Runs the named suite, or all.
///
/// # Errors
/// When the name is unknown or a tool cannot be had. Failing tests are an exit code, not an error.
pub(crate) fn run(name: Option<&str>) -> Result<ExitCode> {
    let Some(choice) = Choice::parse(name) else {
        bail!("no such suite: {}; there are {}", name.unwrap_or_default(), suites::names().join(", "));
    };
    let started = Instant::now();
    let mut rows = Vec::new();
    match Stage::prepare(&choice) {
        Ok(stage) => {
            for suite in SUITES.iter().chain(LANES).filter(|suite| stage.runs(suite)) {
                let begun = Instant::now();
                let counts = stage.run(suite).unwrap_or_else(failure);
                rows.push(Row { name: suite.name, counts, took: begun.elapsed() });
                report(rows.last());
            }
        }
        Err(error) => {
            rows.push(Row { name: "preparation", counts: failure(error), took: started.elapsed() });
        }
    }
    Ok(conclude(&rows, started.elapsed()))
}

struct Row {
    name: &'static str,
    counts: Counts,
    took: Duration,
}

/// Shows why something could not be tested, which counts as a failed test.
fn failure(error: anyhow::Error) -> Counts {
    println!("error: {error:#}");
    Counts { failed: 1, ..Counts::default() }
}

fn report(row: Option<&Row>) {
    let Some(Row { name, counts, took }) = row else {
        return;
    };
    println!("{name}: {} ({:.1} s)", counts.line(), took.as_secs_f64());
    for skipped in &counts.skipped {
        println!("  skipped: {skipped}");
    }
    if counts.passed == 0 {
        let judgement = if suites::is_optional(name) { "unless other suites did" } else { "which counts as a failure" };
        println!("  {name} ran no test that passed, {judgement}");
    }
}

/// Prints the table and the closing line.
fn conclude(rows: &[Row], took: Duration) -> ExitCode {
    println!("\n{:<12} {:>7} {:>7} {:>8} {:>9}", "suite", "passed", "failed", "skipped", "seconds");
    let mut total = Counts::default();
    for Row { name, counts, took } in rows {
        println!(
            "{name:<12} {:>7} {:>7} {:>8} {:>9.1}",
            counts.passed,
            counts.failed,
            counts.skipped.len(),
            took.as_secs_f64()
        );
        total += counts.clone();
    }
    println!(
        "{:<12} {:>7} {:>7} {:>8} {:>9.1}\n",
        "all",
        total.passed,
        total.failed,
        total.skipped.len(),
        took.as_secs_f64()
    );
    println!("{}", total.line());
    if good(rows) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether nothing failed, and every suite ran a test that passed. A suite that needs what only the user can name may be
/// skipped beside others, never alone.
fn good(rows: &[Row]) -> bool {
    let passed = |row: &Row| row.counts.passed > 0;
    rows.iter().any(passed)
        && rows.iter().all(|row| row.counts.failed == 0 && (passed(row) || suites::is_optional(row.name)))
}

/// What the suites run with.
struct Stage<'a> {
    choice: &'a Choice,
    programs: Vec<Executable>,
    variables: Vec<(&'static str, OsString)>,
}

impl<'a> Stage<'a> {
    fn prepare(choice: &'a Choice) -> Result<Self> {
        let has_vault = std::env::var_os("VAULT_BIN").is_some_and(|place| Path::new(&place).exists());
        let chosen = choice.needs(has_vault);
        let needs = |wanted: &[Need]| chosen.iter().any(|need| wanted.contains(need));
        let mut stage = Self { choice, programs: Vec::new(), variables: Vec::new() };
        if needs(&[Need::Python, Need::Clients, Need::Languages, Need::Vault]) {
            stage.set("KEYROTATION_PYTHON", tools::python::interpreter()?);
        }
        if needs(&[Need::Clients]) {
            stage.set("KEYROTATION_OCI_WALK", tools::oci_walk::program()?);
            stage.set("KEYROTATION_CONFLUENT_WALK", tools::confluent_walk::program()?);
        }
        if needs(&[Need::OciPython]) {
            stage.set("KEYROTATION_OCI_PYTHON", tools::python::with_oci()?);
        }
        if needs(&[Need::Recipes]) {
            stage.set("KEYROTATION_RECIPES", tools::recipes::interpreter()?);
        }
        if needs(&[Need::Engine, Need::Languages, Need::Recipes, Need::Archive, Need::Vault]) {
            stage.set("KEYROTATION_PULUMI", tools::cli::folder()?);
        }
        if needs(&[Need::Languages, Need::Recipes, Need::Vault]) {
            stage.set("KEYROTATION_PYTHON_HOST", tools::python_host::folder(&tools::cli::folder()?)?);
        }
        if needs(&[Need::Servers, Need::Vault, Need::Engine, Need::Languages]) {
            stage.offer("KEYROTATION_POSTGRES", tools::postgres::folder());
        }
        if needs(&[Need::Servers, Need::Vault]) {
            stage.offer("KEYROTATION_MARIADB", tools::mariadb::folder());
        }
        if needs(&[Need::Servers, Need::Engine, Need::Languages]) {
            stage.offer("KEYROTATION_OPENBAO", tools::openbao::program());
        }
        if matches!(choice, Choice::Suite("lint")) {
            return Ok(stage);
        }
        stage.programs = cargo::build(
            "building all programs and tests",
            "build-tests",
            &["--workspace", "--bins", "--tests", "--examples", "--features", cargo::TEST_CLOCK],
        )?;
        for (variable, target) in
            [("KEYROTATION_PLUGIN", "pulumi-resource-keyrotation"), ("KEYROTATION_LOCALCLOUD", "localcloud")]
        {
            stage.set(variable, settled(cargo::program(&stage.programs, target)?)?);
        }
        if needs(&[Need::Archive]) {
            stage.set("KEYROTATION_ARCHIVE", dist::archive()?);
        }
        Ok(stage)
    }

    fn set(&mut self, name: &'static str, value: PathBuf) {
        self.variables.push((name, value.into_os_string()));
    }

    /// Names what may be missing; then the tests that need it are skipped.
    fn offer(&mut self, name: &'static str, place: Result<PathBuf>) {
        match place {
            Ok(place) => self.set(name, place),
            Err(error) => println!("{name} stays unset, tests that need it are skipped: {error:#}"),
        }
    }

    fn runs(&self, suite: &Suite) -> bool {
        let chosen = self.programs(suite).next().is_some();
        self.choice.has(suite.name) && (chosen || !matches!(self.choice, Choice::Part(_)))
    }

    fn programs(&self, suite: &Suite) -> impl Iterator<Item = &Executable> {
        let name = suite.name;
        self.programs.iter().filter(move |program| {
            program.kind != Kind::Program && suites::suite_of(program) == name && self.choice.takes(program)
        })
    }

    fn run(&self, suite: &Suite) -> Result<Counts> {
        if suite.name == "lint" {
            return lint::run(&self.programs);
        }
        let mut counts = Counts::default();
        for program in self.programs(suite) {
            let mut command = Command::new(&program.path);
            // What needs preparation is marked as ignored for a bare `cargo test`; here it is prepared.
            command.arg("--include-ignored").current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder);
            counts += self.measure(&format!("{}: {} {}", suite.name, program.package, program.target), &mut command)?;
        }
        if suite.name == "unit" && !matches!(self.choice, Choice::Part(_)) {
            let mut examples = cargo::command();
            examples.args(["test", "--doc", "--workspace", "--features", cargo::TEST_CLOCK]);
            counts += self.measure("unit: examples in the documentation", &mut examples)?;
        }
        Ok(counts)
    }

    /// Runs one test program and shows its output if something in it failed.
    fn measure(&self, what: &str, command: &mut Command) -> Result<Counts> {
        let log = paths::log(&what.replace([':', ' '], "-"))?;
        command.env("RUST_BACKTRACE", "0").envs(self.variables.iter().map(|(name, value)| (name, value)));
        let ended = Job::new(what, log.clone()).limit(LIMIT).status(command);
        let output = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
        let output = String::from_utf8_lossy(&output);
        let counts = libtest::read(&output, ended.as_ref().is_ok_and(std::process::ExitStatus::success));
        tools::recipes::named(&output).for_each(|line| println!("{line}"));
        if counts.failed > 0 {
            println!("{what} failed:\n{output}");
        }
        if let Err(error) = ended {
            println!("{error:#}");
        }
        Ok(counts)
    }
}

/// Copies a program to where no other build replaces it while tests run it.
pub(crate) fn settled(program: &Path) -> Result<PathBuf> {
    let folder = paths::target().join("xtask/bin");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let place = folder.join(program.file_name().context("a program without a name")?);
    let part = place.with_extension("part");
    fs::copy(program, &part).with_context(|| format!("cannot copy {}", program.display()))?;
    fs::rename(&part, &place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(passed: usize, failed: usize, skipped: usize) -> Row {
        let counts = Counts { passed, failed, skipped: vec![String::new(); skipped] };
        Row { name: "some", counts, took: Duration::ZERO }
    }

    #[test]
    fn a_suite_that_only_the_user_can_equip_may_be_skipped_beside_others() {
        let lane = |failed| Row { name: "vault-aws", ..row(0, failed, 5) };
        assert!(good(&[row(3, 0, 0), lane(0)]));
        assert!(!good(&[row(3, 0, 0), lane(1)]), "it failed");
        assert!(!good(&[lane(0)]), "asked for by name");
    }

    #[test]
    fn a_run_is_good_when_every_suite_passed_something_and_failed_nothing() {
        assert!(good(&[row(3, 0, 0), row(1, 0, 2)]));
        assert!(!good(&[row(3, 0, 0), row(5, 1, 0)]), "a failure");
        assert!(!good(&[row(3, 0, 0), row(0, 0, 0)]), "a suite without a test");
        assert!(!good(&[row(0, 0, 4)]), "a suite that skipped everything");
        assert!(!good(&[]), "no suite at all");
    }
}
