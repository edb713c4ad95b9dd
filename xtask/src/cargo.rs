//! Calling cargo, and reading what it built.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::job::Job;
use crate::paths;

/// Turns the plugin into one whose clock the tests can move. No release is built with it.
pub(crate) const TEST_CLOCK: &str = "plugin/test-clock";

/// The arguments of the build that all tests run from.
pub(crate) const TESTS: [&str; 6] = ["--workspace", "--bins", "--tests", "--examples", "--features", TEST_CLOCK];

/// What an executable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A program, or an example of how to use a library.
    Program,
    /// The unit tests of a library or a program.
    Unit,
    /// An integration test.
    Integration,
}

/// An executable that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executable {
    /// Its package's name.
    pub(crate) package: String,
    /// Its target's name.
    pub(crate) target: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// The file.
    pub(crate) path: PathBuf,
    /// Its package's folder, where tests expect to be run.
    pub(crate) folder: PathBuf,
}

impl Executable {
    /// Whether it runs tests.
    pub(crate) fn is_test(&self) -> bool {
        self.kind != Kind::Program
    }

    /// A name that no other executable has: a library and a program of one package may have one name.
    pub(crate) fn id(&self) -> String {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        format!("{}-{file}", self.package)
    }

    /// The call of a test program. It trusts one authority, which has signed nothing, in place of those of this machine: to read these takes
    /// longer than most trials, and they differ from machine to machine.
    pub(crate) fn call(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).env("RUST_BACKTRACE", "0");
        command.env("SSL_CERT_FILE", paths::root().join("tests/network/no-authority.pem"));
        command.env_remove("SSL_CERT_DIR").env_remove("AWS_CA_BUNDLE");
        command
    }
}

/// The cargo that runs us, at the root of the work tree.
pub(crate) fn command() -> Command {
    prepared(Command::new(cargo()))
}

/// The same for work beside tests, which have the machine first.
pub(crate) fn beside() -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "5"]).arg(cargo());
    prepared(command)
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn prepared(mut command: Command) -> Command {
    command.current_dir(paths::root());
    if std::env::var_os("CI").is_some() {
        // A machine that builds once would only keep, in gigabytes, what the next build could have used.
        command.env("CARGO_INCREMENTAL", "0");
        // Backtraces are switched off in the runs, and a panic names its line without this.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    }
    command
}

/// Runs `cargo build` with these arguments and returns the executables it built.
///
/// # Errors
/// When something does not compile; then with the compiler's words.
pub(crate) fn build(what: &str, name: &str, arguments: &[&str]) -> Result<Vec<Executable>> {
    let mut build = command();
    build.arg("build").args(arguments);
    build_by(build, what, name)
}

/// The same by a command that lacks nothing but the form of its messages.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_by(mut build: Command, what: &str, name: &str) -> Result<Vec<Executable>> {
    let messages = paths::log(&format!("{name}-messages"))?;
    build.arg("--message-format=json-render-diagnostics");
    Job::new(what, paths::log(name)?).stdout_to(messages.clone()).run(&mut build)?;
    executables(&messages)
}

/// The executables that cargo's messages in a file tell of.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn executables(messages: &Path) -> Result<Vec<Executable>> {
    let text = fs::read_to_string(messages).with_context(|| format!("cannot read {}", messages.display()))?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|message| executable(&message))
        .collect())
}

/// The path of a program among the executables.
///
/// # Errors
/// When it is not there.
pub(crate) fn program<'a>(built: &'a [Executable], target: &str) -> Result<&'a Path> {
    let found = built.iter().find(|executable| executable.kind == Kind::Program && executable.target == target);
    Ok(&found.with_context(|| format!("cargo built no program {target}"))?.path)
}

fn executable(message: &Value) -> Option<Executable> {
    let path = message.get("executable")?.as_str()?;
    let target = message.get("target")?;
    let kinds = target.get("kind")?.as_array()?;
    let kind = match (kinds.iter().any(|kind| kind == "test"), message.pointer("/profile/test")?.as_bool()?) {
        (true, _) => Kind::Integration,
        (false, true) => Kind::Unit,
        (false, false) => Kind::Program,
    };
    Some(Executable {
        package: package(message.get("package_id")?.as_str()?).to_owned(),
        target: target.get("name")?.as_str()?.to_owned(),
        kind,
        path: path.into(),
        folder: Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_path_buf(),
    })
}

/// The name in a package id, which cargo leaves out where it is the folder's own.
fn package(id: &str) -> &str {
    let (source, fragment) = id.split_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_id_gives_its_name() {
        assert_eq!(package("path+file:///a/provider/plugin#0.1.0"), "plugin");
        assert_eq!(package("path+file:///a/proto#pulumi-proto@0.1.0"), "pulumi-proto");
    }

    #[test]
    fn messages_tell_programs_from_tests() {
        let message = |kind: &str, test: bool| {
            serde_json::json!({
                "reason": "compiler-artifact", "package_id": "path+file:///a/b#c@1.0.0", "manifest_path": "/a/b/Cargo.toml",
                "target": {"kind": [kind], "name": "t"}, "profile": {"test": test}, "executable": "/x/t",
            })
        };
        assert_eq!(executable(&message("bin", false)).unwrap().kind, Kind::Program);
        assert_eq!(executable(&message("lib", true)).unwrap().kind, Kind::Unit);
        assert_eq!(executable(&message("test", true)).unwrap().kind, Kind::Integration);
        assert_eq!(executable(&message("bin", true)).unwrap().folder, Path::new("/a/b"));
        assert_eq!(executable(&serde_json::json!({"reason": "build-finished", "success": true})), None);
        assert_eq!(executable(&serde_json::json!({"executable": null, "target": {"kind": ["lib"]}})), None);
    }

    #[test]
    fn executables_of_one_name_are_told_apart() {
        let built = |path: &str| Executable {
            package: "localcloud".to_owned(),
            target: "localcloud".to_owned(),
            kind: Kind::Unit,
            path: path.into(),
            folder: "/a".into(),
        };
        assert_eq!(built("/t/deps/localcloud-1").id(), "localcloud-localcloud-1");
        assert_ne!(built("/t/deps/localcloud-1").id(), built("/t/deps/localcloud-2").id());
    }
}
