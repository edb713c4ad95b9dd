//! `cargo xtask codegen`: the files that are generated and committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo::{self, Executable};
use crate::job::{self, Job};
use crate::{api, messages, paths, sdk};

const SCHEMA: &str = "schema.json";
const REMEDY: &str = "run `cargo xtask codegen` and commit the result";

/// The programs that generate.
pub(crate) struct Generators {
    plugin: PathBuf,
    wire: PathBuf,
    protocol: PathBuf,
}

impl Generators {
    /// Finds them among the executables of a build.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) fn among(built: &[Executable]) -> Result<Self> {
        let program = |name| cargo::program(built, name).map(Path::to_path_buf);
        Ok(Self {
            plugin: program("pulumi-resource-keyrotation")?,
            wire: program("wire")?,
            protocol: program("generate")?,
        })
    }

    /// Builds them.
    ///
    /// # Errors
    /// When one does not build.
    pub(crate) fn build() -> Result<Self> {
        // As tests are built, so that one builds on the other.
        let packages = ["--workspace", "--bins", "--examples", "--features", cargo::TEST_CLOCK];
        Self::among(&cargo::build("building the generators", "build-generators", &packages)?)
    }

    /// What stale files there are, by kind: the kind's name, and nothing or what is wrong.
    ///
    /// # Errors
    /// When a generator cannot be started.
    pub(crate) fn stale(&self) -> Result<[(&'static str, Option<String>); 5]> {
        Ok([
            (SCHEMA, self.stale_schema()?),
            (sdk::FOLDER, stale_sdk()?),
            ("proto/src/gen", self.stale_protocol()?),
            (api::FILE, api::stale()?.map(|what| format!("{what}: {REMEDY}"))),
            (messages::FILE, messages::stale()?.map(|what| format!("{what}: {REMEDY}"))),
        ])
    }

    /// schema.json as the plugin serves it.
    fn schema(&self) -> Result<Vec<u8>> {
        let schema = paths::target().join("xtask/schema.json");
        let job = Job::new("asking the plugin for its schema", paths::log("schema")?).stdout_to(schema.clone());
        job.run(Command::new(&self.wire).arg("schema").arg(&self.plugin))?;
        fs::read(&schema).with_context(|| format!("cannot read {}", schema.display()))
    }

    fn stale_schema(&self) -> Result<Option<String>> {
        let same = fs::read(paths::root().join(SCHEMA)).is_ok_and(|committed| Some(committed) == self.schema().ok());
        Ok((!same).then(|| format!("{SCHEMA} is not what the plugin serves: {REMEDY}")))
    }

    fn stale_protocol(&self) -> Result<Option<String>> {
        let log = paths::log("protocol-check")?;
        let ended =
            Job::new("comparing the protocol's code", log.clone()).end(Command::new(&self.protocol).arg("--check"))?;
        Ok((!ended.status.success()).then(|| format!("proto/src/gen is stale: {REMEDY}\n{}", job::tail(&log))))
    }
}

fn stale_sdk() -> Result<Option<String>> {
    let stale = sdk::stale(&paths::root().join(SCHEMA))?;
    Ok(stale.map(|which| format!("{which}: {REMEDY}")))
}

/// Writes the text of the public interface alone, which needs no build.
///
/// # Errors
/// When a source cannot be read or the text cannot be written.
pub(crate) fn write_api() -> Result<ExitCode> {
    api::write()?;
    println!("wrote {}", api::FILE);
    Ok(ExitCode::SUCCESS)
}

/// Writes the texts that users can meet, which needs no build either.
///
/// # Errors
/// As [`write_api`].
pub(crate) fn write_messages() -> Result<ExitCode> {
    messages::write()?;
    println!("wrote {} and {}", messages::FILE, messages::ERRORS);
    Ok(ExitCode::SUCCESS)
}

/// Writes every generated file.
///
/// # Errors
/// When a generator fails or a file cannot be written.
pub(crate) fn write() -> Result<ExitCode> {
    write_api()?;
    write_messages()?;
    let generators = Generators::build()?;
    let schema = paths::root().join(SCHEMA);
    fs::write(&schema, generators.schema()?).context("cannot write schema.json")?;
    Job::new("generating the protocol's code", paths::log("protocol")?).run(&mut Command::new(&generators.protocol))?;
    sdk::write(&schema)?;
    println!("wrote {SCHEMA}, {} and proto/src/gen", sdk::FOLDER);
    Ok(ExitCode::SUCCESS)
}

/// Fails when a generated file is stale, and names it.
///
/// # Errors
/// When a generator cannot be built or started.
pub(crate) fn check() -> Result<ExitCode> {
    let mut good = true;
    for (name, stale) in Generators::build()?.stale()? {
        println!("{}", stale.as_deref().unwrap_or(&format!("{name} is up to date")));
        good &= stale.is_none();
    }
    println!("libraries compared: {}", sdk::counts()?);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
