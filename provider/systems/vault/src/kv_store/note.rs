//! What a KV path notes of deliveries: one entry of its custom metadata, because users may have up to 63 others there.

use std::collections::BTreeSet;

use rotation::{DeliveryId, Error, ErrorKind};
use serde::{Deserialize, Serialize};

/// The entry. Documented.
pub(super) const ENTRY: &str = "keyrotation.delivery";
/// How entries of a path begin at which `vault:RotatingApiKey` makes keys.
pub(super) const ISSUERS: &str = "keyrotation-";
/// The longest value of custom metadata, in bytes (Vault's documentation, KV v2, "custom_metadata").
const LONGEST: usize = 512;
const FORM: u32 = 1;

/// Which versions are deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    /// The form's number: another one is another plugin's.
    form: u32,
    /// The hash of the resource that made the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) made: Option<String>,
    /// The version that stood there before the first delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<u64>,
    /// The newest delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<Noted>,
    /// The delivery before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<Noted>,
    /// What is about to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<Next>,
    /// Still older deliveries.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) older: BTreeSet<u64>,
    /// The generation of the newest delivery's key, for people.
    #[serde(default)]
    pub(super) generation: u64,
    /// That key's id, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) key: String,
}

/// A version, and which delivery it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted(pub(super) u64, pub(super) String);

/// The number that a version will have, which delivery it will be, and a print of its value: somebody else may take that number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Next(pub(super) u64, pub(super) String, pub(super) String);

impl Noted {
    pub(super) fn delivery(&self) -> Option<DeliveryId> {
        DeliveryId::parse(&self.1)
    }
}

impl Next {
    /// The delivery of the same key in no shape. Whoever finds an announcement has no value for it, so the key must be staged again before it can be
    /// promoted, and can be withdrawn.
    pub(super) fn delivery(&self) -> Option<DeliveryId> {
        let (key, trigger) = (self.1.get(..OF_KEY)?, self.1.get(OF_SHAPE..)?);
        DeliveryId::parse(&format!("{key}{}{trigger}", "0".repeat(OF_SHAPE - OF_KEY)))
    }
}

/// How many digits of a delivery's name say which key it is, and how many all but what the key was minted for.
const OF_KEY: usize = 40;
const OF_SHAPE: usize = 52;

impl Note {
    /// Reads the entry.
    ///
    /// # Errors
    /// Another version of the plugin wrote it, or a person.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let note: Option<Self> = serde_json::from_str(text).ok();
        note.filter(|note| note.form == FORM).ok_or_else(|| {
            let message = format!(
                "the entry {ENTRY:?} of the path's custom metadata is not one that this version of the plugin writes, so nothing was changed: upgrade the plugin, or remove the entry if it was put there by hand [KR-VAULT-177]"
            );
            Error::new(ErrorKind::Unexpected, "vault kv metadata get", message)
        })
    }

    /// The entry. What is for people or of the oldest versions is left out where the rest takes the place.
    pub(super) fn text(&self) -> String {
        let mut note = Self { form: FORM, ..self.clone() };
        loop {
            let text = serde_json::to_string(&note).unwrap_or_default();
            if text.len() <= LONGEST {
                return text;
            }
            if note.older.pop_first().is_none() {
                note.key.clear();
            }
            if note.older.is_empty() && note.key.is_empty() {
                return serde_json::to_string(&note).unwrap_or_default();
            }
        }
    }

    /// Every version that is a delivery.
    pub(super) fn versions(&self) -> BTreeSet<u64> {
        let newest = [&self.current, &self.previous].into_iter().flatten().map(|noted| noted.0);
        self.older.iter().copied().chain(newest).collect()
    }

    /// Notes that what was announced is written.
    pub(super) fn wrote(&mut self, version: u64, delivery: &DeliveryId) {
        let before = self.current.replace(Noted(version, delivery.as_str().to_owned()));
        let older = std::mem::replace(&mut self.previous, before);
        self.older.extend(older.map(|noted| noted.0));
        self.next = None;
    }

    /// Forgets these versions.
    pub(super) fn forget(&mut self, versions: &BTreeSet<u64>) {
        let is_gone = |noted: &Option<Noted>| noted.as_ref().is_some_and(|noted| versions.contains(&noted.0));
        if is_gone(&self.previous) {
            self.previous = None;
        }
        if is_gone(&self.current) {
            self.current = self.previous.take();
        }
        self.older.retain(|version| !versions.contains(version));
    }

    /// Whether it says nothing that somebody needs.
    pub(super) fn is_needless(&self) -> bool {
        self.made.is_none() && self.next.is_none() && self.versions().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use rotation::{KeyId, OwnerId};

    use super::*;

    fn delivery(generation: u64) -> DeliveryId {
        let owner = OwnerId::new("urn:a", "stack/project/a");
        DeliveryId::new(&owner, (&KeyId("key".to_owned()), generation), "shape", None)
    }

    fn whole() -> Note {
        let mut note = Note { made: Some("0123456789abcdef".to_owned()), before: Some(1_000_000), ..Note::default() };
        for version in 1..=60 {
            note.wrote(1_000_000 + version, &delivery(version));
        }
        let print = format!("{}:{}", "n".repeat(16), "0".repeat(24));
        note.next = Some(Next(1_000_061, delivery(61).as_str().to_owned(), print));
        (note.generation, note.key) = (61, "12:34:56:78:90:ab:cd:ef:12:34:56:78:90:ab:cd:ef".to_owned());
        note
    }

    #[test]
    fn everything_fits_into_one_entry_and_only_old_numbers_are_left_out() {
        let note = whole();
        let text = note.text();
        assert!(text.len() <= LONGEST, "{}", text.len());
        let read = Note::parse(&text).unwrap();
        assert_eq!(read.current, note.current);
        assert_eq!(
            (read.previous, read.next, read.before, read.made),
            (note.previous, note.next, note.before, note.made)
        );
        let small = Note { older: [3, 4].into(), ..Note::default() };
        assert_eq!(Note::parse(&small.text()).unwrap().older, small.older);
    }

    #[test]
    fn an_announcement_is_of_its_key_and_of_no_shape() {
        let next = whole().next.unwrap();
        let (announced, real) = (next.delivery().unwrap(), delivery(61));
        assert!(announced.is_of_key_of(&real) && announced.is_of_owner_of(&real));
        assert_ne!(announced, real);
    }

    #[test]
    fn what_is_forgotten_makes_place_for_the_one_before() {
        let mut note = Note::default();
        (1..=3).for_each(|version| note.wrote(version, &delivery(version)));
        assert_eq!(note.versions(), [1, 2, 3].into());
        note.forget(&[3].into());
        assert_eq!((note.current.as_ref().map(|noted| noted.0), note.versions()), (Some(2), [1, 2].into()));
        note.forget(&[1, 2].into());
        assert!(note.is_needless());
    }

    #[test]
    fn what_another_plugin_wrote_is_not_passed_over() {
        for text in ["", "{}", r#"{"form":2}"#, r#"{"form":1,"more":1}"#] {
            assert!(Note::parse(text).is_err(), "{text}");
        }
    }
}
