//! Confluent's own Go client, on its walk through the stand-in: built from a pinned Go module.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::go::Module;

const MODULE: Module = Module {
    name: "confluent-walk",
    sources: &["main.go", "walk.go"],
    without_go: "the stand-in of Confluent Cloud is judged by Confluent's own client, which is written in Go: install Go (https://go.dev/dl)",
};

/// The program, built first if it is missing.
///
/// # Errors
/// When it cannot be built, for example because Go is missing.
pub(crate) fn program() -> Result<PathBuf> {
    let what = "building a program on Confluent's Go client (once)";
    let folder = MODULE.built(|folder| MODULE.build(what, ".", "-s -w", &folder.join("confluent-walk")))?;
    Ok(folder.join("confluent-walk"))
}
