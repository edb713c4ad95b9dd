//! The secrets of keys that are imported, which the user gives in the environment.

use std::collections::BTreeMap;
use std::fmt;

use pulumi_provider::{Code, Error};
use rotation::{KeyId, is_empty_secret};
use secrecy::SecretString;
use serde_json::error::Category;
use zeroize::Zeroizing;

/// Names the variable that holds the secret of one key that is imported.
const ONE: &str = "KEYROTATION_IMPORT_SECRET";
/// Names the variable that holds the path of a JSON file with many of them.
const MANY: &str = "KEYROTATION_IMPORT_SECRETS";

/// A secret that the user gave for a key.
pub(crate) struct Given {
    /// The secret.
    pub(crate) secret: SecretString,
    /// Where it came from, as messages name it.
    pub(crate) from: String,
}

/// The secret that the user gave for this key, if any: in one variable, or in the file that another one names, by the id that imports the key or by
/// the key's own id.
///
/// # Errors
/// Both variables are set, or the file is not what it should be. Nothing of its content is in the error.
pub(crate) fn given(import_id: &str, key: &KeyId) -> Result<Option<Given>, Error> {
    find(&|name| std::env::var(name).ok(), import_id, key)
}

fn find(variable: &dyn Fn(&str) -> Option<String>, import_id: &str, key: &KeyId) -> Result<Option<Given>, Error> {
    let set = |name| variable(name).filter(|text| !text.is_empty());
    match (set(ONE), set(MANY)) {
        (None, None) => Ok(None),
        (Some(secret), None) => Ok(Some(Given { secret: secret.into(), from: format!("`{ONE}`") })),
        (None, Some(path)) => in_file(&path, import_id, key),
        (Some(_), Some(_)) => {
            Err(wrong(format!("`{ONE}` and `{MANY}` are both set: unset one of them [KR-PLUGIN-010]")))
        }
    }
}

fn in_file(path: &str, import_id: &str, key: &KeyId) -> Result<Option<Given>, Error> {
    let mut secrets = read(path)?;
    for id in [import_id, &key.0] {
        if let Some(secret) = secrets.remove(id).filter(|secret| !is_empty_secret(secret)) {
            return Ok(Some(Given { secret, from: format!("the entry {id:?} of the file {path:?} (`{MANY}`)") }));
        }
    }
    Ok(None)
}

fn read(path: &str) -> Result<BTreeMap<String, SecretString>, Error> {
    let text = std::fs::read(path).map(Zeroizing::new);
    let text = text.map_err(|error| {
        wrong(format!("`{MANY}` names the file {path:?}, which cannot be read: {error} [KR-PLUGIN-011]"))
    })?;
    serde_json::from_slice(&text)
        .map_err(|error| wrong(format!("`{MANY}` names the file {path:?}, {} [KR-PLUGIN-012]", Flaw(&error))))
}

/// What is wrong with the file. The parser's own words may quote it.
struct Flaw<'a>(&'a serde_json::Error);

impl fmt::Display for Flaw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0.classify() {
            Category::Data => "which is not a JSON object with a text, the secret, for each key id",
            Category::Syntax | Category::Eof | Category::Io => "which is not valid JSON",
        };
        write!(f, "{what} (line {}, column {})", self.0.line(), self.0.column())
    }
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests;
