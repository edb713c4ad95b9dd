//! Tries a program that was built for another machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::target::Target;
use super::{file_name, pack};
use crate::job::Job;
use crate::tools::emulators::Emulator;
use crate::{cargo, paths, tools};

/// Leads the program through the first calls of an engine, and says how it was started. Where nothing here can start it, it says that.
pub(super) fn tried(program: &Path, target: &Target) -> Result<String> {
    pack::must_name_no_machine(program)?;
    let emulator = match emulator_for(target) {
        Ok(emulator) => emulator,
        Err(why) => return Ok(format!("{}: built, but not tried: {why:#}", target.triple)),
    };
    // As the tests are built, so that one builds on the other.
    let packages = ["--workspace", "--bins", "--examples", "--features", cargo::TEST_CLOCK];
    let built = cargo::build("building what speaks to the plugin", "build-generators", &packages)?;
    let mut first_calls = Command::new(cargo::program(&built, "wire")?);
    first_calls.arg("first-calls").arg(paths::root().join("schema.json")).arg(program);
    let mut how = "by itself".to_owned();
    if let Some(Emulator { program, variables }) = emulator {
        how = format!("under {}", file_name(&program)?);
        first_calls.arg(program).envs(variables);
    }
    let log = paths::log(&format!("first-calls-{}", target.triple))?;
    Job::new(format!("first calls to the plugin for {}", target.triple), log).run(&mut first_calls)?;
    Ok(format!("{}: started {how}, answered the first calls, ended with its engine", target.triple))
}

/// What starts a program of the target; none if nothing has to.
fn emulator_for(target: &Target) -> Result<Option<Emulator>> {
    match (target.os, target.arch) {
        _ if target.is_native() => Ok(None),
        ("linux", "arm64") => tools::emulators::qemu_arm64().map(Some),
        ("windows", "amd64") => tools::emulators::wine().map(Some),
        (os, arch) => bail!("nothing here starts programs of {os} on {arch}"),
    }
}
