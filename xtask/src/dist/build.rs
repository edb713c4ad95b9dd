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

/// A program that is released.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    pub(super) package: &'static str,
    pub(super) program: &'static str,
}

/// What Pulumi's CLI starts.
pub(super) const PLUGIN: Product = Product { package: "plugin", program: PROGRAM };
/// What Lambda starts.
pub(super) const FUNCTION: Product = Product { package: "lambda", program: "bootstrap" };

impl Product {
    fn arguments(self) -> [&'static str; 5] {
        ["--release", "--package", self.package, "--bin", self.program]
    }
}

/// The prebuilt objects save the need for NASM where the program is for Windows.
const NASM: (&str, &str) = ("AWS_LC_SYS_PREBUILT_NASM", "1");

/// A program for this machine.
pub(super) fn for_this_machine(product: Product) -> Result<PathBuf> {
    built(product, cargo::command(), ("build", &product.arguments()))
}

/// A program for another machine.
pub(super) fn for_target(product: Product, target: &Target) -> Result<PathBuf> {
    fetch_library(target)?;
    let arguments = [&product.arguments()[..], &["--target", target.triple]].concat();
    match target.linker {
        Linker::Own => built(product, cargo::command(), ("build", &arguments)),
        Linker::Zig => built(product, with_zig()?, ("zigbuild", &arguments)),
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

fn built(product: Product, mut command: Command, (subcommand, arguments): (&str, &[&str])) -> Result<PathBuf> {
    command.arg(subcommand).args(arguments);
    // A release has no path of the machine that built it, so that the same sources give the same program.
    let renamed = renamed()?;
    let flags = renamed.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\x1f"));
    let flags = renamed.iter().map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    command.env("CFLAGS", flags.collect::<Vec<_>>().join(" "));
    command.env(NASM.0, NASM.1);
    let what = format!("building the release of {} (several minutes, once)", product.program);
    Ok(cargo::program(&cargo::build_by(command, &what, "build-release")?, product.program)?.to_path_buf())
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
