//! Pulumi's language host for Python: the user's own, or built from a pinned Go module.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::tools::go::Module;

const HOST: &str = "pulumi-language-python";
/// The Python program that the host starts, which it looks for beside itself.
const EXECUTOR: &str = "pulumi-language-python-exec";
const SDK: &str = "github.com/pulumi/pulumi/sdk/v3";
const MODULE: Module = Module {
    name: "python-host",
    sources: &[],
    without_go: "there is no `pulumi-language-python` on PATH and no Go to build one with: install Go (https://go.dev/dl) or the Pulumi CLI",
};

/// The folder that holds the host: where the CLI is, from PATH, or from the cache, where it is
/// built first if it is missing.
///
/// # Errors
/// When there is none and it cannot be built, for example because Go is missing.
pub(crate) fn folder(cli: &Path) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::iter::once(cli.to_path_buf()).chain(std::env::split_paths(&path));
    match folders.find(|folder| [HOST, EXECUTOR].iter().all(|name| folder.join(name).is_file())) {
        Some(folder) => Ok(folder),
        None => MODULE.built(make),
    }
}

fn make(folder: &Path) -> Result<()> {
    let package = format!("{SDK}/python/cmd/{HOST}");
    MODULE.build("building Pulumi's Python language host (once)", &package, "-s -w", &folder.join(HOST))?;
    let executor = MODULE.dependency(SDK)?.join("python/cmd").join(EXECUTOR);
    fs::copy(&executor, folder.join(EXECUTOR)).with_context(|| format!("cannot copy {}", executor.display()))?;
    Ok(())
}
