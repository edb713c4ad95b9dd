//! Every text of the plugin that a user can meet, in one file to read through: errors, warnings, log lines, lines of previews.
//!
//! The sources are read, and every string in them that holds words is taken, whether it is a whole sentence or a part of one. So no text can be
//! missing, and a review shows each one that changes. The descriptions of the schema stand in schema.json.
//!
//! An error ends with its code. docs/errors.md has an entry for each, from xtask/errors.

mod errors;
mod texts;

use std::fs;

use anyhow::{Context, Result};

use crate::paths;

/// The committed text.
pub(crate) const FILE: &str = "provider/messages.txt";
/// The page of error codes.
pub(crate) const ERRORS: &str = "docs/errors.md";
const HEAD: &str = "Every text that a user of the plugin can meet, whole or in parts, by the file and the function that says it. \
    `cargo xtask codegen messages` writes this file.\n";

/// The texts of one source.
struct Source {
    file: String,
    texts: Vec<String>,
    /// Those that make an error and have no code.
    uncoded: Vec<String>,
}

/// Writes the text and the page.
///
/// # Errors
/// A source cannot be read, an error has no entry, or a file cannot be written.
pub(crate) fn write() -> Result<()> {
    for (name, text) in made()? {
        fs::write(paths::root().join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// What is wrong with the committed files; nothing if they are what the sources say.
///
/// # Errors
/// A source cannot be read.
pub(crate) fn stale() -> Result<Option<String>> {
    let made = match made() {
        Ok(made) => made,
        Err(error) => return Ok(Some(format!("{error:#}"))),
    };
    let is_stale =
        |(name, text): &&(&str, String)| fs::read_to_string(paths::root().join(name)).unwrap_or_default() != *text;
    Ok(made.iter().find(is_stale).map(|(name, _)| format!("{name} is not what the sources say")))
}

fn made() -> Result<[(&'static str, String); 2]> {
    let sources = sources()?;
    Ok([(FILE, text(&sources)), (ERRORS, errors::page(&sources)?)])
}

fn sources() -> Result<Vec<Source>> {
    let mut files = paths::files(&["provider/*.rs"])?;
    files.retain(|file| !is_for_tests(file));
    files.sort();
    let read = |file: String| {
        let source = fs::read_to_string(paths::root().join(&file)).with_context(|| format!("cannot read {file}"))?;
        let parsed = syn::parse_file(&source).with_context(|| format!("cannot parse {file}"))?;
        Ok(Source { file, texts: texts::of(&parsed), uncoded: texts::uncoded(&parsed) })
    };
    files.into_iter().map(read).collect()
}

fn text(sources: &[Source]) -> String {
    let mut text = HEAD.to_owned();
    for Source { file, texts, .. } in sources.iter().filter(|source| !source.texts.is_empty()) {
        text.push_str(&format!("\n# {file}\n{}", texts.iter().map(|line| format!("{line}\n")).collect::<String>()));
    }
    text
}

/// Whether a source is no part of the program: a test, what helps one, an example, or a build script.
fn is_for_tests(file: &str) -> bool {
    let stem = |part: &str| part.strip_suffix(".rs").unwrap_or(part).to_owned();
    file.split('/').any(|part| matches!(stem(part).as_str(), "tests" | "testing" | "examples" | "build"))
}
