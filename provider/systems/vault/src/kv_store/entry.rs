//! What stands at a path, and what a version of it holds.

use std::collections::BTreeSet;

use cloud::{DeliveryFormat, DeliveryShape};
use rotation::{DeliveryId, Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

use super::note::Note;
use crate::api_key::{fits, print};

/// The field of what is one text.
const VALUE: &str = "value";

/// What a path shows.
#[derive(Clone, Debug, Default)]
pub(super) struct PathState {
    /// The number of the newest version, readable or not; 0 without any.
    pub(super) newest: u64,
    /// The versions that consumers can read.
    pub(super) readable: BTreeSet<u64>,
    /// Those and the ones that somebody may undelete.
    pub(super) existing: BTreeSet<u64>,
    pub(super) note: Note,
    /// The cluster, the namespace and the path, if the cluster says which it is.
    pub(super) entry: Option<String>,
    /// Whether a resource makes keys at the path.
    pub(super) has_issuer: bool,
}

impl PathState {
    pub(super) fn is_readable(&self, version: u64) -> bool {
        self.readable.contains(&version)
    }

    /// What consumers read who name no version, and which delivery it is.
    pub(super) fn current(&self) -> Option<(u64, Option<DeliveryId>)> {
        let noted = self.note.current.as_ref().filter(|noted| noted.0 == self.newest);
        let delivery = noted.and_then(|noted| noted.delivery());
        self.is_readable(self.newest).then_some((self.newest, delivery))
    }

    /// The newest delivery that can be read by its number and is not current.
    pub(super) fn previous(&self) -> Option<(u64, Option<DeliveryId>)> {
        let noted = [&self.note.current, &self.note.previous].into_iter().flatten();
        let mut earlier = noted.filter(|noted| noted.0 != self.newest && self.is_readable(noted.0));
        earlier.next().map(|noted| (noted.0, noted.delivery()))
    }
}

/// The data of one version, as a JSON object.
#[derive(Clone)]
pub(super) struct PathData(SecretString);

impl PathData {
    /// What is written of a key.
    ///
    /// # Errors
    /// It is no JSON, which would be a bug.
    pub(super) fn of(shape: &DeliveryShape, rendered: SecretString) -> Result<Self, Error> {
        match shape.format {
            DeliveryFormat::Json => Ok(Self(rendered)),
            _ => serde_json::to_string(&std::collections::BTreeMap::from([(VALUE, open(&rendered))]))
                .map(|text| Self(text.into()))
                .map_err(|_| Error::new(ErrorKind::Unexpected, "", "the key could not be written [KR-VAULT-174]")),
        }
    }

    /// What was read.
    pub(super) fn read(text: String) -> Self {
        Self(text.into())
    }

    pub(super) fn into_secret(self) -> SecretString {
        self.0
    }

    /// By which it can be told from what anybody else writes.
    pub(super) fn print(&self, delivery: &DeliveryId) -> String {
        print(nonce(delivery), &self.normal())
    }

    /// Whether the print was made of it.
    pub(super) fn fits(&self, mark: &str) -> bool {
        fits(mark, &self.normal())
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.normal() == other.normal()
    }

    /// The text as JSON for the body of a request.
    ///
    /// # Errors
    /// It is none, which would be a bug.
    pub(super) fn json(&self) -> Result<Box<RawValue>, Error> {
        let wrong = |_| Error::new(ErrorKind::Unexpected, "", "the key could not be written [KR-VAULT-174]");
        RawValue::from_string(open(&self.0).to_owned()).map_err(wrong)
    }

    /// In one spelling, whatever the order of the fields.
    fn normal(&self) -> String {
        let fields: Option<std::collections::BTreeMap<String, serde_json::Value>> =
            serde_json::from_str(open(&self.0)).ok();
        fields.and_then(|fields| serde_json::to_string(&fields).ok()).unwrap_or_default()
    }
}

/// What prints of a delivery begin with, so that those of two deliveries differ.
fn nonce(delivery: &DeliveryId) -> &str {
    delivery.as_str().get(48..).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "it is compared, hashed, or written to where it belongs")]
fn open(secret: &SecretString) -> &str {
    secret.expose_secret()
}
