//! From typed structs to properties.

mod serializer;

use std::fmt;

use serde::Serialize;

use crate::path::PropertyPath;
use crate::value::{Object, Value};

/// Why a struct cannot be written as properties: a defect of the provider, without any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// Where in the struct.
    pub path: PropertyPath,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.segments() {
            [] => f.write_str(&self.problem),
            _ => write!(f, "{}: {}", self.path, self.problem),
        }
    }
}

impl std::error::Error for EncodeError {}

/// Writes a struct or a map as properties.
///
/// A [`SecretString`](crate::SecretString) becomes a secret; `None` is left out. Field names are serde's, so give
/// the struct `rename_all = "camelCase"`.
///
/// # Errors
/// What JSON's numbers cannot hold exactly (whole numbers past 2^53, NaN, infinity), keys that are no
/// texts, a secret inside a tagged enum, and anything that is no object.
pub fn to_object<T: Serialize>(value: &T) -> Result<Object, EncodeError> {
    match value.serialize(serializer::Serializer) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(EncodeError { path: PropertyPath::root(), problem: "is not an object".into() }),
        Err(error) => Err(error.into()),
    }
}

/// Writes any value as a property; see [`to_object`].
///
/// # Errors
/// As [`to_object`], except that any value will do.
pub fn to_value<T: Serialize>(value: &T) -> Result<Value, EncodeError> {
    value.serialize(serializer::Serializer).map_err(Into::into)
}

#[cfg(test)]
mod tests;
