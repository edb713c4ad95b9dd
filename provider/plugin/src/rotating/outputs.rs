//! Between the rotation model's state and the outputs that Pulumi stores. What users read comes first; the rest is bookkeeping
//! that no schema names: instance, pending, retiring, claimOpen, retired, stateVersion.

use jiff::Timestamp;
use pulumi_provider::{Code, Error, Object, Value, decode, to_object};
use rotation::{Field, Key, KeyState, Material, Retiring, RotationArgs, STATE_VERSION, Schedule, next_rotation};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The outputs of a resource in this state. `joint` is what its keys have together; `times` is what its inputs say, none before the first Check
/// after an import.
pub(super) fn to_outputs(
    inputs: &Object,
    state: &KeyState,
    joint: &Material,
    times: Option<(&RotationArgs, &Schedule)>,
) -> Result<Object, Error> {
    let mut outputs = object(state)?;
    let current = state.current.as_ref();
    outputs.extend(current.and_then(|key| key.material.as_ref()).into_iter().flat_map(fields));
    outputs.extend(fields(joint));
    set(&mut outputs, EXPIRES_AT, current.and_then(|key| key.expires_at).map(time));
    set(&mut outputs, "current", current.map(key).transpose()?);
    set(&mut outputs, "pending", state.pending.as_ref().map(key).transpose()?);
    set(&mut outputs, "previous", state.previous().map(retiring).transpose()?);
    let all = state.retiring.iter().map(|old| retiring(old).map(Value::Object)).collect::<Result<Vec<_>, _>>()?;
    outputs.insert("retiring".to_owned(), Value::Array(all));
    let superseded_at = state.previous().map(|old| old.superseded_at);
    let retires_at = superseded_at.zip(times).and_then(|(at, (args, _))| at.checked_add(args.overlap).ok());
    set(&mut outputs, "previousRetiresAt", retires_at.map(time));
    set(&mut outputs, "nextRotationAt", times.and_then(|(args, schedule)| next_rotation(schedule, args)).map(time));
    outputs.extend(inputs.clone());
    Ok(outputs)
}

/// The state that outputs hold. An older one becomes this version's here; the next Update or Read writes it so.
pub(super) fn from_outputs(outputs: &Object) -> Result<KeyState, Error> {
    let version = outputs.get("stateVersion").and_then(Value::as_number).unwrap_or_default();
    if version > f64::from(STATE_VERSION) {
        return Err(newer(version, STATE_VERSION));
    }
    let mut stored = pick(outputs, STATE);
    stored.insert("stateVersion".to_owned(), Value::Number(STATE_VERSION.into()));
    let mut state: KeyState = read(&stored)?;
    state.current = nested(outputs, "current").map(key_from).transpose()?;
    state.pending = nested(outputs, "pending").map(key_from).transpose()?;
    let retiring = outputs.get("retiring").and_then(Value::as_array).unwrap_or_default();
    state.retiring = retiring.iter().filter_map(Value::as_object).map(retiring_from).collect::<Result<_, _>>()?;
    Ok(state)
}

/// Whether these outputs are of a resource that this plugin made or imported, and not merely what a program looked it up by.
pub(crate) fn is_ours(outputs: &Object) -> bool {
    outputs.contains_key("instance")
}

/// The names of everything that may differ after a mint, for a preview.
pub(crate) fn set_unknown(outputs: &mut Object, names: impl IntoIterator<Item = impl Into<String>>) {
    outputs.extend(names.into_iter().map(|name| (name.into(), Value::Unknown)));
}

/// Fields of the model's state that are stored as they are; keys are stored with their material.
const STATE: &[&str] =
    &["stateVersion", "instance", "account", "generation", "claimOpen", "revoking", "unrecorded", "deferred", "instanceSince", "behindAt", "history", "foreignKeys", "warnings"];
/// Fields of a key that are not material.
const KEY: &[&str] = &[
    "id",
    "generation",
    "createdAt",
    "verifiedAt",
    "promotedAt",
    "attempts",
    "trigger",
    "status",
    EXPIRES_AT,
    "renewAt",
    "replaceAt",
];
/// When a key ends by itself: of the current one it stands at the top level too.
pub(super) const EXPIRES_AT: &str = "expiresAt";
/// What a superseded key has beside those.
const RETIRING: &[&str] = &["supersededAt", "disabledAt", "withdrawnAt", "lastUsedAt"];

