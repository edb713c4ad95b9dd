//! The archive of an earlier commit, which upgrades are tried from.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::target::Target;
use super::{PROGRAM, pack};
use crate::job::Job;
use crate::{cargo, paths};

/// The last commit before the plugin had archives for other machines.
const COMMIT: &str = "3576cef22a3b69820d9004e420ae3b2f14c311be";

/// The archive, built into the cache first if it is missing. The commit must be in this repository's history.
pub(crate) fn archive() -> Result<PathBuf> {
    let folder = paths::cache()?.join(format!("earlier-{COMMIT}"));
    let target = Target::own()?;
    let archive = pack::place(target, &folder);
    if archive.is_file() {
        return Ok(archive);
    }
    let _lock = paths::lock_cache()?;
    let sources = folder.join("sources");
    fs::create_dir_all(&sources).with_context(|| format!("cannot make {}", sources.display()))?;
    let packed = folder.join("sources.tar");
    let mut git = Command::new("git");
    git.args(["archive", "--output"]).arg(&packed).arg(COMMIT).current_dir(paths::root());
    let job = Job::new("reading an earlier commit", paths::log("earlier-git")?);
    job.run(&mut git).context("the history of this copy does not reach that far: fetch all of it")?;
    tar::Archive::new(fs::File::open(&packed).context("cannot read the earlier commit")?)
        .unpack(&sources)
        .context("cannot unpack the earlier commit")?;
    let mut build = cargo::command();
    build.current_dir(&sources).env("CARGO_TARGET_DIR", sources.join("target")).env("CARGO_INCREMENTAL", "0");
    build.args(["build", "--package", "plugin", "--bin", PROGRAM]);
    let what = "building the plugin of an earlier commit (about 5 minutes, once)";
    Job::new(what, paths::log("earlier-build")?).run(&mut build)?;
    let made = pack::archive(&sources.join("target/debug").join(PROGRAM), target, &folder)?;
    fs::remove_dir_all(&sources).with_context(|| format!("cannot remove {}", sources.display()))?;
    ensure!(made == archive, "the earlier plugin is at {}", made.display());
    Ok(archive)
}
