//! What a shape asks of keys, and the texts that it makes of them.

use std::collections::BTreeMap;

use rotation::{Error, Material, Problem};
use secrecy::SecretString;

use super::shape::{Deliverable, DeliveryFormat, DeliveryShape};
use super::{formats, pick};
use crate::problem;

impl DeliveryShape {
    /// The shape in normal form. No secret is in it.
    pub fn normal(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is wrong with it for keys of this kind. Properties are relative to the delivery.
    pub fn problems(&self, of: &Deliverable) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |property: String, reason: String| problems.push(problem(&property, reason));
        for name in self.fields.iter().flat_map(BTreeMap::keys).filter(|name| !of.open && !of.names.contains(name)) {
            let known = of.names.join(", ");
            add(
                format!("fields.{name}"),
                format!("is not a field of this resource's keys: use {known} [KR-CLOUD-012]"),
            );
        }
        let names = || self.fields.iter().flat_map(|fields| fields.iter());
        for (name, _) in names().filter(|(_, stored)| stored.is_empty()) {
            add(
                format!("fields.{name}"),
                "must not be empty: write the name that the field has in the store [KR-CLOUD-013]".to_owned(),
            );
        }
        if self.fields.as_ref().is_some_and(BTreeMap::is_empty) {
            add("fields".to_owned(), "must name at least one field, or be unset [KR-CLOUD-014]".to_owned());
        }
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, stored) in names() {
            if let Some(other) = taken.insert(stored, name) {
                add(
                    format!("fields.{name}"),
                    format!("has the same name in the store as the field {other} [KR-CLOUD-015]"),
                );
            }
        }
        let stored = |name: &str| match &self.fields {
            Some(fields) => fields.values().any(|stored| stored == name),
            None => of.ordinary.iter().any(|ordinary| ordinary == name),
        };
        for name in self.extra.keys().filter(|name| stored(name)) {
            add(format!("extra.{name}"), "has the name of one of the key's fields [KR-CLOUD-016]".to_owned());
        }
        problems.extend(formats::problems(self, of));
        problems
    }

    /// Whether [`read`](Self::read) gives a whole key of this kind back.
    pub fn keeps_all(&self, of: &Deliverable) -> bool {
        let has = |name: &String| match &self.fields {
            Some(fields) => fields.contains_key(name),
            None => of.ordinary.is_empty() || of.ordinary.contains(name),
        };
        let needed = |name: &&String| !of.optional.contains(*name);
        self.format == DeliveryFormat::Json && !of.open && of.names.iter().filter(needed).all(has)
    }

    /// Whether [`read`](Self::read) gives every secret field of such a key back, but for those that follow from others.
    pub fn keeps_secrets(&self, of: &Deliverable) -> bool {
        let needed = || of.secrets.iter().filter(|name| !of.optional.contains(*name));
        match self.format {
            DeliveryFormat::Json if self.fields.is_none() => {
                let is_whole = !of.open || of.map.is_some();
                is_whole && needed().all(|name| of.ordinary.is_empty() || of.ordinary.contains(name))
            }
            DeliveryFormat::Json => {
                !of.open && needed().all(|name| self.fields.iter().any(|all| all.contains_key(name)))
            }
            DeliveryFormat::Raw => {
                !of.open && self.only_field(of).is_some_and(|only| needed().all(|name| name == only))
            }
            _ => false,
        }
    }

    /// The one field that is handed over, if it is one.
    pub(super) fn only_field<'a>(&'a self, of: &'a Deliverable) -> Option<&'a String> {
        let mut names = match &self.fields {
            Some(fields) => fields.keys().collect::<Vec<_>>(),
            None => of.ordinary.iter().collect(),
        };
        names.pop().filter(|_| names.is_empty())
    }

    /// The fields of a key that a text holds which was written in this shape, where the shape keeps all of them or all secrets.
    pub fn read(&self, text: &SecretString, of: &Deliverable) -> Option<Material> {
        (self.keeps_all(of) || self.keeps_secrets(of)).then(|| pick::material(self, text, of)).flatten()
    }

    /// The text that consumers read.
    ///
    /// # Errors
    /// A field that is handed over is not known, or the format does not fit the key. No secret is in the message.
    pub fn render(&self, material: &Material, of: &Deliverable) -> Result<SecretString, Error> {
        let entries = pick::entries(self, material, of)?;
        formats::write(self, &entries)
    }
}
