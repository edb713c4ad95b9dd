//! The languages that programs are written in, each as a user of it has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::golang::Go;
use crate::java::Java;
use crate::node::Node;
use crate::python::Python;
use crate::running::Running;
use crate::workspace::Workspace;

/// The version of every library.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The folder with the hosts for Go and TypeScript.
pub(crate) const HOSTS: &str = "KEYROTATION_HOSTS";
/// The first build in a language compiles all of Pulumi's library.
const LIMIT: Duration = Duration::from_secs(900);

/// A language that the tests run programs of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// No language at all.
    Yaml,
    /// Python.
    Python,
    /// TypeScript, on Node.js.
    TypeScript,
    /// Go.
    Go,
    /// Java, with Maven.
    Java,
}

/// What a workspace that runs programs of a language needs to go on being there.
pub enum Equipment {
    /// Nothing.
    None,
    /// A virtual environment.
    Python(Python),
    /// Installed packages.
    Node(Node),
    /// A proxy.
    Go(Go),
    /// A repository.
    Java(Java),
}

impl Language {
    /// The language with this name, as folders of examples end.
    ///
    /// # Errors
    /// When programs of such a language are not run.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "yaml" => Self::Yaml,
            "python" => Self::Python,
            "typescript" => Self::TypeScript,
            "go" => Self::Go,
            "java" => Self::Java,
            _ => bail!("programs in {name} are not run"),
        })
    }

    /// Why the machine runs no programs of this language; nothing if it does.
    pub fn lack(self) -> Option<String> {
        let (variable, what) = match self {
            Self::Yaml | Self::Python | Self::Go => return None,
            Self::TypeScript => ("KEYROTATION_NODE", "Node.js with npm"),
            Self::Java => ("KEYROTATION_MAVEN", "a JDK with Maven"),
        };
        std::env::var_os(variable).is_none().then(|| format!("{variable} is not set: there is no {what}"))
    }

    /// Makes a workspace run programs of this language, with the library from sdk.
    ///
    /// # Errors
    /// When the library does not compile, or something is missing.
    pub fn lead(self, work: &Workspace) -> Result<Equipment> {
        Ok(match self {
            Self::Yaml => Equipment::None,
            Self::Python => {
                let python = Python::with_sdk()?;
                python.lead(work);
                Equipment::Python(python)
            }
            Self::TypeScript => {
                let node = Node::with_sdk()?;
                node.lead(work)?;
                Equipment::Node(node)
            }
            Self::Go => {
                let go = Go::with_sdk()?;
                go.lead(work)?;
                Equipment::Go(go)
            }
            Self::Java => {
                let java = Java::with_sdk()?;
                java.lead(work)?;
                Equipment::Java(java)
            }
        })
    }
}

/// The path in a variable that a suite of `cargo xtask test` sets.
///
/// # Errors
/// When it is not set; the message names the suite.
pub fn place(variable: &str, suite: &str) -> Result<PathBuf> {
    let value = std::env::var_os(variable).map(PathBuf::from);
    value.with_context(|| format!("{variable} is not set: run these tests by `cargo xtask test {suite}`"))
}

/// The same of the suites that run programs and libraries.
pub(crate) fn folder(variable: &str) -> Result<PathBuf> {
    place(variable, "sdk` or `examples")
}

/// Puts folders on a workspace's PATH, behind the CLI's.
pub(crate) fn put_on_path(work: &Workspace, folders: &[PathBuf]) {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = std::iter::once(work.pulumi()).chain(folders.iter().cloned());
    let own: Vec<String> = own.map(|folder| folder.display().to_string()).collect();
    work.set("PATH", &format!("{}:{path}", own.join(":")));
}

/// A copy of the library in a language, below `into`, because building writes beside the sources.
pub(crate) fn copy_sdk(language: &str, into: &Path) -> Result<PathBuf> {
    let place = into.join(language);
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk").join(language), &place)?;
    Ok(place)
}

/// Copies a folder with all that is in it to a place where there is none.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().context("cannot start cp")?;
    ensure!(copied.success(), "cannot copy {}", from.display());
    Ok(())
}

/// Runs a program in a folder, with a home of its own below `root`. What it says comes back.
pub(crate) fn run(
    root: &Path,
    program: &str,
    arguments: &[&str],
    folder: &Path,
    variables: &[(&'static str, String)],
) -> Result<String> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let output = root.join(format!("output-{}", RUNS.fetch_add(1, Ordering::Relaxed)));
    let what = format!("{program} {}", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("HOME", root).envs(variables.iter().cloned());
    Ok(Running::start(what, &mut command, output)?.wait(LIMIT)?.expect_success()?.text)
}
