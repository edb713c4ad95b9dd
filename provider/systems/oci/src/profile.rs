//! A profile of Oracle's configuration file, with what it inherits from `[DEFAULT]`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rotation::{Error, ErrorKind};
use secrecy::SecretString;

pub(crate) use crate::ini::DEFAULT;
use crate::ini::{Entry, Fault, Ini};

/// One profile. Its values may be secrets, so it has no `Debug`.
#[derive(Default)]
pub(crate) struct Profile {
    values: BTreeMap<String, Value>,
}

/// A value, and the section and line that it was found in.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) entry: Entry,
    pub(crate) inherited: bool,
}

/// What Oracle's SDK refuses to read from a file.
const NEVER_IN_A_FILE: &str = "key_content";

impl Profile {
    /// The profile of this name in the file, as Oracle's SDK for Python has it; none if there is no such section. `[DEFAULT]` always exists.
    ///
    /// # Errors
    /// What Oracle's SDK refuses too.
    pub(crate) fn read(text: &str, name: &str) -> Result<Option<Self>, Fault> {
        let ini = Ini::read(text)?;
        let Some(own) = ini.section(name) else { return Ok(None) };
        let value = |entry: &Entry, inherited| Value { entry: entry.clone(), inherited };
        let defaults = ini.defaults().iter().map(|(name, entry)| (name.clone(), value(entry, true)));
        let mut values: BTreeMap<_, _> = defaults.collect();
        values.extend(own.iter().map(|(option, entry)| (option.clone(), value(entry, false))));
        match values.get(NEVER_IN_A_FILE) {
            Some(value) => Err(Fault {
                line: value.entry.line,
                reason:
                    "has `key_content`, which Oracle's tools refuse in a file: name the file of the key in `key_file` [KR-OCI-051]"
                        .to_owned(),
            }),
            None => Ok(Some(Self { values })),
        }
    }

    /// A value that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !exposed(&value.entry.text).is_empty())
    }

    /// Whether a session is the profile's, and not one that `[DEFAULT]` has for another user or another key.
    pub(crate) fn owns_session(&self) -> bool {
        let own = |name| self.get(name).is_some_and(|value| !value.inherited);
        own("security_token_file") || !["key_file", "user", "fingerprint"].into_iter().any(own)
    }
}

/// A path as users write it: `~` is the home folder.
pub(crate) fn expanded(path: &str, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\")), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The text of a file; `what` is how a message calls it.
pub(crate) fn file(path: &Path, what: &str) -> Result<SecretString, Error> {
    let text = std::fs::read_to_string(path);
    text.map(SecretString::from).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            kind => kind.to_string(),
        };
        Error::new(
            ErrorKind::Invalid,
            "",
            format!("{what}: the file {} cannot be read: {why} [KR-OCI-052]", path.display()),
        )
    })
}

#[expect(clippy::disallowed_methods, reason = "what stands in the profile is looked at, and used as what it is")]
fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

#[cfg(test)]
mod tests;
