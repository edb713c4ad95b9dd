//! The walk of Oracle's Go SDK through the stand-in of OCI, built from a pinned Go module.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::go::Module;

const MODULE: Module = Module {
    name: "oci-walk",
    sources: &["main.go", "bench.go", "keys.go", "secrets.go", "users.go", "vaults.go"],
    without_go: "the stand-in of OCI is judged by Oracle's own client, which is written in Go: install Go (https://go.dev/dl)",
};

/// The program, built first if it is missing.
///
/// # Errors
/// When it cannot be built, for example because Go is missing.
pub(crate) fn program() -> Result<PathBuf> {
    let what = "building the walk of Oracle's Go SDK (a minute or two, once)";
    let folder = MODULE.built(|folder| MODULE.build(what, ".", "-s -w", &folder.join("oci-walk")))?;
    Ok(folder.join("oci-walk"))
}
