//! cargo-mutants, which finds the small changes that a crate's trials should notice.

use std::path::PathBuf;

use anyhow::Result;

use super::installed;

/// The program, built and installed into the cache first if it is missing.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn program() -> Result<PathBuf> {
    installed::program("cargo-mutants", "27.1.0")
}
