use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{DeliveryId, Error, ErrorKind, Head, KeyId, Material, Payload, Store};

use super::InMemoryCloud;
use super::cloud::Inner;
use super::stored_entry::{Held, material_of};

/// One entry of a secret manager in memory, in the same world as the keys: its calls are counted, fail and die like theirs.
///
/// As in AWS Secrets Manager the id of a version is the name of its delivery, and the first version of an empty entry is current at once.
#[derive(Clone, Debug)]
pub struct InMemoryStore {
    cloud: InMemoryCloud,
    name: String,
    shape: String,
    /// What this process staged, where the store holds nothing staged.
    staged: Arc<Mutex<Option<(KeyId, DeliveryId)>>>,
}

impl InMemoryCloud {
    /// The entry with this name.
    pub fn store(&self, name: &str) -> InMemoryStore {
        let shape = self.lock().shapes.get(name).cloned().unwrap_or_default();
        InMemoryStore { cloud: self.clone(), name: name.to_owned(), shape, staged: Arc::default() }
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
        shelf.versions.insert(version.clone(), Held { key: None });
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

    /// What stands in an entry turns out to be of another key.
    pub fn mix_up_store(&self, name: &str) {
        let mut inner = self.lock();
        let held = inner.shelves.get_mut(name).into_iter().flat_map(|shelf| shelf.versions.values_mut());
        held.filter_map(|held| held.key.as_mut()).for_each(|(key, _)| *key = KeyId("OTHER".to_owned()));
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
    /// The same entry in another shape.
    pub(super) fn shaped(self, shape: &str) -> Self {
        Self { shape: shape.to_owned(), ..self }
    }

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
        let rules = &self.cloud.rules;
        !rules.stores_are_opaque && !rules.opaque.contains(&self.name.as_str())
    }

    fn holds_staged(&self) -> bool {
        !self.cloud.rules.unstaged.contains(&self.name.as_str())
    }

    fn shape(&self) -> String {
        self.shape.clone()
    }

    async fn head(&self) -> Result<Head, Error> {
        self.change("head", |inner, now| Ok(self.seen(inner, now))).await
    }

    async fn stage(&self, payload: &Payload<'_>, _: &Head) -> Result<String, Error> {
        if !self.holds_staged() {
            let staged = (payload.key.clone(), payload.delivery.clone());
            self.staged.lock().unwrap_or_else(PoisonError::into_inner).replace(staged);
            return Ok(payload.delivery.as_str().to_owned());
        }
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
        let own = self.staged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !self.holds_staged() {
            let unknown = || Error::new(ErrorKind::Unexpected, "promote", "this process staged nothing");
            let own = own.ok_or_else(unknown)?;
            let written = |inner: &mut Inner, now| {
                let is_new = !inner.shelves.contains_key(&self.name);
                let shelf = inner.shelves.entry(self.name.clone()).or_default();
                shelf.made |= is_new;
                shelf.remember(now);
                shelf.write(own, head)
            };
            return self.change("promote", written).await;
        }
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
            Ok(held.and_then(|held| held.key.as_ref()).map(|(id, _)| material_of(id)))
        };
        self.change("read", held).await
    }
}
