//! The Pulumi command line and its YAML language host: the user's own, or built from pinned Go modules.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::go::Module;

/// The oldest engine that the plugin's behaviour was checked with.
const OLDEST: (u64, u64) = (3, 250);
const CLI_MODULE: &str = "github.com/pulumi/pulumi/pkg/v3";
const CLI_PACKAGE: &str = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const YAML_PACKAGE: &str = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml";
const YAML_HOST: &str = "pulumi-language-yaml";
const MODULE: Module = Module {
    name: "cli",
    sources: &[],
    without_go: "there is no usable `pulumi` on PATH and no Go to build one with: install Go (https://go.dev/dl) or the Pulumi CLI",
};

/// The folder that holds a `pulumi` to use, from PATH if it is fit, else from the cache, where it
/// is built first if it is missing.
///
/// # Errors
/// When there is none and it cannot be built, for example because Go is missing.
pub(crate) fn folder() -> Result<PathBuf> {
    match on_path() {
        Some(folder) => Ok(folder),
        None => built(),
    }
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let folder = folders.iter().find(|folder| folder.join("pulumi").is_file())?;
    let host = folder.join(YAML_HOST).is_file() || folders.iter().any(|other| other.join(YAML_HOST).is_file());
    let answer = Command::new(folder.join("pulumi")).arg("version").output().ok()?;
    let version = String::from_utf8(answer.stdout).ok()?;
    (answer.status.success() && host && parse(version.trim())? >= OLDEST).then(|| folder.clone())
}

/// Major and minor of `v3.259.0`.
fn parse(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.strip_prefix('v').unwrap_or(version).split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn built() -> Result<PathBuf> {
    MODULE.built(|folder| {
        let pins = MODULE.file("go.mod");
        let text = fs::read_to_string(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
        let version = pinned(&text).with_context(|| format!("{} names no version of {CLI_MODULE}", pins.display()))?;
        let linker = format!("-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}");
        let what = "building the Pulumi CLI (about 5 minutes, once)";
        MODULE.build(what, CLI_PACKAGE, &linker, &folder.join("pulumi"))?;
        let what = "building Pulumi's YAML language host (once)";
        MODULE.build(what, YAML_PACKAGE, "-s -w", &folder.join(YAML_HOST))
    })
}

/// The version that a go.mod requires of the CLI's module.
fn pinned(go_mod: &str) -> Option<&str> {
    let line = go_mod.lines().map(str::trim).find(|line| line.split_whitespace().next() == Some(CLI_MODULE))?;
    line.split_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(parse("v3.259.0"), Some((3, 259)));
        assert_eq!(parse("3.99.1-alpha.1"), Some((3, 99)));
        assert!(parse("v3.99.0").unwrap() < OLDEST);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn the_pin_is_read_from_go_mod() {
        let text = fs::read_to_string(MODULE.file("go.mod")).unwrap();
        let version = pinned(&text).unwrap();
        assert!(parse(version).unwrap() >= OLDEST, "{version}");
    }
}
