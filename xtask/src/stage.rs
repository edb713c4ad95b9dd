//! What tests run with: the built programs, and tools and servers named in environment variables.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::{self, Executable, Kind};
use crate::choice::Choice;
use crate::job::{Cost, Job};
use crate::libtest;
use crate::report::{self, Row};
use crate::suites::{self, Need};
use crate::{dist, paths, tools};

/// One test program may take that long.
const LIMIT: Duration = Duration::from_secs(3000);

/// An environment variable and what it names.
pub(crate) type Variable = (&'static str, OsString);

/// What the suites run with.
pub(crate) struct Stage {
    /// Everything that was built.
    pub(crate) programs: Vec<Executable>,
    variables: Vec<Variable>,
}

/// How the lines begin in which a test tells what it counted.
const COUNTS: &str = "time: ";

impl Stage {
    /// Builds the programs and, meanwhile, has the tools.
    ///
    /// # Errors
    /// When something does not build or a tool cannot be had.
    pub(crate) fn prepare(choice: &Choice) -> Result<Self> {
        let has_vault = std::env::var_os("VAULT_BIN").is_some_and(|place| Path::new(&place).exists());
        let needs = choice.needs(has_vault);
        let (built, tools) = thread::scope(|scope| {
            let tools = scope.spawn(|| tools_for(&needs));
            let built = if choice.is_only("lint") { Ok(Built::default()) } else { Built::by_cargo(choice, &needs) };
            (built, tools.join())
        });
        let Ok(tools) = tools else { bail!("preparing the tools ended with a panic") };
        let Built { programs, archive } = built?;
        let mut stage = Self { programs, variables: tools? };
        stage.variables.extend(archive.map(|place| ("KEYROTATION_ARCHIVE", place.into_os_string())));
        if choice.is_only("lint") {
            return Ok(stage);
        }
        for (variable, target) in
            [("KEYROTATION_PLUGIN", "pulumi-resource-keyrotation"), ("KEYROTATION_LOCALCLOUD", "localcloud")]
        {
            let place = settled(cargo::program(&stage.programs, target)?)?;
            stage.variables.push((variable, place.into_os_string()));
        }
        Ok(stage)
    }

    /// Runs what is chosen of a test program; nothing comes of it if that is none of its tests.
    pub(crate) fn run(&self, choice: &Choice, program: &Executable) -> Option<Row> {
        let suite = suites::suite_of(program).name;
        let kind = if program.kind == Kind::Unit { " (unit)" } else { "" };
        let name = format!("{} {}{kind}", program.package, program.target);
        let begun = Instant::now();
        match self.command(choice, program) {
            Ok(command) => Some(self.measure(suite, &name, &program.id(), &mut command?)),
            Err(error) => {
                let cost = Cost { wall: begun.elapsed(), cpu: None };
                Some(Row { suite, name, counts: report::failure(&error), cost })
            }
        }
    }

    /// The call of a test program; none if none of its tests is chosen.
    fn command(&self, choice: &Choice, program: &Executable) -> Result<Option<Command>> {
        let mut command = self.call(program);
        // What needs preparation is marked as ignored for a bare `cargo test`; here it is prepared.
        command.arg("--include-ignored");
        command.args(suites::manner_of(program).threads.map(|threads| format!("--test-threads={threads}")));
        if choice.picks(program) {
            let chosen = |name: &str| choice.has_test(program, name);
            let names = self.names(program)?;
            if !names.iter().any(|name| chosen(name)) {
                return Ok(None);
            }
            command.args(libtest::only(&names, chosen));
        }
        Ok(Some(command))
    }

    /// The names of a program's tests.
    fn names(&self, program: &Executable) -> Result<Vec<String>> {
        let log = paths::log(&format!("list-{}", program.id()))?;
        let what = format!("listing the tests of {} {}", program.package, program.target);
        let listed = Job::new(what, log.with_extension("err")).stdout_to(log.clone());
        listed.run(self.call(program).arg("--list"))?;
        let list = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
        Ok(libtest::names(&list))
    }

    fn call(&self, program: &Executable) -> Command {
        let mut command = program.call();
        self.lend(&mut command);
        command
    }

    fn lend(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    /// Runs tests and counts them, and shows their output if something failed. It is kept in a log that is called after `id`.
    pub(crate) fn measure(&self, suite: &'static str, name: &str, id: &str, command: &mut Command) -> Row {
        self.lend(command);
        let what = format!("{suite}: {name}");
        let begun = Instant::now();
        let measured = paths::log(&format!("{suite}-{id}")).and_then(|log| {
            let ended = Job::new(&what, log.clone()).limit(LIMIT).end(command);
            let output = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
            Ok((ended, String::from_utf8_lossy(&output).into_owned()))
        });
        let mut cost = Cost { wall: begun.elapsed(), cpu: None };
        let counts = match measured {
            Ok((ended, output)) => {
                let counts = libtest::read(&output, ended.as_ref().is_ok_and(|ended| ended.status.success()));
                tools::recipes::named(&output).for_each(|line| println!("{line}"));
                output.lines().filter(|line| line.starts_with(COUNTS)).for_each(|line| println!("{line}"));
                if counts.failed > 0 {
                    println!("{what} failed:\n{output}");
                }
                match ended {
                    Ok(ended) => cost = ended.cost,
                    Err(error) => println!("{error:#}"),
                }
                counts
            }
            Err(error) => report::failure(&error),
        };
        Row { suite, name: name.to_owned(), counts, cost }
    }
}

/// What cargo makes.
#[derive(Default)]
struct Built {
    programs: Vec<Executable>,
    archive: Option<PathBuf>,
}

impl Built {
    fn by_cargo(choice: &Choice, needs: &[Need]) -> Result<Self> {
        let archive = match (needs.contains(&Need::Archive), choice.is_only("dist")) {
            (false, _) => None,
            (true, true) => Some(dist::archive()?),
            (true, false) => Some(dist::unoptimized_archive()?),
        };
        let programs = cargo::build("building all programs and tests", "build-tests", &cargo::TESTS)?;
        Ok(Self { programs, archive })
    }
}

/// Has every tool that is needed, one after another: they are built once, and share what is fetched.
///
/// # Errors
/// When a tool that no test can be skipped without cannot be had.
pub(crate) fn tools_for(needs: &[Need]) -> Result<Vec<Variable>> {
    let mut variables = Vec::new();
    for need in needs {
        variables.extend(tool(*need)?.into_iter().map(|(name, place)| (name, place.into_os_string())));
    }
    Ok(variables)
}

/// What a need is called in the environment, and where it is. What the tests can be skipped without may be missing.
fn tool(need: Need) -> Result<Vec<(&'static str, PathBuf)>> {
    let offer = |name: &'static str, place: Result<PathBuf>| match place {
        Ok(place) => vec![(name, place)],
        Err(error) => {
            println!("{name} stays unset, tests that need it are skipped: {error:#}");
            Vec::new()
        }
    };
    Ok(match need {
        Need::Python => vec![("KEYROTATION_PYTHON", tools::python::interpreter()?)],
        Need::Walks => vec![
            ("KEYROTATION_OCI_WALK", tools::oci_walk::program()?),
            ("KEYROTATION_CONFLUENT_WALK", tools::confluent_walk::program()?),
        ],
        Need::OciPython => vec![("KEYROTATION_OCI_PYTHON", tools::python::with_oci()?)],
        Need::Policies => vec![("KEYROTATION_POLICIES", tools::python::for_policies()?)],
        Need::Recipes => vec![("KEYROTATION_RECIPES", tools::recipes::interpreter()?)],
        Need::Pulumi => vec![("KEYROTATION_PULUMI", tools::cli::folder()?)],
        Need::PythonHost => vec![("KEYROTATION_PYTHON_HOST", tools::python_host::folder(&tools::cli::folder()?)?)],
        Need::CargoLambda => offer("KEYROTATION_CARGO_LAMBDA", tools::python::for_cross_builds()),
        Need::NodeAws => offer("KEYROTATION_NODE_AWS", tools::node::with_aws()),
        Need::Node => offer("KEYROTATION_NODE", tools::node::folder()),
        Need::Maven => offer("KEYROTATION_MAVEN", tools::maven::folder()),
        Need::GoProgram => vec![
            ("KEYROTATION_GO_PROXY", tools::go_program::proxy()?),
            ("KEYROTATION_GO_CACHE", tools::go_program::compiled()?),
        ],
        Need::Hosts => vec![
            ("KEYROTATION_HOSTS", tools::hosts::folder(&tools::cli::folder()?)?),
            ("KEYROTATION_JAVA_HOST", tools::hosts::java_folder(&tools::cli::folder()?)?),
        ],
        Need::EarlierArchive => vec![("KEYROTATION_EARLIER_ARCHIVE", dist::earlier::archive()?)],
        Need::OpenBao => offer("KEYROTATION_OPENBAO", tools::openbao::program()),
        Need::Postgres => offer("KEYROTATION_POSTGRES", tools::postgres::folder()),
        Need::MariaDb => offer("KEYROTATION_MARIADB", tools::mariadb::folder()),
        // Named by the user, and made by cargo.
        Need::Vault | Need::Archive => Vec::new(),
        Need::Checkers => {
            // The checks that use them say what is wrong if they cannot be had.
            let _ = (tools::deny::program(), tools::sdk::generator());
            Vec::new()
        }
    })
}

/// Copies a program to where no other build replaces it while tests run it.
///
/// # Errors
/// When it cannot be copied.
pub(crate) fn settled(program: &Path) -> Result<PathBuf> {
    let folder = paths::target().join("xtask/bin");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let place = folder.join(program.file_name().context("a program without a name")?);
    let part = place.with_extension("part");
    fs::copy(program, &part).with_context(|| format!("cannot copy {}", program.display()))?;
    fs::rename(&part, &place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}
