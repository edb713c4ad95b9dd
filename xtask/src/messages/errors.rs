//! The catalog of error codes: what is behind each error, and what to do. A code stands at the end of the error's text in the sources.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::Source;
use crate::paths;

const HEAD: &str = "\
# Errors

Each error of the plugin ends with a code, such as `[KR-AWS-012]`. This page has an entry for each code: the message, the cause, and the remedy. `{…}` stands
for what differs from case to case. A code is never given to another error.

An input whose type is wrong, that is missing, or that does not exist has no code: its message names the property and says what is expected.

`cargo xtask codegen messages` writes this page.
";

/// A framework for any provider: its errors have no codes.
const FRAMEWORK: &str = "provider/framework/";

/// The errors of one part: `xtask/errors/*.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    /// The heading.
    title: String,
    /// What its codes begin with.
    prefix: String,
    /// The folder of sources that has them.
    folder: String,
    error: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    cause: String,
    remedy: String,
    /// The release that no longer has this error. The entry stays, so that the code is not used again.
    removed: Option<String>,
}

/// The page.
///
/// # Errors
/// When an error of the sources has no entry, an entry has no error, or a code is used twice.
pub(super) fn page(sources: &[Source]) -> Result<String> {
    let ours = sources.iter().filter(|source| !source.file.starts_with(FRAMEWORK));
    let uncoded: Vec<String> = ours
        .flat_map(|Source { file, uncoded, .. }| uncoded.iter().map(move |text| format!("{file}: {text}")))
        .collect();
    ensure!(
        uncoded.is_empty(),
        "these errors have no code: write `[KR-…-NNN]` at their end, with the next number of their part in xtask/errors\n{}",
        uncoded.join("\n")
    );
    with(&parts()?, &coded(sources))
}

fn with(parts: &[Part], coded: &BTreeMap<String, Vec<Coded>>) -> Result<String> {
    let mut rest: Vec<&String> = coded.keys().collect();
    let mut text = HEAD.to_owned();
    for Part { title, prefix, folder, error } in parts {
        let _ = write!(text, "\n## {title}\n");
        let mut last = String::new();
        for entry in error {
            let code = &entry.code;
            ensure!(is_code(code) && code.starts_with(prefix), "xtask/errors: {code} is not of the form {prefix}NNN");
            ensure!(*code > last, "xtask/errors: {code} is not above the code before it");
            last.clone_from(code);
            rest.retain(|other| *other != code);
            let said = coded.get(code).map(Vec::as_slice).unwrap_or_default();
            ensure!(
                said.is_empty() == entry.removed.is_some(),
                "xtask/errors: {code}: no text in the sources has it, or it is removed and one has: keep the entry, with `removed`"
            );
            let stranger = said.iter().find(|coded| !coded.file.starts_with(folder.as_str()));
            ensure!(stranger.is_none(), "{code} is used outside of {folder}");
            text.push_str(&entry.text(said));
        }
    }
    ensure!(rest.is_empty(), "xtask/errors has no entry for {rest:?}: write its cause and its remedy");
    Ok(text)
}

impl Entry {
    fn text(&self, said: &[Coded]) -> String {
        let Self { code, cause, remedy, removed } = self;
        let mut text = format!("\n### {code}\n\n");
        said.iter().for_each(|coded| text.push_str(&format!("> {}\n\n", coded.text)));
        if let Some(release) = removed {
            let _ = write!(text, "Not in releases after {release}.\n\n");
        }
        let _ = write!(text, "**Cause.** {cause}\n\n**Remedy.** {remedy}\n");
        text
    }
}

/// A text that ends with a code.
struct Coded {
    file: String,
    text: String,
}

/// The texts of the sources that have a code.
fn coded(sources: &[Source]) -> BTreeMap<String, Vec<Coded>> {
    let mut found: BTreeMap<String, Vec<Coded>> = BTreeMap::new();
    for Source { file, texts, .. } in sources {
        for line in texts {
            let text = line.split_once(": ").map_or(line.as_str(), |(_, text)| text);
            for code in codes(text) {
                let text = text.replace(&format!(" [{code}]"), "");
                found.entry(code).or_default().push(Coded { file: file.clone(), text });
            }
        }
    }
    found
}

fn codes(text: &str) -> impl Iterator<Item = String> {
    text.split('[')
        .skip(1)
        .filter_map(|rest| rest.split_once(']'))
        .map(|(code, _)| code.to_owned())
        .filter(|code| is_code(code))
}

fn is_code(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("KR")
        && parts.next().is_some_and(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_uppercase()))
        && parts.next().is_some_and(|number| number.len() == 3 && number.bytes().all(|c| c.is_ascii_digit()))
        && parts.next().is_none()
}

fn parts() -> Result<Vec<Part>> {
    let mut files = paths::files(&["xtask/errors/*.toml"])?;
    files.sort();
    let read = |file: String| {
        let text = fs::read_to_string(paths::root().join(&file)).with_context(|| format!("cannot read {file}"))?;
        toml::from_str(&text).with_context(|| format!("cannot read {file}"))
    };
    files.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(codes: &[&str]) -> Part {
        let entry = |code: &&str| Entry {
            code: (*code).to_owned(),
            cause: "The user is gone.".to_owned(),
            remedy: "Correct `user`.".to_owned(),
            removed: None,
        };
        let [title, prefix, folder] = ["AWS", "KR-AWS-", "provider/systems/aws/"].map(str::to_owned);
        Part { title, prefix, folder, error: codes.iter().map(entry).collect() }
    }

    fn sources(file: &str, text: &str) -> BTreeMap<String, Vec<Coded>> {
        coded(&[Source { file: file.to_owned(), texts: vec![format!("failed: {text}")], uncoded: Vec::new() }])
    }

    #[test]
    fn an_entry_shows_the_message_with_its_cause_and_remedy() {
        let said = sources("provider/systems/aws/src/error.rs", "{user} is not there [KR-AWS-001]");
        let page = with(&[part(&["KR-AWS-001"])], &said).unwrap();
        let entry =
            "### KR-AWS-001\n\n> {user} is not there\n\n**Cause.** The user is gone.\n\n**Remedy.** Correct `user`.\n";
        assert!(page.contains(entry), "{page}");
    }

    #[test]
    fn a_code_without_an_entry_an_entry_without_an_error_and_a_code_twice_are_refused() {
        let at_home = "provider/systems/aws/src/error.rs";
        let said = |file: &str| sources(file, "it is not there [KR-AWS-001]");
        let refused = |codes: &[&str], file: &str| with(&[part(codes)], &said(file)).unwrap_err().to_string();
        assert!(refused(&[], at_home).contains("no entry for [\"KR-AWS-001\"]"));
        assert!(refused(&["KR-AWS-001", "KR-AWS-002"], at_home).contains("KR-AWS-002: no text"));
        assert!(refused(&["KR-AWS-001", "KR-AWS-001"], at_home).contains("not above"));
        assert!(refused(&["KR-OCI-001"], at_home).contains("not of the form"));
        assert!(refused(&["KR-AWS-001"], "provider/systems/oci/src/error.rs").contains("outside"));
    }

    #[test]
    fn a_code_has_three_parts() {
        assert_eq!(codes("a [KR-AWS-012] and [request 1] [KR-aws-1]").collect::<Vec<_>>(), ["KR-AWS-012"]);
    }
}
