//! From typed structs to properties.
//!
//! [`to_object`] is the counterpart of [`decode()`](crate::decode()). A struct that is
//! written by one is read by the other, with one exception: a secret text comes back as the
//! same [`SecretString`](crate::SecretString), but as a property it is wrapped.

mod error;
mod serializer;

use serde::Serialize;

use crate::path::PropertyPath;
use crate::value::{Object, Value};
pub use error::EncodeError;

/// Writes a struct or a map as properties.
///
/// A [`SecretString`](crate::SecretString) becomes a secret, and `None` is left out. Field
/// names are those of serde, so give the struct `rename_all = "camelCase"`.
///
/// ```
/// use pulumi_provider::to_object;
///
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "camelCase")]
/// struct State {
///     key_id: String,
///     expires_at: Option<String>,
/// }
///
/// let state = State { key_id: "k-1".into(), expires_at: None };
/// let outputs = to_object(&state)?;
/// assert_eq!(outputs["keyId"].as_str(), Some("k-1"));
/// assert!(!outputs.contains_key("expiresAt"));
/// # Ok::<(), pulumi_provider::EncodeError>(())
/// ```
///
/// # Errors
///
/// [`EncodeError`] with the path of the first value that cannot be written:
///
/// - a whole number beyond 2^53, NaN or infinity, which JSON's numbers cannot hold exactly;
/// - a map whose keys are not texts;
/// - a secret inside a tagged enum;
/// - anything that is not an object at the top.
pub fn to_object<T: Serialize>(value: &T) -> Result<Object, EncodeError> {
    match value.serialize(serializer::Serializer) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(EncodeError { path: PropertyPath::root(), problem: "is not an object".into() }),
        Err(error) => Err(error.into()),
    }
}

/// Writes any value as a property, by the rules of [`to_object`].
///
/// ```
/// use pulumi_provider::{Value, to_value};
///
/// assert!(to_value(&vec![1, 2])?.same(&Value::from(vec![1, 2])));
/// assert!(to_value(&f64::NAN).is_err());
/// # Ok::<(), pulumi_provider::EncodeError>(())
/// ```
///
/// # Errors
///
/// As for [`to_object`], except that a value of any kind is accepted at the top.
pub fn to_value<T: Serialize>(value: &T) -> Result<Value, EncodeError> {
    value.serialize(serializer::Serializer).map_err(Into::into)
}

#[cfg(test)]
mod tests;
