//! Property values as the engine sends and reads them: protobuf structs, with signatures
//! for what JSON lacks.
//!
//! The constants of that form are defined here and nowhere else. Resources never need this
//! module; tests that speak the bare protocol do:
//!
//! ```
//! use pulumi_provider::wire::{Unknowns, from_struct, to_struct};
//! use pulumi_provider::{Object, Value};
//!
//! let object: Object = [("password".into(), Value::secret("hunter2"))].into();
//! let sent = to_struct(object.clone(), Unknowns::Refused)?;
//! assert_eq!(from_struct(sent)?, object);
//! # Ok::<(), pulumi_provider::wire::WireError>(())
//! ```

mod read;
mod write;

use std::fmt;

use crate::path::PropertyPath;
use crate::value::{Archive, ArchiveContent, Object, Output, ResourceRef, Value};

pub use read::from_struct;
pub use write::to_struct;

/// The key that tells an object with a signature from the user's own.
pub(crate) const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT: &str = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE: &str = "5cf8f73096256a8f31e491e813e4eb8e";
const ASSET: &str = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE: &str = "0def7320c3a5731c473e5ecbe6d01bc7";
const BYTES: &str = "803fd3297a5875dc03ca845dda5d2a98";

/// Every signature.
#[cfg(feature = "testing")]
pub(crate) const SIGNATURES: [&str; 6] = [SECRET, OUTPUT, RESOURCE, ASSET, ARCHIVE, BYTES];

/// The texts that stand for an unknown of each type. SDKs send the string's for any type.
pub(crate) const UNKNOWNS: [&str; 7] = [
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];
const UNKNOWN_STRING: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/// Whether a text stands for an unknown value.
pub(crate) fn is_unknown_text(text: &str) -> bool {
    text.len() == UNKNOWN_STRING.len() && UNKNOWNS.contains(&text)
}

/// Whether unknown values may be written.
///
/// The enum is exhaustive: a value is either for a preview or for a real run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknowns {
    /// Allowed: in previews and in checked inputs.
    Allowed,
    /// Refused: in the results of a real run.
    Refused,
}

/// Why a value cannot be read or written. It names the path and never shows the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Where in the object.
    pub path: PropertyPath,
    /// What is wrong there.
    pub problem: &'static str,
}

impl WireError {
    fn new(path: &PropertyPath, problem: &'static str) -> Self {
        Self { path: path.clone(), problem }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.segments() {
            [] => f.write_str(self.problem),
            _ => write!(f, "{}: {}", self.path, self.problem),
        }
    }
}

impl std::error::Error for WireError {}

const NOT_KNOWN: &str = "is not known, which only a preview may answer";
const NOT_FINITE: &str = "is not a finite number";
const RESERVED_KEY: &str = "has an entry under the key that is reserved for Pulumi's own signatures";
const RESERVED_TEXT: &str = "is the text that stands for an unknown value";

/// Removes from an object what a real run must not return, such as unknown values and NaN,
/// and returns what was removed. The rest can be saved.
///
/// ```
/// use pulumi_provider::{Object, Value, wire};
///
/// let mut outputs: Object = [("id".into(), Value::from("k-1")), ("age".into(), f64::NAN.into())].into();
/// let removed = wire::strip(&mut outputs);
/// assert_eq!(removed[0].to_string(), "age: is not a finite number");
/// assert_eq!(outputs.len(), 1);
/// ```
pub fn strip(object: &mut Object) -> Vec<WireError> {
    let mut found = Vec::new();
    strip_entries(object, &PropertyPath::root(), &mut found);
    found
}

fn strip_entries(object: &mut Object, path: &PropertyPath, found: &mut Vec<WireError>) {
    object.retain(|key, value| {
        let here = path.key(key.as_str());
        match strip_value(value, &here, found) {
            None if key == SIGNATURE => {
                found.push(WireError::new(path, RESERVED_KEY));
                false
            }
            None => true,
            Some(problem) => {
                found.push(WireError::new(&here, problem));
                false
            }
        }
    });
}

fn strip_value(value: &mut Value, path: &PropertyPath, found: &mut Vec<WireError>) -> Option<&'static str> {
    match value {
        Value::Unknown => Some(NOT_KNOWN),
        Value::Number(number) if !number.is_finite() => Some(NOT_FINITE),
        Value::String(text) if is_unknown_text(text) => Some(RESERVED_TEXT),
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                let here = path.index(index);
                if let Some(problem) = strip_value(element, &here, found) {
                    found.push(WireError::new(&here, problem));
                    *element = Value::Null;
                }
            }
            None
        }
        Value::Object(entries) => {
            strip_entries(entries, path, found);
            None
        }
        Value::Secret(inner) => {
            let mut opened = inner.value().clone();
            let problem = strip_value(&mut opened, path, found);
            *value = Value::Secret(crate::value::Sensitive::new(opened));
            problem
        }
        Value::Output(Output { value: None, .. }) => Some(NOT_KNOWN),
        Value::Output(Output { value: Some(inner), .. }) => strip_value(inner, path, found),
        Value::Archive(Archive { content: ArchiveContent::Assets(entries), .. }) => {
            strip_entries(entries, path, found);
            None
        }
        Value::ResourceRef(ResourceRef { id: Some(id), .. }) => strip_value(id, path, found),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
