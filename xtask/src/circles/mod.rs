//! No two files of a crate under `provider` need each other, by whatever detour: each can be read after those that it needs.
//!
//! What counts is where a name is defined. A private `use` line and a path in the code need the file that defines the name, through
//! however many re-exports. A `mod` line needs nothing, nor does a `use` line with a visibility: it passes a name on. Modules and
//! items for tests alone (`#[cfg(test)]`) do not count. A module that stands inside of another is in that one's file.

mod graph;
mod mentions;
mod modules;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths;
use graph::Circle;

/// What is wrong, a line for each; empty if nothing is.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn found() -> Result<Vec<String>> {
    let mut circles = Vec::new();
    for file in crates()? {
        circles.extend(of_crate(&file, &|path| fs::read_to_string(paths::root().join(path)).ok())?);
    }
    Ok(circles.iter().map(complaint).collect())
}

/// The first file of each crate under `provider`.
fn crates() -> Result<Vec<PathBuf>> {
    let root = paths::root();
    let mut files = Vec::new();
    for folder in ["provider", "provider/systems"] {
        let entries = fs::read_dir(root.join(folder)).with_context(|| format!("cannot list {folder}"))?;
        for entry in entries {
            files.push(Path::new(folder).join(entry?.file_name()).join("src/lib.rs"));
        }
    }
    files.retain(|file| root.join(file).is_file());
    files.sort();
    Ok(files)
}

fn of_crate(file: &Path, source: modules::Source<'_>) -> Result<Vec<Circle>> {
    Ok(graph::circles(&graph::graph(&modules::load(file, source)?)))
}

fn complaint(circle: &Circle) -> String {
    format!("import circle: {}", words(circle))
}

fn words(circle: &Circle) -> String {
    let steps = circle.iter().map(|(file, path)| format!("{} needs `{path}` of ", file.display()));
    let first = circle.first().map(|(file, _)| file.display().to_string());
    steps.chain(first).collect()
}

#[cfg(test)]
mod tests;