fn key(key: &Key) -> Result<Object, Error> {
    let mut fields_of_key = object(key)?;
    fields_of_key.extend(key.material.as_ref().into_iter().flat_map(fields));
    Ok(fields_of_key)
}

fn retiring(old: &Retiring) -> Result<Object, Error> {
    let mut fields = key(&old.key)?;
    fields.insert("supersededAt".to_owned(), time(old.superseded_at));
    set(&mut fields, "disabledAt", old.disabled_at.map(time));
    set(&mut fields, "withdrawnAt", old.withdrawn_at.map(time));
    set(&mut fields, "lastUsedAt", old.last_used_at.map(time));
    Ok(fields)
}

fn key_from(stored: &Object) -> Result<Key, Error> {
    let mut key: Key = read(&pick(stored, KEY))?;
    let is_material = |name: &String| !KEY.contains(&name.as_str()) && !RETIRING.contains(&name.as_str());
    let material = stored.iter().filter(|(name, _)| is_material(name));
    let material: Material = material.filter_map(|(name, value)| Some((name.clone(), field(value)?))).collect();
    key.material = (!material.is_empty()).then_some(material);
    Ok(key)
}

fn retiring_from(stored: &Object) -> Result<Retiring, Error> {
    let at = |name: &str| stored.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    let superseded_at = at("supersededAt").ok_or_else(|| unreadable("retiring.supersededAt"))?;
    let (disabled_at, withdrawn_at, last_used_at) = (at("disabledAt"), at("withdrawnAt"), at("lastUsedAt"));
    Ok(Retiring { key: key_from(stored)?, superseded_at, disabled_at, withdrawn_at, last_used_at })
}

fn field(value: &Value) -> Option<Field> {
    if let Some(texts) = value.as_object() {
        let secret = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned().into()));
        return texts.iter().map(secret).collect::<Option<_>>().map(Field::SecretMap);
    }
    let text = value.as_str()?.to_owned();
    Some(if value.contains_secret() { Field::Secret(text.into()) } else { Field::Plain(text) })
}

fn fields(material: &Material) -> impl Iterator<Item = (String, Value)> {
    material.iter().map(|(name, field)| {
        let value = match field {
            Field::Plain(text) => Value::String(text.clone()),
            Field::Secret(secret) => wrapped(secret),
            Field::SecretMap(texts) => {
                Value::Object(texts.iter().map(|(name, secret)| (name.clone(), wrapped(secret))).collect())
            }
        };
        (name.clone(), value)
    })
}

#[expect(clippy::disallowed_methods, reason = "the text goes from one secret wrapper into another")]
fn wrapped(secret: &SecretString) -> Value {
    Value::secret(secret.expose_secret())
}

pub(crate) fn pick(object: &Object, names: &[&str]) -> Object {
    object
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn nested<'a>(object: &'a Object, name: &str) -> Option<&'a Object> {
    object.get(name).and_then(Value::as_object)
}

pub(crate) fn set(object: &mut Object, name: &str, value: Option<impl Into<Value>>) {
    object.remove(name);
    object.extend(value.map(|value| (name.to_owned(), value.into())));
}

pub(crate) fn time(time: Timestamp) -> Value {
    Value::String(time.to_string())
}

pub(crate) fn object(value: &impl Serialize) -> Result<Object, Error> {
    to_object(value).map_err(|error| Error::new(Code::Internal, format!("the state cannot be written: {error}")))
}

pub(crate) fn read<T: DeserializeOwned>(object: &Object) -> Result<T, Error> {
    let decoded = decode(object);
    let first = decoded.failures.first().map(|failure| failure.property.clone());
    decoded.value.ok_or_else(|| unreadable(&first.unwrap_or_default()))
}

fn unreadable(property: &str) -> Error {
    let text = format!(
        "the stored state cannot be read at {property}: it was changed by hand or by another program; restore it from the stack's history"
    );
    Error::new(Code::FailedPrecondition, text)
}

pub(crate) fn newer(version: f64, known: u32) -> Error {
    let text = format!(
        "the stored state has version {version} and this plugin knows versions up to {known}: use the plugin version that wrote it, or a later one. Nothing was changed"
    );
    Error::new(Code::FailedPrecondition, text)
}
