//! From the JSON of a secret to typed structs, without a value in any message.

use pulumi_provider::{Object, Value as Property, decode};
use rotation::{Error, ErrorKind, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields as properties, so that they are read as those of a Pulumi program are.
pub(crate) fn properties(fields: &Map<String, Value>) -> Object {
    fields.iter().map(|(name, value)| (name.clone(), property(value))).collect()
}

fn property(value: &Value) -> Property {
    match value {
        Value::Null => Property::Null,
        Value::Bool(value) => Property::Bool(*value),
        Value::Number(number) => number.as_f64().map_or(Property::Null, Property::Number),
        Value::String(text) => Property::String(text.clone()),
        Value::Array(values) => Property::Array(values.iter().map(property).collect()),
        Value::Object(fields) => Property::Object(properties(fields)),
    }
}

/// Reads a struct of the secret `of`, whose label messages show.
///
/// # Errors
/// The first property that is wrong.
pub(crate) fn read<T: DeserializeOwned>(fields: &Object, of: &str) -> Result<T, Error> {
    let decoded = decode::<T>(fields);
    let wrong = decoded.failures.first().map(|failure| (failure.property.clone(), failure.reason.clone()));
    let (property, reason) = wrong.unwrap_or_else(|| (String::new(), "cannot be read [KR-LAMBDA-001]".to_owned()));
    decoded.value.ok_or_else(|| wrong_field(of, &property, &reason))
}

/// Insists that nothing is wrong.
///
/// # Errors
/// The first problem.
pub(crate) fn sound(problems: &[Problem], of: &str) -> Result<(), Error> {
    problems.first().map_or(Ok(()), |problem| Err(wrong_field(of, &problem.property, &problem.reason)))
}

/// A field of a secret's JSON is wrong.
pub(crate) fn wrong_field(of: &str, property: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Invalid, "", format!("the JSON of {of}: `{property}` {reason}"))
}
