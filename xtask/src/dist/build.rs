//! Builds the plugin as it is released.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::PROGRAM;
use super::target::{Linker, Target};
use crate::cargo;
use crate::job::Job;
use crate::{paths, tools};

const PACKAGES: [&str; 5] = ["--release", "--package", "plugin", "--bin", PROGRAM];
/// The prebuilt objects save the need for NASM where the program is for Windows.
const NASM: (&str, &str) = ("AWS_LC_SYS_PREBUILT_NASM", "1");

/// The plugin for this machine.
pub(super) fn for_this_machine() -> Result<PathBuf> {
    built(cargo::command(), "build", &PACKAGES)
}

/// The plugin for another machine.
pub(super) fn for_target(target: &Target) -> Result<PathBuf> {
    fetch_library(target)?;
    let arguments = [&PACKAGES[..], &["--target", target.triple]].concat();
    match target.linker {
        Linker::Own => built(cargo::command(), "build", &arguments),
        Linker::Zig => built(with_zig()?, "zigbuild", &arguments),
    }
}

/// The command that checks that the plugin compiles for a target.
pub(super) fn check(target: &Target, products: &Path) -> Result<Command> {
    fetch_library(target)?;
    let tools = tools::python::for_cross_builds()?;
    let mut command = Command::new("nice");
    command.args(["-n", "5"]).arg(tools.join("cargo-zigbuild"));
    command.args(["check", "--package", "plugin", "--bin", PROGRAM, "--target", target.triple]);
    command.current_dir(paths::root()).env("PATH", path_with(tools)?);
    command.env("CARGO_TARGET_DIR", products).env("CARGO_INCREMENTAL", "0").env(NASM.0, NASM.1);
    Ok(command)
}

fn fetch_library(target: &Target) -> Result<()> {
    let log = paths::log(&format!("rustup-{}", target.triple))?;
    Job::new(format!("fetching Rust's library for {}", target.triple), log).run(Command::new("rustup").args([
        "target",
        "add",
        target.triple,
    ]))
}

/// A cargo that finds Zig and its subcommand `zigbuild`.
fn with_zig() -> Result<Command> {
    let mut command = cargo::command();
    command.env("PATH", path_with(tools::python::for_cross_builds()?)?);
    Ok(command)
}

fn path_with(folder: PathBuf) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).context("PATH cannot be extended")
}

fn built(mut command: Command, subcommand: &str, arguments: &[&str]) -> Result<PathBuf> {
    command.arg(subcommand).args(arguments);
    // A release has no path of the machine that built it, so that the same sources give the same program.
    let renamed = renamed()?;
    let flags = renamed.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\x1f"));
    let flags = renamed.iter().map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    command.env("CFLAGS", flags.collect::<Vec<_>>().join(" "));
    command.env(NASM.0, NASM.1);
    let what = "building the release of the plugin (several minutes, once)";
    Ok(cargo::program(&cargo::build_by(command, what, "build-release")?, PROGRAM)?.to_path_buf())
}

/// The folders whose names depend on the machine, and what a release calls them.
pub(super) fn renamed() -> Result<[(PathBuf, &'static str); 2]> {
    let home = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cargo = home("CARGO_HOME").or_else(|| Some(home("HOME").or_else(|| home("USERPROFILE"))?.join(".cargo")));
    let cargo = cargo.context("no home of cargo: set CARGO_HOME")?;
    Ok([(real(&paths::root()), "/keyrotation"), (real(&cargo), "/cargo")])
}

fn real(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf())
}
