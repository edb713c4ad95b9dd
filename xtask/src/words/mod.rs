//! No phrase and no name that the project has given up is left in a text that users read: the Markdown files, schema.json and provider/messages.txt.
//!
//! `xtask/words.toml` lists them, each with what is said instead, and the files that are excepted, each with its reason. A phrase is
//! found in any case and across line ends. A name is found in code spans of Markdown alone, because many are common words.

mod find;

use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{messages, paths};
use find::Text;

const LIST: &str = "xtask/words.toml";
/// Made from schema.json and other texts that are checked themselves.
const GENERATED: &str = "sdk/";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    phrase: Vec<Entry>,
    name: Vec<Entry>,
    #[serde(default)]
    exception: Vec<Exception>,
}

/// What is not said, and what is said instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    find: String,
    say: String,
}

/// A file in which a phrase or name may stand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    file: String,
    find: String,
    reason: String,
}

/// What is wrong, with file and line, and exceptions that nothing needs.
///
/// # Errors
/// The list or a file cannot be read.
pub(crate) fn found() -> Result<Vec<String>> {
    let list = fs::read_to_string(paths::root().join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let list: List = toml::from_str(&list).with_context(|| format!("cannot parse {LIST}"))?;
    let mut texts = Vec::new();
    for file in files()? {
        let text = fs::read_to_string(paths::root().join(&file)).with_context(|| format!("cannot read {file}"))?;
        texts.push((file, text));
    }
    Ok(check(&list, &texts))
}

/// The Markdown files and schema.json, as git knows them.
fn files() -> Result<Vec<String>> {
    let mut files = paths::files(&["*.md", "schema.json", messages::FILE])?;
    files.retain(|file| !file.starts_with(GENERATED));
    ensure!(files.len() > 1, "there are no Markdown files");
    Ok(files)
}

fn check(list: &List, texts: &[(String, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut needed = vec![false; list.exception.len()];
    for (file, text) in texts {
        for (line, entry) in hits(list, &Text::new(text), file.ends_with(".md")) {
            let excepted = list.exception.iter().position(|one| one.file == *file && one.find == entry.find);
            match excepted {
                Some(index) => needed[index] = true,
                None => wrong.push(format!("{file}:{line}: not \"{}\": {}", entry.find, entry.say)),
            }
        }
    }
    let unneeded = list.exception.iter().zip(needed).filter(|(_, needed)| !needed);
    wrong.extend(unneeded.map(|(one, _)| {
        format!("{LIST}: no \"{}\" stands in {} any more (excepted: {})", one.find, one.file, one.reason)
    }));
    wrong
}

/// Each entry that stands in a text, with its line.
fn hits<'a>(list: &'a List, text: &Text, is_markdown: bool) -> Vec<(usize, &'a Entry)> {
    let phrases =
        list.phrase.iter().flat_map(|entry| text.phrase(&entry.find).into_iter().map(move |line| (line, entry)));
    let names = list.name.iter().filter(|_| is_markdown);
    let names = names.flat_map(|entry| text.name(&entry.find).into_iter().map(move |line| (line, entry)));
    let mut hits: Vec<_> = phrases.chain(names).collect();
    hits.sort_by_key(|(line, _)| *line);
    hits
}

#[cfg(test)]
mod tests;
