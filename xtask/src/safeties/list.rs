//! The list of safeties: `xtask/safeties/*.toml`, a group of them in each file.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::paths;
use crate::suites::Need;

/// Safeties of one part, whose trials are run alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    /// What they are about, as a heading.
    pub(crate) title: String,
    /// Arguments of `cargo test`; filters of trials come after `--`.
    test: String,
    /// `openbao`, `postgres` or `mariadb`.
    #[serde(default)]
    needs: Vec<String>,
    /// Each of them.
    pub(crate) safety: Vec<Safety>,
}

/// One thing that keeps a key safe, and how it is taken out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Safety {
    /// What it is called on the command line.
    pub(crate) name: String,
    /// What is true thanks to it.
    pub(crate) guards: String,
    /// What the change comes to.
    pub(crate) change: String,
    /// Other trials than those of the group.
    test: Option<String>,
    /// Trials that fail without it, each by a part of its name; others may fail as well.
    pub(crate) fails: Vec<String>,
    /// What is replaced.
    pub(crate) edit: Vec<Edit>,
}

/// A replacement of one text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The file, from the root of the work tree.
    pub(crate) file: String,
    /// A text that the file has once.
    pub(crate) find: String,
    /// What comes in its place.
    pub(crate) with: String,
}

impl Group {
    /// What has to be at hand for the trials.
    pub(crate) fn needs(&self) -> Vec<Need> {
        self.needs.iter().filter_map(|name| need(name)).collect()
    }
}

impl Safety {
    /// Arguments of `cargo test` for the trials that must fail.
    pub(crate) fn test<'a>(&'a self, group: &'a Group) -> &'a str {
        self.test.as_deref().unwrap_or(&group.test)
    }
}

impl Edit {
    /// The text of the file with the replacement.
    ///
    /// # Errors
    /// When the file has the text to find not at all, or more than once.
    pub(crate) fn apply(&self, text: &str) -> Result<String> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.with, 1)),
            count => bail!("{} has {count} times, and must have once:\n{}", self.file, self.find),
        }
    }
}

/// Every group, in the order of the files' names.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn read() -> Result<Vec<Group>> {
    files()?
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            toml::from_str(&text).with_context(|| format!("{} is no list of safeties", file.display()))
        })
        .collect()
}

/// The same without what stands there twice.
pub(crate) fn distinct<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    all.into_iter().fold(Vec::new(), |mut distinct, one| {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
        distinct
    })
}

fn files() -> Result<Vec<PathBuf>> {
    let folder = paths::root().join("xtask/safeties");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

fn need(name: &str) -> Option<Need> {
    match name {
        "openbao" => Some(Need::OpenBao),
        "postgres" => Some(Need::Postgres),
        "mariadb" => Some(Need::MariaDb),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_to_find_stands_once_in_its_file() {
        let all = read().unwrap();
        let mut lost = Vec::new();
        for safety in all.iter().flat_map(|group| &group.safety) {
            for edit in &safety.edit {
                let text = fs::read_to_string(paths::root().join(&edit.file)).unwrap_or_default();
                match edit.apply(&text) {
                    Ok(changed) => assert_ne!(changed, text, "{} changes nothing", safety.name),
                    Err(error) => lost.push(format!("{}: {error}", safety.name)),
                }
            }
        }
        assert!(lost.is_empty(), "correct xtask/safeties/*.toml:\n{}", lost.join("\n"));
    }

    #[test]
    fn every_safety_has_a_name_of_its_own_a_change_and_trials() {
        let all = read().unwrap();
        let safeties: Vec<&Safety> = all.iter().flat_map(|group| &group.safety).collect();
        assert!(safeties.len() >= 40, "{}", safeties.len());
        assert_eq!(safeties.iter().map(|safety| &safety.name).collect::<BTreeSet<_>>().len(), safeties.len());
        for safety in safeties {
            assert!(!safety.edit.is_empty() && !safety.fails.is_empty(), "{}", safety.name);
        }
        for name in all.iter().flat_map(|group| &group.needs) {
            assert!(need(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_text_that_is_lost_or_twice_there_is_an_error() {
        let edit = Edit { file: "x".to_owned(), find: "a".to_owned(), with: "b".to_owned() };
        assert_eq!(edit.apply("cat").unwrap(), "cbt");
        assert!(edit.apply("dog").is_err() && edit.apply("a cat").is_err());
    }
}
