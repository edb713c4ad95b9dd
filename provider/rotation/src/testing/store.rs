use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{DeliveryId, Error, ErrorKind, Head, KeyId, Material, Payload, Store, StoredVersion};

use super::InMemoryCloud;
use super::cloud::Inner;

/// One entry of a secret manager in memory, in the same world as the keys: its calls are counted, fail and die like theirs.
///
/// As in AWS Secrets Manager the id of a version is the name of its delivery, and the first version of an empty entry is current at once.
#[derive(Clone, Debug)]
pub struct InMemoryStore {
    cloud: InMemoryCloud,
    name: String,
    shape: String,
}

/// What stands in one entry.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreEntry {
    /// Why nothing may be delivered to it.
    blocked: Option<String>,
    /// Whether the resource made it.
    made: bool,
    versions: BTreeMap<String, Held>,
    current: Option<String>,
    previous: Option<String>,
    pending: Option<String>,
    /// What it showed until each of these moments, for reads that lag.
    former: Vec<(Timestamp, Head)>,
}

#[derive(Clone, Debug)]
struct Held {
    /// None where a person wrote it.
    key: Option<(KeyId, DeliveryId)>,
    material: Material,
}

impl StoreEntry {
    /// The key that consumers read; none if what they read is none of ours.
    pub(super) fn read(&self) -> Option<&KeyId> {
        let held = self.versions.get(self.current.as_ref()?)?;
        held.key.as_ref().map(|(id, _)| id)
    }

