//! `Debug` shows no secret: every public type that may hold one is formatted with one in it, and none is left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod samples;
mod scan;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG";
/// What stands in place of a secret: the framework's words, secrecy's, and the keepers' number.
const HIDDEN: [&str; 3] = ["[secret]", "REDACTED", "keepers"];

/// Every crate whose types the plugin is made of, with its sources. A system's is found by its folder.
fn crates() -> Vec<(String, PathBuf)> {
    let provider = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let own = [("rotation", "rotation"), ("pulumi_provider", "framework"), ("plugin", "plugin")];
    let mut crates: Vec<_> =
        own.map(|(name, folder)| (name.to_owned(), provider.join(folder).join("src"))).into_iter().collect();
    for system in fs::read_dir(provider.join("systems")).unwrap() {
        let folder = system.unwrap().path();
        let name = format!("system_{}", folder.file_name().unwrap().to_string_lossy());
        crates.push((name, folder.join("src")));
    }
    crates
}

#[test]
fn no_public_type_shows_its_secret() {
    for (name, shown) in samples::all() {
        assert!(!shown.contains(SECRET), "Debug of {name} shows a secret");
        assert!(HIDDEN.iter().any(|word| shown.contains(word)), "the sample of {name} holds no secret");
    }
}

#[test]
fn every_public_type_that_may_hold_a_secret_is_among_the_samples() {
    let crates = crates();
    let folders: Vec<_> = crates.iter().map(|(name, folder)| (name.as_str(), folder.as_path())).collect();
    let found = scan::secret_bearing(&folders);
    let sampled: BTreeSet<_> = samples::all().into_iter().map(|(name, _)| name.to_owned()).collect();
    let missing: Vec<_> = found.difference(&sampled).collect();
    assert!(missing.is_empty(), "add a sample with a secret in it to samples.rs for {missing:?}");
    let stale: Vec<_> = sampled.difference(&found).collect();
    assert!(stale.is_empty(), "these hold no secret any more, or are gone: {stale:?}");
}
