//! Searching everything that anyone may read for what nobody may.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Shorter strings than this are no secrets but words, and would be found everywhere.
const SHORTEST: usize = 8;

/// So long is a line of a text that could be recognised.
const LINE: usize = 32;

/// Values that must not stand in clear anywhere.
#[derive(Default, Clone)]
pub struct Secrets {
    values: BTreeSet<String>,
}

impl Secrets {
    /// Adds a value, unless it is too short to be one. Of a text of many lines, such as a private key in PEM, also each line of its second
    /// half but the last: written into other texts its line ends may take any form. The first half may say what a public key says.
    pub fn add(&mut self, value: &str) {
        if value.len() >= SHORTEST {
            self.values.insert(value.to_owned());
        }
        let lines: Vec<&str> = value.trim_end().lines().collect();
        let second_half = lines.len() / 2..lines.len().saturating_sub(1);
        let lines = lines.get(second_half).unwrap_or_default().iter().filter(|line| line.len() >= LINE);
        self.values.extend(lines.map(|line| (*line).to_owned()));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none, so that a search would prove nothing.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Insists that none stands in a text, plainly or in a common encoding.
    ///
    /// # Errors
    /// When one does. The message says where and never what.
    pub fn absent_from_text(&self, place: &str, text: &[u8]) -> Result<()> {
        for (number, value) in self.values.iter().enumerate() {
            for (form, needle) in forms(value) {
                if let Some(at) = find(text, needle.as_bytes()) {
                    bail!("secret {number} of {} stands in {place} at byte {at}, {form}", self.values.len());
                }
            }
        }
        Ok(())
    }
}

/// Everything in the files below a folder, with their paths.
///
/// # Errors
/// When a file cannot be read.
pub fn contents(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(contents(&path)?);
        } else if path.is_file() {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            found.push((path.display().to_string(), bytes));
        }
    }
    Ok(found)
}

/// The ways in which a value may be written without being hidden.
fn forms(value: &str) -> [(&'static str, String); 4] {
    let percent: String = value
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let json = serde_json::Value::from(value).to_string();
    [
        ("plainly", value.to_owned()),
        ("in base64", STANDARD.encode(value).trim_end_matches('=').to_owned()),
        ("in percent encoding", percent),
        ("escaped in JSON", json.trim_matches('"').to_owned()),
    ]
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let candidates = text.iter().enumerate().filter(|(_, byte)| **byte == first);
    candidates.map(|(at, _)| at).find(|at| text[*at..].starts_with(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        let mut secrets = Secrets::default();
        secrets.add("wJalr/XUtn+FEMI\"K7");
        assert_eq!(secrets.len(), 1);
        for leak in [
            "a wJalr/XUtn+FEMI\"K7 b",
            "=wJalr%2FXUtn%2BFEMI%22K7&",
            "{\"x\":\"wJalr/XUtn+FEMI\\\"K7\"}",
            "d0phbHIvWFV0bitGRU1JIks3==",
        ] {
            let error = secrets.absent_from_text("the log", leak.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("the log") && !error.contains("wJalr"), "{error}");
        }
        assert!(secrets.absent_from_text("the log", b"wJalr/XUtn and FEMI").is_ok());
    }

    #[test]
    fn a_line_of_a_private_key_is_found_however_lines_end() {
        let mut secrets = Secrets::default();
        let line = |letter: &str| letter.repeat(64);
        let (first, second, third) = (line("a"), line("b"), line("c"));
        secrets.add(&format!("-----BEGIN PRIVATE KEY-----\n{first}\n{second}\n{third}\n-----END PRIVATE KEY-----\n"));
        assert!(secrets.absent_from_text("here", format!("x\\\\n{third}\\\\n").as_bytes()).is_err());
        assert!(secrets.absent_from_text("here", format!("{first} PRIVATE KEY").as_bytes()).is_ok());
    }

    #[test]
    fn files_deep_down_are_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c"), b"\xff\x00secret").unwrap();
        let found = contents(folder.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].0.ends_with("a/b/c") && found[0].1 == b"\xff\x00secret");
    }

    #[test]
    fn a_word_is_no_secret() {
        let mut secrets = Secrets::default();
        secrets.add("short");
        assert!(secrets.is_empty());
    }
}
