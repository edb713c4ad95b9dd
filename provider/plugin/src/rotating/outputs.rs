//! Between the rotation model's state and the outputs that Pulumi stores. What users read comes first; the rest is bookkeeping
//! that no schema names. Which fields there are follows from the types alone: a new one is written and read back by itself.
//! The framework wraps each output that holds a secret as a whole.

use std::collections::BTreeMap;

use cloud::Deliverable;
use jiff::Timestamp;
use pulumi_provider::{Code, Error, Object, ObjectSchema, Value, decode, field_names, to_object};
use rotation::{
    Field, Key, KeyState, Material, Retiring, RotationArgs, STATE_VERSION, Schedule, next_rotation, retires_at,
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::shared_outputs::SharedOutputs;

/// When a key ends by itself: of the current one it stands at the top level too.
pub(super) const EXPIRES_AT: &str = "expiresAt";
/// The names of the tags that are our mark, where it is tags.
pub(super) const OWNERSHIP_TAGS: &str = "ownershipTags";

/// The fields that keys of one system have beside those of every key. What is secret follows from the type, and never from how a
/// value was stored.
#[derive(Default)]
pub(crate) struct KeyShape {
    fields: BTreeMap<String, Kind>,
    /// Those that every key has.
    required: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain,
    Secret,
    SecretMap,
}

impl KeyShape {
    /// Those of the system's type, but for what all of its keys have together.
    pub(super) fn of<K: JsonSchema>(shared_outputs: &SharedOutputs) -> Self {
        let schema = ObjectSchema::of::<K>();
        let of_every_key = field_names::<Key>();
        let own = schema.names().filter(|name| !of_every_key.contains(name) && !shared_outputs.has(name));
        let kind = |name: &str| match (schema.is_secret(name), schema.is_map(name)) {
            (false, _) => Kind::Plain,
            (true, false) => Kind::Secret,
            (true, true) => Kind::SecretMap,
        };
        let required = schemars::schema_for!(K).get("required").and_then(|names| names.as_array().cloned());
        let required =
            required.unwrap_or_default().iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        Self { fields: own.map(|name| (name.to_owned(), kind(name))).collect(), required }
    }

    /// What of a key can be delivered. `ordinary` are the fields that are handed over unless the user chooses; none: all.
    pub(super) fn deliverable(&self, ordinary: &[&str]) -> Deliverable {
        let names: Vec<String> = self.fields.keys().cloned().collect();
        let chosen = ordinary.iter().map(|name| (*name).to_owned()).collect();
        let ordinary = if ordinary.is_empty() { names.clone() } else { chosen };
        let secrets =
            self.fields.iter().filter(|(_, kind)| **kind == Kind::Secret).map(|(name, _)| name.clone()).collect();
        let optional = names.iter().filter(|name| !self.required.contains(name)).cloned().collect();
        Deliverable {
            names,
            optional,
            secrets,
            ordinary,
            map: self.fields.iter().find(|(_, kind)| **kind == Kind::SecretMap).map(|(name, _)| name.clone()),
            open: self.fields.values().any(|kind| *kind == Kind::SecretMap),
        }
    }

    /// The fields that are stored. A secret that nobody knows is stored as null, and empty again here.
    fn material(&self, stored: &Object) -> Option<Material> {
        let read = |(name, kind): (&String, &Kind)| Some((name.clone(), field(*kind, stored.get(name)?)?));
        let material: Material = self.fields.iter().filter_map(read).collect();
        (!material.is_empty()).then_some(material)
    }
}

/// The outputs of a resource in this state. `times` is what its inputs say, none before the first Check
/// after an import.
pub(super) fn to_outputs(
    inputs: &Object,
    state: &KeyState,
    times: Option<(&RotationArgs, &Schedule)>,
) -> Result<Object, Error> {
    let mut outputs = object(state)?;
    outputs.insert("stateVersion".to_owned(), Value::Number(state.version_to_write().into()));
    let (current, previous) = (state.current.as_ref(), state.previous());
    outputs.extend(current.and_then(|key| key.material.as_ref()).into_iter().flat_map(fields));
    set(&mut outputs, EXPIRES_AT, current.and_then(|key| key.expires_at).map(time));
    set(&mut outputs, "current", current.map(key).transpose()?);
    set(&mut outputs, "pending", state.pending.as_ref().map(key).transpose()?);
    set(&mut outputs, "previous", previous.map(retiring).transpose()?);
    set(&mut outputs, "previousKeyId", previous.map(|old| old.key.id.0.clone()));
    let all = state.retiring.iter().map(|old| retiring(old).map(Value::Object)).collect::<Result<Vec<_>, _>>()?;
    outputs.insert("retiring".to_owned(), Value::Array(all));
    let retires_at = previous.zip(times).and_then(|(old, (args, schedule))| retires_at(old, schedule, args));
    set(&mut outputs, "previousRetiresAt", retires_at.map(time));
    set(&mut outputs, "nextRotationAt", times.and_then(|(args, schedule)| next_rotation(schedule, args)).map(time));
    outputs.extend(inputs.clone());
    Ok(outputs)
}

/// The state that outputs hold. An older one becomes this version's here; the next Update or Read writes it so.
pub(super) fn from_outputs(shape: &KeyShape, outputs: &Object) -> Result<KeyState, Error> {
    let version = outputs.get("stateVersion").and_then(Value::as_number).unwrap_or_default();
    if version > f64::from(STATE_VERSION) {
        return Err(newer(version, STATE_VERSION));
    }
    let mut stored = pick(outputs, field_names::<KeyState>());
    stored.insert("stateVersion".to_owned(), Value::Number(STATE_VERSION.into()));
    let mut state: KeyState = read(&stored)?;
    let key = |name| nested(outputs, name).map(|stored| key_from(shape, stored)).transpose();
    (state.current, state.pending) = (key("current")?, key("pending")?);
    let retiring = outputs.get("retiring").and_then(Value::as_array).unwrap_or_default();
    let retiring = retiring.iter().filter_map(Value::as_object).map(|stored| retiring_from(shape, stored));
    state.retiring = retiring.collect::<Result<_, _>>()?;
    Ok(state)
}

/// Whether these outputs are of a resource that this plugin made or imported, and not merely what a program looked it up by.
pub(crate) fn is_ours(outputs: &Object) -> bool {
    outputs.get("instance").is_some_and(|instance| !instance.is_null())
}

/// The names of everything that may differ after a mint, for a preview.
pub(crate) fn set_unknown(outputs: &mut Object, names: impl IntoIterator<Item = impl Into<String>>) {
    outputs.extend(names.into_iter().map(|name| (name.into(), Value::Unknown)));
}

fn key(key: &Key) -> Result<Object, Error> {
    let mut fields_of_key = object(key)?;
    fields_of_key.extend(key.material.as_ref().into_iter().flat_map(fields));
    Ok(fields_of_key)
}

/// What every superseded key has, beside the fields of the key itself.
fn retiring(old: &Retiring) -> Result<Object, Error> {
    let mut fields = object(old)?;
    fields.remove("key");
    fields.extend(key(&old.key)?);
    Ok(fields)
}

fn key_from(shape: &KeyShape, stored: &Object) -> Result<Key, Error> {
    let mut key: Key = read(&pick(stored, field_names::<Key>()))?;
    key.material = shape.material(stored);
    Ok(key)
}

fn retiring_from(shape: &KeyShape, stored: &Object) -> Result<Retiring, Error> {
    let mut fields = pick(stored, field_names::<Retiring>());
    fields.insert("key".to_owned(), Value::Object(pick(stored, field_names::<Key>())));
    let mut old: Retiring = read(&fields)?;
    old.key.material = shape.material(stored);
    Ok(old)
}

fn field(kind: Kind, stored: &Value) -> Option<Field> {
    match kind {
        Kind::Plain => Some(Field::Plain(stored.as_str().unwrap_or_default().to_owned())),
        Kind::Secret => Some(Field::Secret(stored.as_str().unwrap_or_default().into())),
        // Left to stores.
        Kind::SecretMap if stored.is_null() => Some(Field::SecretMap(BTreeMap::new())),
        Kind::SecretMap => {
            let secret = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned().into()));
            stored.as_object()?.iter().map(secret).collect::<Option<_>>().map(Field::SecretMap)
        }
    }
}

