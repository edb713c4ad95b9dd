//! Pulumi's language hosts for Go, TypeScript and Java: the user's own, or built from pinned Go modules.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tools::go::Module;

const SDK: &str = "github.com/pulumi/pulumi/sdk/v3";
const GO: &str = "pulumi-language-go";
const NODE: &str = "pulumi-language-nodejs";
const JAVA: &str = "pulumi-language-java";
const MODULE: Module = Module {
    name: "hosts",
    sources: &[],
    without_go: "there are no language hosts on PATH and no Go to build them with: install Go (https://go.dev/dl) or the Pulumi CLI",
};
const JAVA_MODULE: Module = Module { name: "java-host", ..MODULE };

/// The folder that holds the hosts for Go and TypeScript, built first if it is missing.
///
/// # Errors
/// When there is none and it cannot be built, for example because Go is missing.
pub(crate) fn folder(cli: &Path) -> Result<PathBuf> {
    if let Some(folder) = found(cli, &[GO, NODE]) {
        return Ok(folder);
    }
    MODULE.built(|folder| {
        let go = format!("{SDK}/go/{GO}");
        MODULE.build("building Pulumi's Go language host (once)", &go, "-s -w", &folder.join(GO))?;
        let node = format!("{SDK}/nodejs/cmd/{NODE}");
        MODULE.build("building Pulumi's Node.js language host (once)", &node, "-s -w", &folder.join(NODE))
    })
}

/// The folder that holds the host for Java, built first if it is missing.
///
/// # Errors
/// As [`folder`].
pub(crate) fn java_folder(cli: &Path) -> Result<PathBuf> {
    if let Some(folder) = found(cli, &[JAVA]) {
        return Ok(folder);
    }
    JAVA_MODULE.built(|folder| {
        let package = format!("github.com/pulumi/pulumi-java/pkg/cmd/{JAVA}");
        JAVA_MODULE.build("building Pulumi's Java language host (once)", &package, "-s -w", &folder.join(JAVA))
    })
}

/// Where the CLI is, or the first folder of PATH, that has all these programs.
fn found(cli: &Path, programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::iter::once(cli.to_path_buf()).chain(std::env::split_paths(&path));
    folders.find(|folder| programs.iter().all(|name| folder.join(name).is_file()))
}
