//! cargo-deny, which holds the dependencies to deny.toml.

use std::path::PathBuf;

use anyhow::Result;

use super::installed;

/// The program, built and installed into the cache first if it is missing.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn program() -> Result<PathBuf> {
    installed::program("cargo-deny", "0.20.2")
}
