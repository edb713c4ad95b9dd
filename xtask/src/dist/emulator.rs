//! Tries a program that was built for another machine.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::pack;
use super::target::Target;
use crate::job::Job;
use crate::{cargo, paths, tools};

/// Leads the program through the first calls of an engine, and says how it was started. Where nothing here can start it, it says that.
pub(super) fn tried(program: &Path, target: &Target) -> Result<String> {
    pack::must_name_no_machine(program)?;
    let through = match runner(target) {
        Ok(through) => through,
        Err(why) => return Ok(format!("{}: built, but not tried: {why:#}", target.triple)),
    };
    // As the tests are built, so that one builds on the other.
    let packages = ["--workspace", "--bins", "--examples", "--features", cargo::TEST_CLOCK];
    let built = cargo::build("building what speaks to the plugin", "build-generators", &packages)?;
    let mut first_calls = Command::new(cargo::program(&built, "wire")?);
    first_calls.arg("first-calls").arg(paths::root().join("schema.json")).arg(program).args(&through);
    // Wine keeps its settings in a folder of the user's; these tests leave it alone.
    first_calls.env("WINEPREFIX", paths::target().join("xtask/wine")).env("WINEDEBUG", "-all");
    let log = paths::log(&format!("first-calls-{}", target.triple))?;
    Job::new(format!("first calls to the plugin for {}", target.triple), log).run(&mut first_calls)?;
    let how = through.first().map_or("by itself".to_owned(), |runner| {
        let name = Path::new(runner).file_name().unwrap_or_default().to_string_lossy();
        format!("under {name}")
    });
    Ok(format!("{}: started {how}, answered the first calls, ended with its engine", target.triple))
}

/// The command that starts a program of the target; empty if none is needed.
fn runner(target: &Target) -> Result<Vec<String>> {
    match (target.os, target.arch) {
        _ if target.is_native() => Ok(Vec::new()),
        ("linux", "arm64") => Ok(vec![tools::emulators::qemu_arm64()?]),
        ("windows", "amd64") => Ok(vec![tools::emulators::wine()?]),
        (os, arch) => anyhow::bail!("nothing here starts programs of {os} on {arch}"),
    }
}
