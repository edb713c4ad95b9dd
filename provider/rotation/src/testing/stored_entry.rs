use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{DeliveryId, Error, ErrorKind, Field, Head, KeyId, Material, Payload, StoredVersion};

/// What users read of a key in memory.
pub(super) fn material_of(id: &KeyId) -> Material {
    let secret = format!("secret-of-{id}");
    [("keyId".to_owned(), Field::Plain(id.0.clone())), ("secret".to_owned(), Field::Secret(secret.into()))].into()
}

/// What stands in one entry.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredEntry {
    /// Why nothing may be delivered to it.
    pub(super) blocked: Option<String>,
    /// Whether the resource made it.
    pub(super) made: bool,
    pub(super) versions: BTreeMap<String, Held>,
    pub(super) current: Option<String>,
    pub(super) previous: Option<String>,
    pub(super) pending: Option<String>,
    /// What it showed until each of these moments, for reads that lag.
    pub(super) former: Vec<(Timestamp, Head)>,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    /// None where a person wrote it.
    pub(super) key: Option<(KeyId, DeliveryId)>,
}

impl StoredEntry {
    /// The key that consumers read; none if what they read is none of ours.
    pub(super) fn read(&self) -> Option<&KeyId> {
        let held = self.versions.get(self.current.as_ref()?)?;
        held.key.as_ref().map(|(id, _)| id)
    }

    /// What decides what happens to it next; keys stand for their versions.
    pub(super) fn picture(&self) -> impl std::fmt::Debug + use<> {
        let named = |version: &Option<String>| {
            let held = version.as_ref().and_then(|version| self.versions.get(version));
            held.map(|held| held.key.as_ref().map(|(id, _)| id.clone()))
        };
        (self.made, named(&self.current), named(&self.previous), named(&self.pending))
    }

    /// Whether neither what consumers read nor what is staged is of ours.
    pub(super) fn is_left(&self) -> bool {
        self.read().is_none() && self.pending.is_none()
    }

    pub(super) fn head(&self) -> Head {
        let shown = |version: &Option<String>| {
            let version = version.clone()?;
            let delivery = self.versions.get(&version)?.key.as_ref().map(|(_, delivery)| delivery.clone());
            Some(StoredVersion { version, delivery })
        };
        let (current, previous, pending) = (shown(&self.current), shown(&self.previous), shown(&self.pending));
        Head { exists: true, entry: None, current, previous, pending, blocked: self.blocked.clone() }
    }

    pub(super) fn remember(&mut self, now: Timestamp) {
        self.former.push((now, self.head()));
        let surplus = self.former.len().saturating_sub(20);
        self.former.drain(..surplus);
    }

    pub(super) fn stage(&mut self, payload: &Payload<'_>) -> Result<String, Error> {
        let version = payload.delivery.as_str().to_owned();
        let key = Some((payload.key.clone(), payload.delivery.clone()));
        let held = Held { key };
        self.versions.entry(version.clone()).or_insert(held);
        if self.current.is_none() {
            self.current = Some(version.clone());
        } else if self.current.as_ref() != Some(&version) {
            self.pending = Some(version.clone());
        }
        Ok(version)
    }

    pub(super) fn promote(&mut self, version: &str, head: &Head) -> Result<(), Error> {
        if self.current.as_deref() == Some(version) {
            return Ok(());
        }
        if !self.versions.contains_key(version) {
            return Err(Error::new(ErrorKind::NotFound, "promote", format!("there is no version {version}")));
        }
        let expected = head.current.as_ref().map(|current| current.version.as_str());
        if self.current.as_deref() != expected {
            let text = format!("{:?} is current, not {expected:?}: {version} was not made current", self.current);
            return Err(Error::new(ErrorKind::Conflict, "promote", text));
        }
        self.previous = self.current.replace(version.to_owned());
        self.pending.take_if(|staged| staged == version);
        Ok(())
    }

    /// Writes a version that is current at once, if nobody wrote another one.
    pub(super) fn write(&mut self, (key, delivery): (KeyId, DeliveryId), head: &Head) -> Result<(), Error> {
        let version = delivery.as_str().to_owned();
        self.versions.entry(version.clone()).or_insert(Held { key: Some((key, delivery)) });
        self.promote(&version, head)
    }

    pub(super) fn withdraw(&mut self, version: &str, head: &Head) {
        self.pending.take_if(|staged| staged == version);
        self.previous.take_if(|before| before == version);
        if self.current.as_deref() == Some(version) {
            self.current = head.previous.as_ref().map(|before| before.version.clone());
            self.previous.take_if(|before| Some(&*before) == self.current.as_ref());
        }
        self.versions.remove(version);
    }
}
