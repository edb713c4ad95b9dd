//! `cargo xtask dist`: the archives that users install, and what is published beside them.

mod beside;
mod build;
pub(crate) mod earlier;
mod emulator;
mod function;
mod pack;
mod target;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::paths;
use crate::publisher::Publisher;
use target::{TARGETS, Target};

/// The program in an archive, without the `.exe` of Windows.
const PROGRAM: &str = "pulumi-resource-keyrotation";

/// Makes what the arguments ask for and prints where it is: nothing is this machine's archive, `--target TRIPLE` another one, `--all` every one
/// that can be built here, `--lambda` the zips of the rotation function. `--release` refuses a placeholder for the publisher.
///
/// # Errors
/// When an argument is unknown, or something that was asked for cannot be made.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode> {
    let arguments: Vec<&str> = match arguments.split_first() {
        Some((&"--release", rest)) => {
            Publisher::read()?.must_be_real()?;
            rest.to_vec()
        }
        _ => arguments.to_vec(),
    };
    match arguments[..] {
        [] => println!("{}", archive()?.display()),
        ["--target", triple] => {
            beside::notices(&folder())?;
            made(Target::named(triple)?)?;
        }
        ["--all"] => return all(),
        ["--lambda"] => return function::zips(&folder()),
        ["--beside"] => beside::write(&folder())?.iter().for_each(|file| println!("{}", file.display())),
        _ => bail!(
            "usage: cargo xtask dist [--release] [--target TRIPLE | --all | --beside | --lambda], with a triple of {}",
            target::names()
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// The archive of this machine, as it is released.
///
/// # Errors
/// When the release does not build, or holds the test clock.
pub(crate) fn archive() -> Result<PathBuf> {
    pack::archive(&release()?, Target::own()?, &folder())
}

/// An archive for tests of what Pulumi does with one: its program is the release's but for the optimization, which takes most of a
/// release's minutes. Building the tests afterwards puts their plugin back to where cargo puts programs.
///
/// # Errors
/// As [`archive`].
pub(crate) fn unoptimized_archive() -> Result<PathBuf> {
    let packages = ["--workspace", "--bins", "--examples"];
    let built = cargo::build("building the plugin without the test clock", "build-archive", &packages)?;
    pack::archive(cargo::program(&built, PROGRAM)?, Target::own()?, &paths::target().join("xtask/dist"))
}

/// The plugin as it is released for this machine: no test feature, optimized, stripped.
///
/// # Errors
/// When it does not build.
pub(crate) fn release() -> Result<PathBuf> {
    build::for_this_machine(build::PLUGIN)
}

/// The rotation function as it is released, for this machine: static where it is Linux, as in the zip.
///
/// # Errors
/// When it does not build.
pub(crate) fn function() -> Result<PathBuf> {
    function::for_bench()
}

/// The command that checks that the plugin compiles for Windows, with its products in a folder.
///
/// # Errors
/// When Zig or Rust's library cannot be had.
pub(crate) fn windows_check(products: &Path) -> Result<Command> {
    build::check(Target::named("x86_64-pc-windows-gnu")?, products)
}

fn folder() -> PathBuf {
    paths::target().join("dist")
}

/// Builds an archive for another machine and tries it as far as this one can.
fn made(target: &Target) -> Result<()> {
    let program = build::for_target(build::PLUGIN, target)?;
    // A program that does not do its first steps is no release, so it is tried before it is packed.
    println!("{}", emulator::tried(&program, target)?);
    println!("{}", pack::archive(&program, target, &folder())?.display());
    Ok(())
}

/// Every archive that can be built here, and what belongs beside them.
fn all() -> Result<ExitCode> {
    beside::notices(&folder())?;
    let mut failed = false;
    for target in TARGETS {
        if let Some(why) = target.obstacle() {
            println!("{}: not built here: {why}", target.triple);
        } else if let Err(error) = made(target) {
            println!("{}: {error:#}", target.triple);
            failed = true;
        }
    }
    beside::write(&folder())?.iter().for_each(|file| println!("{}", file.display()));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn file_name(path: &Path) -> Result<String> {
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
    Ok(name.to_string_lossy().into_owned())
}
