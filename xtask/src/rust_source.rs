//! What every reader of the project's own sources knows of Rust.

use std::path::{Path, PathBuf};

use syn::{Attribute, Meta};

/// Whether an item is compiled for tests alone.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// The file of a module that is declared in a folder: of the two places that it may have, the one that `exists`, or else the second.
pub(crate) fn module_file(folder: &Path, name: &str, exists: impl Fn(&Path) -> bool) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if exists(&flat) { flat } else { folder.join(name).join("mod.rs") }
}
