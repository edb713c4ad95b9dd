use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};

use super::{
    ARCHIVE, ASSET, BYTES, NOT_FINITE, NOT_KNOWN, OUTPUT, RESERVED_KEY, RESERVED_TEXT, RESOURCE, SECRET, SIGNATURE,
    UNKNOWN_STRING, Unknowns, WireError, is_unknown_text,
};
use crate::path::PropertyPath;
use crate::value::{Archive, ArchiveContent, Asset, AssetContent, Object, Output, ResourceRef, Value};

/// Writes an object as the engine reads it.
///
/// # Errors
///
/// [`WireError`] for a number that is not finite, an unknown value where `unknowns` refuses
/// it, and a text or key that the engine would take for a signature.
pub fn to_struct(object: Object, unknowns: Unknowns) -> Result<Struct, WireError> {
    let fields = Writer(unknowns).entries(object, &PropertyPath::root())?;
    Ok(Struct { fields })
}

type Fields = BTreeMap<String, Wire>;

struct Writer(Unknowns);

impl Writer {
    fn entries(&self, object: Object, path: &PropertyPath) -> Result<Fields, WireError> {
        if object.contains_key(SIGNATURE) {
            return Err(WireError::new(path, RESERVED_KEY));
        }
        let write_entry = |(key, value): (String, Value)| {
            let wire = match plain(value) {
                Ok(wire) => wire,
                Err(value) => self.special(value, &path.key(key.as_str()))?,
            };
            Ok((key, wire))
        };
        object.into_iter().map(write_entry).collect()
    }

    fn value(&self, value: Value, path: &PropertyPath) -> Result<Wire, WireError> {
        plain(value).or_else(|value| self.special(value, path))
    }

    fn special(&self, value: Value, path: &PropertyPath) -> Result<Wire, WireError> {
        match value {
            Value::Number(_) => Err(WireError::new(path, NOT_FINITE)),
            Value::String(_) => Err(WireError::new(path, RESERVED_TEXT)),
            Value::Array(elements) => {
                let write_element = |(index, value)| self.value(value, &path.index(index));
                let values = elements.into_iter().enumerate().map(write_element).collect::<Result<_, _>>()?;
                Ok(wire(Kind::ListValue(ListValue { values })))
            }
            Value::Object(entries) => Ok(object(self.entries(entries, path)?)),
            Value::Secret(inner) => {
                let value = self.value(inner.value().clone(), path)?;
                Ok(signed(SECRET, [("value", Some(value))]))
            }
            Value::Unknown if self.0 == Unknowns::Allowed => Ok(string(UNKNOWN_STRING)),
            Value::Unknown => Err(WireError::new(path, NOT_KNOWN)),
            Value::Output(output) => self.output(output, path),
            Value::ResourceRef(reference) => self.resource(reference, path),
            Value::Asset(asset) => Ok(write_asset(asset)),
            Value::Archive(archive) => self.archive(archive, path),
            Value::Bytes(bytes) => Ok(signed(BYTES, [("value", Some(string(STANDARD.encode(bytes))))])),
            Value::Null | Value::Bool(_) => Ok(wire(Kind::NullValue(0))),
        }
    }

    fn output(&self, mut output: Output, path: &PropertyPath) -> Result<Wire, WireError> {
        if output.value.is_none() && self.0 == Unknowns::Refused {
            return Err(WireError::new(path, NOT_KNOWN));
        }
        let value = output.value.take().map(|value| self.value(*value, path)).transpose()?;
        let secret = output.secret.then(|| wire(Kind::BoolValue(true)));
        let values: Vec<_> = std::mem::take(&mut output.dependencies).into_iter().map(string).collect();
        let dependencies = (!values.is_empty()).then(|| wire(Kind::ListValue(ListValue { values })));
        Ok(signed(OUTPUT, [("value", value), ("secret", secret), ("dependencies", dependencies)]))
    }

    fn resource(&self, reference: ResourceRef, path: &PropertyPath) -> Result<Wire, WireError> {
        let id = match reference.id.map(|id| *id) {
            Some(Value::Unknown) if self.0 == Unknowns::Allowed => Some(string("")),
            Some(id) => Some(self.value(id, path)?),
            None => None,
        };
        let parts = [
            ("urn", Some(string(reference.urn))),
            ("id", id),
            ("name", reference.name.map(string)),
            ("type", reference.resource_type.map(string)),
            ("packageVersion", reference.package_version.map(string)),
        ];
        Ok(signed(RESOURCE, parts))
    }

    fn archive(&self, archive: Archive, path: &PropertyPath) -> Result<Wire, WireError> {
        let content = match archive.content {
            ArchiveContent::Assets(assets) => ("assets", Some(object(self.entries(assets, path)?))),
            ArchiveContent::Path(path) => ("path", Some(string(path))),
            ArchiveContent::Uri(uri) => ("uri", Some(string(uri))),
            ArchiveContent::Elided => ("path", None),
        };
        Ok(signed(ARCHIVE, [("hash", archive.hash.map(string)), content]))
    }
}

/// Writes what can neither fail nor hold others; anything else is handed back.
fn plain(value: Value) -> Result<Wire, Value> {
    match value {
        Value::Null => Ok(wire(Kind::NullValue(0))),
        Value::Bool(value) => Ok(wire(Kind::BoolValue(value))),
        Value::Number(number) if number.is_finite() => Ok(wire(Kind::NumberValue(number))),
        Value::String(text) if !is_unknown_text(&text) => Ok(string(text)),
        other => Err(other),
    }
}

fn write_asset(asset: Asset) -> Wire {
    let content = match asset.content {
        AssetContent::Text(text) => ("text", Some(string(text))),
        AssetContent::Path(path) => ("path", Some(string(path))),
        AssetContent::Uri(uri) => ("uri", Some(string(uri))),
        AssetContent::Elided => ("text", None),
    };
    signed(ASSET, [("hash", asset.hash.map(string)), content])
}

fn signed<const N: usize>(signature: &str, parts: [(&str, Option<Wire>); N]) -> Wire {
    let present = parts.into_iter().filter_map(|(key, part)| Some((key.to_owned(), part?)));
    object(present.chain([(SIGNATURE.to_owned(), string(signature))]).collect())
}

fn object(fields: Fields) -> Wire {
    wire(Kind::StructValue(Struct { fields }))
}

fn string(text: impl Into<String>) -> Wire {
    wire(Kind::StringValue(text.into()))
}

fn wire(kind: Kind) -> Wire {
    Wire { kind: Some(kind) }
}
