//! Who publishes the package: `[workspace.metadata.publisher]` in Cargo.toml.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::paths;

/// The names that depend on the publisher, as far as xtask needs them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Publisher {
    #[serde(default)]
    is_placeholder: bool,
    /// The owner of the repository.
    pub(crate) owner: String,
}

impl Publisher {
    /// The table in the workspace's Cargo.toml.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(paths::root().join("Cargo.toml")).context("cannot read Cargo.toml")?;
        Self::parse(&text)
    }

    fn parse(manifest: &str) -> Result<Self> {
        let manifest: toml::Table = manifest.parse().context("Cargo.toml is not TOML")?;
        let found = ["workspace", "metadata", "publisher"]
            .iter()
            .try_fold(manifest, |table, name| table.get(*name).and_then(toml::Value::as_table).cloned());
        let found = found.context("Cargo.toml has no table workspace.metadata.publisher")?;
        found.try_into().context("workspace.metadata.publisher in Cargo.toml")
    }

    /// Insists that the names are somebody's.
    ///
    /// # Errors
    /// When they are a placeholder.
    pub(crate) fn must_be_real(&self) -> Result<()> {
        ensure!(
            !self.is_placeholder && !self.owner.contains("--"),
            "the publisher is a placeholder ({}): put your names into workspace.metadata.publisher in Cargo.toml, remove `is-placeholder`, \
             and run `cargo xtask codegen`",
            self.owner
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publisher(lines: &str) -> Publisher {
        Publisher::parse(&format!("[workspace.metadata.publisher]\n{lines}")).unwrap()
    }

    #[test]
    fn a_placeholder_is_no_publisher() {
        assert!(publisher("owner = 'somebody'").must_be_real().is_ok());
        for placeholder in ["owner = 'somebody'\nis-placeholder = true", "owner = 'your--organization'"] {
            let refused = publisher(placeholder).must_be_real().unwrap_err().to_string();
            assert!(refused.contains("workspace.metadata.publisher"), "{refused}");
        }
    }

    #[test]
    fn the_table_of_this_project_can_be_read() {
        assert!(!Publisher::read().unwrap().owner.is_empty());
    }
}