pub(super) fn fields(material: &Material) -> impl Iterator<Item = (String, Value)> {
    material.iter().map(|(name, field)| {
        let value = match field {
            Field::Plain(text) if text.is_empty() => Value::Null,
            Field::Plain(text) => Value::String(text.clone()),
            Field::Secret(secret) => wrapped(secret),
            Field::SecretMap(texts) if texts.is_empty() => Value::Null,
            Field::SecretMap(texts) => {
                Value::Object(texts.iter().map(|(name, secret)| (name.clone(), wrapped(secret))).collect())
            }
        };
        (name.clone(), value)
    })
}

/// Null for a secret that nobody knows, as after an import.
#[expect(clippy::disallowed_methods, reason = "the text goes from one secret wrapper into another")]
fn wrapped(secret: &SecretString) -> Value {
    match secret.expose_secret() {
        "" => Value::Null,
        text => Value::secret(text),
    }
}

pub(crate) fn pick(object: &Object, names: &[&str]) -> Object {
    object
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What an object holds, unless it stands for nothing: it is absent, or all in it is null.
fn nested<'a>(object: &'a Object, name: &str) -> Option<&'a Object> {
    let inner = object.get(name).and_then(Value::as_object);
    inner.filter(|inner| inner.values().any(|value| !value.is_null()))
}

pub(crate) fn set(object: &mut Object, name: &str, value: Option<impl Into<Value>>) {
    object.remove(name);
    object.extend(value.map(|value| (name.to_owned(), value.into())));
}

pub(crate) fn time(time: Timestamp) -> Value {
    Value::String(time.to_string())
}

pub(crate) fn object(value: &impl Serialize) -> Result<Object, Error> {
    to_object(value)
        .map_err(|error| Error::new(Code::Internal, format!("the state cannot be written: {error} [KR-PLUGIN-024]")))
}

pub(crate) fn read<T: DeserializeOwned>(object: &Object) -> Result<T, Error> {
    let decoded = decode(object);
    let first = decoded.failures.first().map(|failure| failure.property.clone());
    decoded.value.ok_or_else(|| unreadable(&first.unwrap_or_default()))
}

fn unreadable(property: &str) -> Error {
    let text = format!(
        "the stored state cannot be read at {property}: it was changed by hand or by another program; restore it from the stack's history [KR-PLUGIN-025]"
    );
    Error::new(Code::FailedPrecondition, text)
}

pub(crate) fn newer(version: f64, known: u32) -> Error {
    let text = format!(
        "the stored state has version {version} and this plugin knows versions up to {known}: use the plugin version that wrote it, or a later one. Nothing was changed [KR-PLUGIN-026]"
    );
    Error::new(Code::FailedPrecondition, text)
}

#[cfg(test)]
mod tests;
