//! Which texts of a key are handed over, under the names that they have in the store.

use std::collections::BTreeMap;

use rotation::{Error, ErrorKind, Field, Material, is_empty_secret};
use secrecy::{ExposeSecret, SecretString};

use super::shape::{Deliverable, DeliveryFormat, DeliveryShape};

/// A name in the store, and the text under it.
pub(super) type Entries = BTreeMap<String, SecretString>;

pub(super) fn entries(shape: &DeliveryShape, material: &Material, of: &Deliverable) -> Result<Entries, Error> {
    let all = texts(material);
    let mut entries = match &shape.fields {
        Some(fields) => {
            let chosen = fields.iter().map(|(name, stored)| {
                let text = all.get(name.as_str()).ok_or_else(|| missing(name))?;
                Ok((stored.clone(), (*text).clone()))
            });
            chosen.collect::<Result<Entries, Error>>()?
        }
        None => {
            let ordinary = |name: &str| of.ordinary.is_empty() || of.ordinary.iter().any(|known| known == name);
            let inner = |name: &str| of.open && !material.contains_key(name);
            let chosen = all.iter().filter(|(name, _)| ordinary(name) || inner(name));
            chosen.map(|(name, text)| ((*name).to_owned(), (*text).clone())).collect()
        }
    };
    if let Some((name, _)) = entries.iter().find(|(_, text)| is_empty_secret(text)) {
        return Err(unknown(name));
    }
    entries.extend(shape.extra.iter().map(|(name, text)| (name.clone(), text.clone().into())));
    Ok(entries)
}

/// The fields of a key that a text holds. None if it is not in the shape.
pub(super) fn material(shape: &DeliveryShape, text: &SecretString, of: &Deliverable) -> Option<Material> {
    let mut material = Material::new();
    if shape.format == DeliveryFormat::Raw {
        material.insert(shape.only_field(of)?.clone(), Field::Secret(text.clone()));
        return Some(material);
    }
    let mut held: BTreeMap<String, String> = serde_json::from_str(shown(text)).ok()?;
    for name in &of.names {
        let stored = shape.fields.as_ref().and_then(|fields| fields.get(name)).unwrap_or(name);
        let Some(text) = held.remove(stored) else { continue };
        let is_secret = of.secrets.contains(name);
        let field = if is_secret { Field::Secret(text.into()) } else { Field::Plain(text) };
        material.insert(name.clone(), field);
    }
    held.retain(|name, _| !shape.extra.contains_key(name));
    if let Some(map) = of.map.as_ref().filter(|_| of.open && shape.fields.is_none() && !held.is_empty()) {
        let texts = held.into_iter().map(|(name, text)| (name, text.into()));
        material.insert(map.clone(), Field::SecretMap(texts.collect()));
    }
    (!material.is_empty()).then_some(material)
}

/// Every text of a key by its name; those inside a map by their own.
fn texts(material: &Material) -> BTreeMap<&str, SecretString> {
    let mut texts = BTreeMap::new();
    for (name, field) in material {
        match field {
            // What the key does not have is empty.
            Field::Plain(text) if text.is_empty() => {}
            Field::Plain(text) => drop(texts.insert(name.as_str(), text.clone().into())),
            Field::Secret(secret) => drop(texts.insert(name.as_str(), secret.clone())),
            Field::SecretMap(inner) => {
                texts.extend(inner.iter().map(|(name, secret)| (name.as_str(), secret.clone())));
            }
        }
    }
    texts
}

/// The text itself, to be written among others.
#[expect(
    clippy::disallowed_methods,
    reason = "the text goes into the one that consumers read, which is a secret as a whole"
)]
pub(super) fn shown(secret: &SecretString) -> &str {
    secret.expose_secret()
}

fn missing(name: &str) -> Error {
    let message = format!(
        "the key has no field {name:?}, which `deliveries[].fields` names: correct the name there [KR-CLOUD-010]"
    );
    Error::new(ErrorKind::Blocked, "", message)
}

fn unknown(name: &str) -> Error {
    let message = format!(
        "the key's field {name:?} is not known, as after an import without the secret, so the key cannot be delivered: the next rotation delivers a new one [KR-CLOUD-011]"
    );
    Error::new(ErrorKind::Blocked, "", message)
}
