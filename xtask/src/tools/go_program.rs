//! What programs in Go are built with.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::go::Module;

const MODULE: Module = Module {
    name: "program",
    sources: &["main.go"],
    without_go: "programs in Go need Go: install it (https://go.dev/dl)",
};

/// The folder where Go keeps what it has fetched, among it all that xtask/go/program/go.mod pins. It serves as a GOPROXY.
///
/// # Errors
/// When Go is missing, or a module cannot be had.
pub(crate) fn proxy() -> Result<PathBuf> {
    let what = "compiling Pulumi's library for Go (a minute or two, once)";
    MODULE.built(|folder| MODULE.build(what, ".", "", &folder.join("program")))?;
    Ok(PathBuf::from(MODULE.setting("GOMODCACHE")?).join("cache/download"))
}

/// The folder where Go keeps what it has compiled.
///
/// # Errors
/// When Go is missing.
pub(crate) fn compiled() -> Result<PathBuf> {
    Ok(PathBuf::from(MODULE.setting("GOCACHE")?))
}
