//! actionlint, which checks the workflows of GitHub Actions.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::go::Module;

const MODULE: Module = Module {
    name: "actionlint",
    sources: &["tools.go"],
    without_go: "checking the workflows needs Go: install it (https://go.dev/dl)",
};

/// The program, built into the cache first if it is missing.
///
/// # Errors
/// When Go is missing, or it cannot be built.
pub(crate) fn program() -> Result<PathBuf> {
    let (what, package) = ("building actionlint (once)", "github.com/rhysd/actionlint/cmd/actionlint");
    Ok(MODULE.built(|folder| MODULE.build(what, package, "", &folder.join("actionlint")))?.join("actionlint"))
}
