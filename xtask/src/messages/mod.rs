//! Every text of the plugin that a user can meet, in one file to read through: errors, warnings, log lines, lines of previews.
//!
//! The sources are read, and every string in them that holds words is taken, whether it is a whole sentence or a part of one. So no text can be
//! missing, and a review shows each one that changes. The descriptions of the schema stand in schema.json.

mod texts;

use std::fs;

use anyhow::{Context, Result};

use crate::paths;

/// The committed text.
pub(crate) const FILE: &str = "provider/messages.txt";
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
    let mut files = paths::files(&["provider/*.rs"])?;
    files.retain(|file| !is_for_tests(file));
    files.sort();
    let mut text = HEAD.to_owned();
    for name in files {
        let source = fs::read_to_string(paths::root().join(&name)).with_context(|| format!("cannot read {name}"))?;
        let found = texts::of(&source).with_context(|| format!("cannot parse {name}"))?;
        if !found.is_empty() {
            text.push_str(&format!("\n# {name}\n{}", found.iter().map(|line| format!("{line}\n")).collect::<String>()));
        }
    }
    Ok(text)
}

/// Whether a source is no part of the program: a test, what helps one, an example, or a build script.
fn is_for_tests(file: &str) -> bool {
    let stem = |part: &str| part.strip_suffix(".rs").unwrap_or(part).to_owned();
    file.split('/').any(|part| matches!(stem(part).as_str(), "tests" | "testing" | "examples" | "build"))
}
