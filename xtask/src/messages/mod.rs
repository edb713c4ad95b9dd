//! Every text of the plugin that a user can meet, in one file to read through: errors, warnings, log lines, lines of previews.
//!
//! The sources are read, and every string in them that holds words is taken, whether it is a whole sentence or a part of one. So no text can be
//! missing, and a review shows each one that changes. The descriptions of the schema stand in schema.json.

mod texts;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::paths;

/// The committed text.
pub(crate) const FILE: &str = "provider/messages.txt";
const SOURCES: &str = "provider";
const HEAD: &str = "Every text that a user of the plugin can meet, whole or in parts, by the file and the function that says it. \
    `cargo xtask codegen messages` writes this file.\n";

/// Writes the text.
///
/// # Errors
/// A source cannot be read, or the text cannot be written.
pub(crate) fn write() -> Result<()> {
    fs::write(paths::root().join(FILE), text()?).with_context(|| format!("cannot write {FILE}"))
}

/// What is wrong with the committed text; nothing if it is what the sources say.
///
/// # Errors
/// A source cannot be read.
pub(crate) fn stale() -> Result<Option<String>> {
    let committed = fs::read_to_string(paths::root().join(FILE)).unwrap_or_default();
    Ok((committed != text()?).then(|| format!("{FILE} is not what the sources say")))
}

fn text() -> Result<String> {
    let root = paths::root();
    let mut files = Vec::new();
    collect(&root.join(SOURCES), &mut files)?;
    files.sort();
    let mut text = HEAD.to_owned();
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string().replace('\\', "/");
        let source = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        let found = texts::of(&source).with_context(|| format!("cannot parse {name}"))?;
        if !found.is_empty() {
            text.push_str(&format!("\n# {name}\n{}", found.iter().map(|line| format!("{line}\n")).collect::<String>()));
        }
    }
    Ok(text)
}

/// The sources of the program: below each `src`, without what is only for tests.
fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".rs").unwrap_or(&name);
        if matches!(stem, "tests" | "testing" | "examples" | "build" | "target") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(())
}
