//! The client libraries in sdk/: made from a schema by Pulumi's own generators, and committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::job::Job;
use crate::{paths, tools};

/// The folder of all libraries.
pub(crate) const FOLDER: &str = "sdk";
/// How many stale files are named.
const NAMED: usize = 5;
/// Folders that appear when a library is built or used. Their names are those that its own .gitignore has.
const PRODUCTS: [&str; 8] = ["__pycache__", ".mypy_cache", "build", "dist", "node_modules", "bin", "obj", "target"];
/// How the names of files end that appear then.
const PRODUCED: [&str; 3] = ["package-lock.json", ".tgz", "go.sum"];

/// Files by their paths below a folder.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Writes every library anew, so that no file stays that is not made any more.
///
/// # Errors
/// When a generator cannot be had or fails, or a file cannot be written.
pub(crate) fn write(schema: &Path) -> Result<()> {
    let folder = paths::root().join(FOLDER);
    let files = generate(schema)?;
    clear(&folder)?;
    for (path, content) in files {
        let place = folder.join(path);
        let parent = place.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&place, content).with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(())
}

/// What is wrong with the committed libraries; nothing if they are what the schema makes.
///
/// # Errors
/// When a generator cannot be had or fails, or a file cannot be read.
pub(crate) fn stale(schema: &Path) -> Result<Option<String>> {
    let differences = compare(&generate(schema)?, &read(&paths::root().join(FOLDER))?);
    Ok((!differences.is_empty()).then(|| {
        let more = differences.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
        format!("{}{rest}", differences[..differences.len() - more].join(", "))
    }))
}

/// How many files each committed library has.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn counts() -> Result<String> {
    Ok(count(&read(&paths::root().join(FOLDER))?))
}

fn count(files: &Files) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for language in files.keys().filter_map(|path| path.iter().next()) {
        *counts.entry(language.to_string_lossy().into_owned()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(language, count)| format!("{language} {count} files")).collect();
    counts.join(", ")
}

/// The libraries of a schema, with the licence beside each.
fn generate(schema: &Path) -> Result<Files> {
    let folder = paths::target().join("xtask/sdk");
    clear(&folder)?;
    let mut generator = Command::new(tools::sdk::generator()?);
    Job::new("generating the SDKs", paths::log("sdk")?).run(generator.arg(schema).arg(&folder))?;
    let mut files = read(&folder)?;
    let licence = fs::read(paths::root().join("LICENSE")).context("cannot read LICENSE")?;
    let languages: BTreeSet<PathBuf> = files.keys().filter_map(|path| path.iter().next().map(PathBuf::from)).collect();
    files.extend(languages.into_iter().map(|language| (language.join("LICENSE"), licence.clone())));
    Ok(files)
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Every file below a folder but what building makes; none if there is no folder.
fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    if folder.exists() {
        collect(folder, Path::new(""), &mut files)?;
    }
    Ok(files)
}

fn collect(root: &Path, below: &Path, files: &mut Files) -> Result<()> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let name = entry.with_context(|| format!("cannot list {}", folder.display()))?.file_name();
        let path = below.join(&name);
        let place = root.join(&path);
        if place.is_file() {
            if PRODUCED.iter().any(|end| name.to_string_lossy().ends_with(end)) {
                continue;
            }
            let content = fs::read(&place).with_context(|| format!("cannot read {}", place.display()))?;
            files.insert(path, content);
        } else if !is_product(&name.to_string_lossy()) {
            collect(root, &path, files)?;
        }
    }
    Ok(())
}

fn is_product(folder: &str) -> bool {
    PRODUCTS.contains(&folder) || folder.ends_with(".egg-info")
}

/// How what is there differs from what ought to be there.
fn compare(wanted: &Files, there: &Files) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = wanted.keys().chain(there.keys()).collect();
    let differs = |path: &&PathBuf| {
        let what = match (wanted.get(*path), there.get(*path)) {
            (Some(wanted), Some(there)) if wanted == there => return None,
            (Some(_), Some(_)) => "is stale",
            (Some(_), None) => "is missing",
            (None, _) => "is not generated",
        };
        Some(format!("{FOLDER}/{} {what}", path.display()))
    };
    paths.iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn every_difference_is_named_with_its_file() {
        let wanted = files(&[("python/a.py", "1"), ("python/b.py", "2"), ("python/c.py", "3")]);
        let there = files(&[("python/a.py", "1"), ("python/b.py", "x"), ("python/d.py", "4")]);
        assert_eq!(
            compare(&wanted, &there),
            ["sdk/python/b.py is stale", "sdk/python/c.py is missing", "sdk/python/d.py is not generated"]
        );
        assert!(compare(&wanted, &wanted).is_empty());
    }

    #[test]
    fn files_are_counted_by_language() {
        let there = files(&[("python/a.py", "1"), ("go/b.go", "2"), ("python/c/d.py", "3")]);
        assert_eq!(count(&there), "go 1 files, python 2 files");
    }

    #[test]
    fn what_building_makes_is_passed_over() {
        let folder = paths::target().join("xtask/sdk-test");
        clear(&folder).unwrap();
        let products =
            [("p/build/x", "2"), ("p/m/__pycache__/y", "3"), ("p/m.egg-info/z", "4"), ("n/a-0.1.0.tgz", "5")];
        for (path, text) in products.into_iter().chain([("p/m/a.py", "1")]) {
            let place = folder.join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        assert_eq!(read(&folder).unwrap(), files(&[("p/m/a.py", "1")]));
        clear(&folder).unwrap();
        assert!(read(&folder).unwrap().is_empty());
    }
}
