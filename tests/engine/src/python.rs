//! A Python as a user has it: a virtual environment with Pulumi's library and ours, and the host that runs programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::language::{self, place};
use crate::running::{Ended, Running};
use crate::workspace::Workspace;

/// Nothing here takes a minute on a slow machine.
const LIMIT: Duration = Duration::from_secs(600);

/// A virtual environment that lasts as long as this value.
pub struct Python {
    root: TempDir,
    /// What the tests' own packages are installed for, Pulumi's library and what builds a wheel among them.
    base: PathBuf,
    /// The folder with the language host.
    host: PathBuf,
}

const HOST: &str = "KEYROTATION_PYTHON_HOST";
/// The suites that set the variables.
const EXAMPLES: &str = "examples";
const RECIPES: &str = "recipes";

impl Python {
    /// Builds the wheel of sdk/python and installs it, from no index, into an environment that has nothing else but what
    /// `KEYROTATION_PYTHON` has; the host is the one in `KEYROTATION_PYTHON_HOST`.
    ///
    /// # Errors
    /// When a variable is not set, the library does not build, or something that it requires is not there.
    pub fn with_sdk() -> Result<Self> {
        Self::of(Self::plain()?, place(HOST, EXAMPLES)?)
    }

    /// The interpreter in `KEYROTATION_PYTHON`, for a script that needs no library.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn plain() -> Result<PathBuf> {
        place("KEYROTATION_PYTHON", EXAMPLES)
    }

    /// The same beside the packages that the recipes use, which are those of the interpreter in `KEYROTATION_RECIPES`.
    ///
    /// # Errors
    /// As [`Self::with_sdk`].
    pub fn for_recipes() -> Result<Self> {
        Self::of(place("KEYROTATION_RECIPES", RECIPES)?, place(HOST, RECIPES)?)
    }

    fn of(base: PathBuf, host: PathBuf) -> Result<Self> {
        let root = tempfile::tempdir().context("cannot make a folder for Python")?;
        let python = Self { root, base, host };
        python.make_environment()?;
        python.install(&python.build()?)?;
        Ok(python)
    }

    fn make_environment(&self) -> Result<()> {
        let folder = self.environment().display().to_string();
        self.run(&self.base, &["-m", "venv", "--without-pip", &folder])?;
        let packages = self.packages(&self.base)?.display().to_string();
        let link = self.packages(&self.interpreter())?.join("tests.pth");
        fs::write(&link, packages).with_context(|| format!("cannot write {}", link.display()))
    }

    /// Builds the wheel, in a copy, because building writes beside the sources.
    fn build(&self) -> Result<PathBuf> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/python");
        let (copy, wheels) = (self.root.path().join("sources"), self.root.path().join("wheels"));
        let copied = Command::new("cp").arg("-r").arg(&sources).arg(&copy).status().context("cannot start cp")?;
        ensure!(copied.success(), "cannot copy {}", sources.display());
        // What an earlier build left there would get into the wheel.
        if copy.join("build").exists() {
            fs::remove_dir_all(copy.join("build")).context("cannot remove an earlier build")?;
        }
        let (copy, out) = (copy.display().to_string(), wheels.display().to_string());
        self.run(&self.base, &["-m", "build", "--wheel", "--no-isolation", "--outdir", &out, &copy])?;
        let mut built = fs::read_dir(&wheels).with_context(|| format!("cannot list {}", wheels.display()))?;
        let wheel = built.next().context("no wheel was built")?.context("cannot list the wheels")?.path();
        ensure!(built.next().is_none(), "more than one wheel was built");
        Ok(wheel)
    }

    fn install(&self, wheel: &Path) -> Result<()> {
        let (python, wheel) = (self.interpreter().display().to_string(), wheel.display().to_string());
        let pip = ["-m", "pip", "--disable-pip-version-check", "--python", &python];
        self.run(&self.base, &[&pip[..], &["install", "--no-index", &wheel]].concat())?;
        Ok(())
    }

    /// Makes a workspace run Python programs with this environment.
    pub fn lead(&self, work: &Workspace) {
        let path = std::env::var("PATH").unwrap_or_default();
        let folders = [self.environment().join("bin"), work.pulumi(), self.host.clone()];
        let folders = folders.map(|folder| folder.display().to_string());
        work.set("PATH", &format!("{}:{path}", folders.join(":")));
    }

    /// Checks the types of a program as strictly as mypy can.
    ///
    /// # Errors
    /// When one is wrong, with mypy's words.
    pub fn check_types(&self, program: &Path) -> Result<()> {
        let python = self.interpreter().display().to_string();
        let cache = self.root.path().join("types").display().to_string();
        let mypy = ["-m", "mypy", "--strict", "--cache-dir", &cache, "--python-executable", &python];
        self.run(&self.base, &[&mypy[..], &[&program.display().to_string()]].concat())?;
        Ok(())
    }

    /// Checks the types of a program as strictly as pyright can.
    ///
    /// # Errors
    /// When one is wrong, with pyright's words.
    pub fn check_types_by_pyright(&self, program: &Path) -> Result<()> {
        let place = tempfile::tempdir_in(self.root.path()).context("cannot make a folder for a program")?;
        fs::copy(program, place.path().join("program.py")).context("cannot copy the program")?;
        let strict = r#"{ "typeCheckingMode": "strict", "include": ["program.py"] }"#;
        fs::write(place.path().join("pyrightconfig.json"), strict).context("cannot write the settings")?;
        let pyright = language::folder("KEYROTATION_NODE")?.join("node_modules/pyright/index.js").display().to_string();
        let python = self.interpreter().display().to_string();
        language::run(self.root.path(), "node", &[&pyright, "--pythonpath", &python], place.path(), &[])?;
        Ok(())
    }

    /// The folder that packages are installed into.
    ///
    /// # Errors
    /// When Python does not say.
    pub fn site(&self) -> Result<PathBuf> {
        self.packages(&self.interpreter())
    }

    fn packages(&self, interpreter: &Path) -> Result<PathBuf> {
        let answer = self.run(interpreter, &["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])?;
        Ok(PathBuf::from(answer.text.trim()))
    }

    fn environment(&self) -> PathBuf {
        self.root.path().join("environment")
    }

    /// The interpreter.
    pub fn interpreter(&self) -> PathBuf {
        self.environment().join("bin/python")
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Result<Ended> {
        let what = format!("python {}", arguments.join(" "));
        let mut command = Command::new(program);
        command.args(arguments).env("HOME", self.root.path());
        Running::start(what, &mut command, self.root.path().join("output"))?.wait(LIMIT)?.expect_success()
    }
}