    /// What that key is.
    pub(super) fn material(&self) -> Option<&Material> {
        let held = self.versions.get(self.current.as_ref()?)?;
        held.key.as_ref().map(|_| &held.material)
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

    fn head(&self) -> Head {
        let shown = |version: &Option<String>| {
            let version = version.clone()?;
            let delivery = self.versions.get(&version)?.key.as_ref().map(|(_, delivery)| delivery.clone());
            Some(StoredVersion { version, delivery })
        };
        let (current, previous, pending) = (shown(&self.current), shown(&self.previous), shown(&self.pending));
        Head { exists: true, entry: None, current, previous, pending, blocked: self.blocked.clone() }
    }

    fn remember(&mut self, now: Timestamp) {
        self.former.push((now, self.head()));
        let surplus = self.former.len().saturating_sub(20);
        self.former.drain(..surplus);
    }

    fn stage(&mut self, payload: &Payload<'_>) -> Result<String, Error> {
        let version = payload.delivery.as_str().to_owned();
        let key = Some((payload.key.clone(), payload.delivery.clone()));
        let held = Held { key, material: payload.material.clone() };
        self.versions.entry(version.clone()).or_insert(held);
        if self.current.is_none() {
            self.current = Some(version.clone());
        } else if self.current.as_ref() != Some(&version) {
            self.pending = Some(version.clone());
        }
        Ok(version)
    }

    fn promote(&mut self, version: &str, head: &Head) -> Result<(), Error> {
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

    fn withdraw(&mut self, version: &str, head: &Head) {
        self.pending.take_if(|staged| staged == version);
        self.previous.take_if(|before| before == version);
        if self.current.as_deref() == Some(version) {
            self.current = head.previous.as_ref().map(|before| before.version.clone());
            self.previous.take_if(|before| Some(&*before) == self.current.as_ref());
        }
        self.versions.remove(version);
    }
}

impl InMemoryCloud {
    /// The entry with this name.
    pub fn store(&self, name: &str) -> InMemoryStore {
        let shape = self.lock().shapes.get(name).cloned().unwrap_or_default();
        InMemoryStore { cloud: self.clone(), name: name.to_owned(), shape }
    }

    /// From now on keys are delivered to an entry in another shape.
    pub fn reshape_store(&self, name: &str, shape: &str) {
        self.lock().shapes.insert(name.to_owned(), shape.to_owned());
    }

    /// From now on nothing may be delivered to an entry.
    pub fn block_store(&self, name: &str, why: &str) {
        self.lock().shelves.entry(name.to_owned()).or_default().blocked = Some(why.to_owned());
    }

    /// Somebody writes something of their own into an entry, and consumers read that.
    pub fn edit_store(&self, name: &str) {
        let now = self.now();
        let mut inner = self.lock();
        let shelf = inner.shelves.entry(name.to_owned()).or_default();
        shelf.remember(now);
        let version = format!("hand{}", shelf.versions.len());
        shelf.versions.insert(version.clone(), Held { key: None, material: Material::new() });
        shelf.previous = shelf.current.replace(version);
    }

    /// Somebody moves an entry back to what its consumers read before.
    pub fn roll_back_store(&self, name: &str) {
        let now = self.now();
        let mut inner = self.lock();
        let Some(shelf) = inner.shelves.get_mut(name).filter(|shelf| shelf.previous.is_some()) else { return };
        shelf.remember(now);
        std::mem::swap(&mut shelf.current, &mut shelf.previous);
    }

    /// Whether there is an entry.
    pub fn has_store(&self, name: &str) -> bool {
        self.lock().shelves.contains_key(name)
    }

    /// Somebody deletes an entry.
    pub fn delete_store(&self, name: &str) {
        self.lock().shelves.remove(name);
    }
}

impl InMemoryStore {
    async fn change<T>(
        &self,
        name: &'static str,
        change: impl FnOnce(&mut Inner, Timestamp) -> Result<T, Error> + Send,
    ) -> Result<T, Error>
    where
        T: Send,
    {
        self.cloud.call(name, change).await
    }

    fn seen(&self, inner: &Inner, now: Timestamp) -> Head {
        let Some(shelf) = inner.shelves.get(&self.name) else { return Head::default() };
        let lag: SignedDuration = self.cloud.rules.stores_after;
        let since = now.checked_sub(lag).unwrap_or(now);
        let older = shelf.former.iter().find(|(until, _)| *until > since);
        older.map_or_else(|| shelf.head(), |(_, head)| head.clone())
    }
}

#[async_trait]
impl Store for InMemoryStore {
    fn label(&self) -> String {
        format!("store {}", self.name)
    }

    fn identity(&self) -> String {
        self.name.clone()
    }

    fn reads_back(&self) -> bool {
        !self.cloud.rules.stores_are_opaque
    }

    fn shape(&self) -> String {
        self.shape.clone()
    }

    async fn head(&self) -> Result<Head, Error> {
        self.change("head", |inner, now| Ok(self.seen(inner, now))).await
    }

    async fn stage(&self, payload: &Payload<'_>, _: &Head) -> Result<String, Error> {
        let staged = |inner: &mut Inner, now| {
            let is_new = !inner.shelves.contains_key(&self.name);
            let shelf = inner.shelves.entry(self.name.clone()).or_default();
            shelf.made |= is_new;
            shelf.remember(now);
            shelf.stage(payload)
        };
        self.change("stage", staged).await
    }

    async fn promote(&self, version: &str, head: &Head) -> Result<(), Error> {
        let promoted = |inner: &mut Inner, now| {
            let missing = || Error::new(ErrorKind::NotFound, "promote", "the entry does not exist");
            let shelf = inner.shelves.get_mut(&self.name).ok_or_else(missing)?;
            shelf.remember(now);
            shelf.promote(version, head)
        };
        self.change("promote", promoted).await
    }

    async fn withdraw(&self, version: &str, head: &Head) -> Result<(), Error> {
        let withdrawn = |inner: &mut Inner, now| {
            if let Some(shelf) = inner.shelves.get_mut(&self.name) {
                shelf.remember(now);
                shelf.withdraw(version, head);
            }
            Ok(())
        };
        self.change("withdraw", withdrawn).await
    }

    async fn remove(&self) -> Result<bool, Error> {
        let removed = |inner: &mut Inner, _| {
            let is_ours = inner.shelves.get(&self.name).is_none_or(|shelf| shelf.made);
            if is_ours {
                inner.shelves.remove(&self.name);
            }
            Ok(is_ours)
        };
        self.change("remove", removed).await
    }

    async fn read(&self, version: &str) -> Result<Option<Material>, Error> {
        let held = |inner: &mut Inner, _| {
            let held = inner.shelves.get(&self.name).and_then(|shelf| shelf.versions.get(version));
            Ok(held.map(|held| held.material.clone()))
        };
        self.change("read", held).await
    }
}
