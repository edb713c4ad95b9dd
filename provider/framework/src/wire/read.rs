use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_types::value::Kind;
use prost_types::{Struct, Value as Wire};

use super::{
    ARCHIVE, ASSET, BYTES, NOT_FINITE, OUTPUT, RESERVED_KEY, RESOURCE, SECRET, SIGNATURE, WireError, is_unknown_text,
};
use crate::path::PropertyPath;
use crate::value::{Archive, ArchiveContent, Asset, AssetContent, Object, Output, ResourceRef, Sensitive, Value};

/// Reads an object as the engine sends it.
///
/// # Errors
///
/// [`WireError`] for a signature that is unknown, an object that lacks what its signature
/// requires, or a number that is not finite.
pub fn from_struct(wire: Struct) -> Result<Object, WireError> {
    if wire.fields.contains_key(SIGNATURE) {
        return Err(WireError::new(&PropertyPath::root(), RESERVED_KEY));
    }
    entries(wire.fields, &PropertyPath::root())
}

type Fields = BTreeMap<String, Wire>;

fn entries(fields: Fields, path: &PropertyPath) -> Result<Object, WireError> {
    let read_entry = |(key, wire): (String, Wire)| {
        let value = match scalar(wire) {
            Ok(value) => value,
            Err(nested) => compound(nested, &path.key(key.as_str()))?,
        };
        Ok((key, value))
    };
    fields.into_iter().map(read_entry).collect()
}

fn read(wire: Wire, path: &PropertyPath) -> Result<Value, WireError> {
    scalar(wire).or_else(|nested| compound(nested, path))
}

/// Reads what needs no path; anything else is handed back.
fn scalar(wire: Wire) -> Result<Value, Kind> {
    match wire.kind {
        None | Some(Kind::NullValue(_)) => Ok(Value::Null),
        Some(Kind::BoolValue(value)) => Ok(Value::Bool(value)),
        Some(Kind::NumberValue(value)) if value.is_finite() => Ok(Value::Number(value)),
        Some(Kind::StringValue(text)) if is_unknown_text(&text) => Ok(Value::Unknown),
        Some(Kind::StringValue(text)) => Ok(Value::String(text)),
        Some(nested) => Err(nested),
    }
}

fn compound(kind: Kind, path: &PropertyPath) -> Result<Value, WireError> {
    match kind {
        Kind::ListValue(list) => {
            let elements = list.values.into_iter().enumerate();
            let read_element = |(index, wire)| read(wire, &path.index(index));
            elements.map(read_element).collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::StructValue(object) if object.fields.contains_key(SIGNATURE) => signed(object.fields, path),
        Kind::StructValue(object) => entries(object.fields, path).map(Value::Object),
        Kind::NumberValue(_) => Err(WireError::new(path, NOT_FINITE)),
        scalar_kind => read(Wire { kind: Some(scalar_kind) }, path),
    }
}

fn signed(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let signature = text(&mut fields, SIGNATURE);
    match signature.as_deref() {
        Some(SECRET) => secret(fields, path),
        Some(OUTPUT) => output(fields, path),
        Some(RESOURCE) => resource(fields, path),
        Some(ASSET) => asset(fields, path),
        Some(ARCHIVE) => archive(fields, path),
        Some(BYTES) => bytes(fields, path),
        _ => Err(WireError::new(path, "has a signature that this provider does not know")),
    }
}

fn secret(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let value = fields.remove("value").ok_or_else(|| WireError::new(path, "is a secret without a value"))?;
    Ok(Value::Secret(Sensitive::new(read(value, path)?)))
}

fn output(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let value = fields.remove("value").map(|value| read(value, path)).transpose()?;
    let secret = matches!(kind(&mut fields, "secret"), Some(Kind::BoolValue(true)));
    let dependencies = match kind(&mut fields, "dependencies") {
        Some(Kind::ListValue(list)) => list.values.into_iter().filter_map(as_text).collect(),
        _ => Vec::new(),
    };
    let value = value.filter(|value| *value != Value::Unknown).map(Box::new);
    Ok(Value::Output(Output { value, secret, dependencies }))
}

fn resource(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let urn = text(&mut fields, "urn").ok_or_else(|| WireError::new(path, "is a resource without a URN"))?;
    let id = match fields.remove("id").map(|id| read(id, path)).transpose()? {
        Some(Value::String(id)) if id.is_empty() => Some(Value::Unknown),
        Some(Value::Null) | None => None,
        other => other,
    };
    Ok(Value::ResourceRef(ResourceRef {
        urn,
        id: id.map(Box::new),
        name: text(&mut fields, "name"),
        resource_type: text(&mut fields, "type"),
        package_version: text(&mut fields, "packageVersion"),
    }))
}

fn asset(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let hash = text(&mut fields, "hash").filter(|hash| !hash.is_empty());
    let mut part = |key| text(&mut fields, key).filter(|part| !part.is_empty());
    let content = match (part("path"), part("uri")) {
        (Some(path), _) => AssetContent::Path(path),
        (None, Some(uri)) => AssetContent::Uri(uri),
        (None, None) => match text(&mut fields, "text") {
            Some(text) => AssetContent::Text(text),
            None if hash.is_some() => AssetContent::Elided,
            None => return Err(WireError::new(path, "is an asset without content")),
        },
    };
    Ok(Value::Asset(Asset { hash, content }))
}

fn archive(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let hash = text(&mut fields, "hash").filter(|hash| !hash.is_empty());
    let mut part = |key| text(&mut fields, key).filter(|part| !part.is_empty());
    let content = match (part("path"), part("uri")) {
        (Some(path), _) => ArchiveContent::Path(path),
        (None, Some(uri)) => ArchiveContent::Uri(uri),
        (None, None) => match kind(&mut fields, "assets") {
            Some(Kind::StructValue(assets)) => ArchiveContent::Assets(entries(assets.fields, path)?),
            _ if hash.is_some() => ArchiveContent::Elided,
            _ => return Err(WireError::new(path, "is an archive without content")),
        },
    };
    Ok(Value::Archive(Archive { hash, content }))
}

fn bytes(mut fields: Fields, path: &PropertyPath) -> Result<Value, WireError> {
    let decoded = text(&mut fields, "value").and_then(|encoded| STANDARD.decode(encoded).ok());
    decoded.map(Value::Bytes).ok_or_else(|| WireError::new(path, "is a byte string that is not base64"))
}

fn kind(fields: &mut Fields, key: &str) -> Option<Kind> {
    fields.remove(key).and_then(|value| value.kind)
}

fn text(fields: &mut Fields, key: &str) -> Option<String> {
    fields.remove(key).and_then(as_text)
}

fn as_text(value: Wire) -> Option<String> {
    match value.kind {
        Some(Kind::StringValue(text)) => Some(text),
        _ => None,
    }
}
