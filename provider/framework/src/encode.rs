//! From typed structs to properties.

mod error;
mod serializer;

use serde::Serialize;

use crate::path::PropertyPath;
use crate::value::{Object, Value};
pub use error::EncodeError;

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
