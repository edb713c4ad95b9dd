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

/// Folders whose circles are known and not gone yet. One without any is an error here, so the list only shrinks.
const EXEMPT: &[&str] = &["provider/rotation/src", "provider/plugin/src/rotating"];

/// What is wrong, a line for each; empty if nothing is.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn found() -> Result<Vec<String>> {
    let mut circles = Vec::new();
    for file in crates()? {
        circles.extend(of_crate(&file, &|path| fs::read_to_string(paths::root().join(path)).ok())?);
    }
    Ok(complaints(&circles, EXEMPT))
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

fn complaints(circles: &[Circle], exempt: &[&str]) -> Vec<String> {
    let is_within = |circle: &Circle, folder: &str| circle.iter().all(|(file, _)| file.starts_with(folder));
    let counts = |circle: &&Circle| !exempt.iter().any(|folder| is_within(circle, folder));
    let new = circles.iter().filter(counts).map(|circle| format!("import circle: {}", words(circle)));
    let clean = exempt.iter().filter(|folder| !circles.iter().any(|circle| is_within(circle, folder)));
    let gone = clean.map(|folder| format!("{folder} has no import circle any more: take it out of EXEMPT"));
    new.chain(gone).collect()
}

fn words(circle: &Circle) -> String {
    let steps = circle.iter().map(|(file, path)| format!("{} needs `{path}` of ", file.display()));
    let first = circle.first().map(|(file, _)| file.display().to_string());
    steps.chain(first).collect()
}

#[cfg(test)]
mod tests;
