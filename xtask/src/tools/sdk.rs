//! The program that makes the client libraries, built from a pinned Go module: Pulumi's own generators.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::go::Module;

const MODULE: Module = Module {
    name: "sdk",
    sources: &[
        "main.go",
        "languages.go",
        "spelling.go",
        "extra/dotnet/README.md",
        "extra/dotnet/logo.png",
        "extra/go/README.md",
        "extra/go/gitignore",
        "extra/java/README.md",
        "extra/java/gitignore",
        "extra/java/pom.xml",
        "extra/nodejs/gitignore",
    ],
    without_go: "the client libraries in sdk/ are made by Pulumi's generators, which are written in Go: install Go (https://go.dev/dl)",
};

/// The program, built first if it is missing.
///
/// # Errors
/// When it cannot be built, for example because Go is missing.
pub(crate) fn generator() -> Result<PathBuf> {
    let what = "building Pulumi's SDK generators (a minute or two, once)";
    let folder = MODULE.built(|folder| MODULE.build(what, ".", "-s -w", &folder.join("sdk")))?;
    Ok(folder.join("sdk"))
}
