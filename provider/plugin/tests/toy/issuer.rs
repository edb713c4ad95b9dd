//! The toy's service, which is a map of shelves with keys and marks, and the keys of one shelf.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use rotation::{
    Capability, Clock, Error, ErrorKind, Field, KeyId, KeyIssuer, Ledger, Ledgers, Material, MintOrder, Minted,
    ObservedKey, OtherLedger, OwnerId, Prepared, Retired, Verdict,
};

#[derive(Clone, Default)]
pub(crate) struct Service(Arc<Mutex<BTreeMap<String, Shelf>>>);

#[derive(Default)]
pub(crate) struct Shelf {
    made: usize,
    /// When each was made.
    pub(crate) keys: BTreeMap<KeyId, Timestamp>,
    pub(crate) marks: BTreeMap<String, (OwnerId, Ledger)>,
}

impl Service {
    pub(crate) fn add_shelf(&self, name: &str) {
        self.0.lock().unwrap().insert(name.to_owned(), Shelf::default());
    }

    /// What the work gives; none if there is no such shelf.
    pub(crate) fn on<T>(&self, shelf: &str, work: impl FnOnce(&mut Shelf) -> T) -> Option<T> {
        self.0.lock().unwrap().get_mut(shelf).map(work)
    }
}

impl Shelf {
    pub(crate) fn make(&mut self, now: Timestamp) -> KeyId {
        self.made += 1;
        let id = KeyId(format!("toy-{}", self.made));
        self.keys.insert(id.clone(), now);
        id
    }
}

/// What tells tokens from PINs.
pub(crate) struct Kind {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) quota: Option<usize>,
}

impl Kind {
    pub(crate) fn capability(&self) -> Capability {
        Capability { quota: self.quota, disables: false, tells_last_use: false, ..Capability::default() }
    }

    pub(crate) fn material(&self, key: &KeyId, secret: Field) -> Material {
        [(self.id.to_owned(), Field::Plain(key.0.clone())), (self.secret.to_owned(), secret)].into()
    }
}

fn secret(key: &KeyId) -> Field {
    Field::Secret(format!("secret of {key}").into())
}

pub(crate) struct ToyIssuer {
    pub(crate) kind: &'static Kind,
    pub(crate) service: Service,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) account: Option<String>,
    pub(crate) shelf: String,
}

impl ToyIssuer {
    fn on<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> Result<T, Error> {
        self.service.on(&self.shelf, work).ok_or_else(|| Error::new(ErrorKind::NotFound, "toy", "gone [KR-TOY-001]"))
    }

    async fn make(&self) -> Result<Minted, Error> {
        let (most, now) = (self.kind.quota.unwrap_or(usize::MAX), self.clock.now());
        let made = self.on(|shelf| (shelf.keys.len() < most).then(|| shelf.make(now)))?;
        let id = made.ok_or_else(|| Error::new(ErrorKind::LimitReached, "toy", "the shelf is full [KR-TOY-002]"))?;
        Ok(Minted { material: self.kind.material(&id, secret(&id)), id, created_at: now, expiry: None })
    }
}

#[async_trait]
impl KeyIssuer for ToyIssuer {
    fn capability(&self) -> Capability {
        self.kind.capability()
    }

    fn principal(&self) -> String {
        format!("shelf {:?} (`shelf`)", self.shelf)
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        Ok(self.account.clone())
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        let shown = |(id, made_at): (&KeyId, &_)| ObservedKey::new(id.clone(), *made_at);
        Ok(self.service.on(&self.shelf, |shelf| shelf.keys.iter().map(shown).collect()))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        let mut marks = self.on(|shelf| shelf.marks.clone())?;
        let own = marks.remove(&owner.hash).map(|(_, ledger)| ledger);
        Ok(Ledgers::new(own, marks.into_values().map(|(owner, ledger)| OtherLedger { owner, ledger }).collect()))
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        self.on(|shelf| {
            shelf.marks.remove(&owner.hash);
            shelf.marks.extend(ledger.map(|ledger| (owner.hash.clone(), (owner.clone(), ledger.clone()))));
        })
    }

    async fn prepare<'a>(&'a self, _: &MintOrder) -> Result<Prepared<'a>, Error> {
        Ok(Prepared::new(None, || self.make()))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let given = material.get(self.kind.secret);
        let is_key = self.on(|shelf| shelf.keys.keys().any(|id| given == Some(&secret(id))))?;
        Ok(if is_key { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        self.service.on(&self.shelf, |shelf| shelf.keys.remove(key));
        Ok(Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}
