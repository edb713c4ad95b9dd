use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Capability, Clock, Effect, Error, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, LastUse,
    Ledger, Ledgers, Material, MintOrder, Minted, ObservedKey, OtherLedger, OwnerId, Retry,
    Verdict,
};

use super::ManualClock;

/// How the system in memory behaves.
#[derive(Clone, Debug)]
pub struct InMemoryRules {
    /// What it says of itself; its quota is enforced.
    pub capability: Capability,
    /// A new key is refused for so long.
    pub accepts_after: SignedDuration,
    /// A new key is not listed for so long.
    pub lists_after: SignedDuration,
}

/// How the next calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused; nothing was done.
    Before,
    /// Done, but the answer is lost.
    After,
    /// Too many calls; nothing was done.
    Throttled,
    /// Nothing was done and no answer came until the time-out.
    HangBefore,
    /// Done, and no answer came until the time-out.
    HangAfter,
}

/// One system with one principal; clones share it, as processes do that come one after another.
#[derive(Clone, Debug)]
pub struct InMemoryCloud {
    rules: InMemoryRules,
    clock: ManualClock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    keys: BTreeMap<KeyId, KeyRecord>,
    ledgers: BTreeMap<String, (String, Ledger)>,
    minted: u64,
    calls: Vec<&'static str>,
    faults: BTreeMap<usize, Fault>,
    strangers: VecDeque<usize>,
    gone: bool,
}

#[derive(Clone, Debug)]
struct KeyRecord {
    created_at: Timestamp,
    status: KeyStatus,
    last_use: Option<Timestamp>,
}

impl InMemoryCloud {
    /// An empty principal.
    pub fn new(rules: InMemoryRules, clock: ManualClock) -> Self {
        Self {
            rules,
            clock,
            inner: Arc::default(),
        }
    }

    /// The keys of its principal, as a plugin would reach them.
    pub fn issuer(&self) -> InMemoryIssuer {
        InMemoryIssuer(self.clone())
    }

    /// Lets the call with this number, counted from 0 over all, fail.
    pub fn fail(&self, call: usize, fault: Fault) {
        self.lock().faults.insert(call, fault);
    }

    /// Lets a stranger make a key just before the call with this number.
    pub fn stranger_at(&self, call: usize) {
        self.lock().strangers.push_back(call);
    }

    /// A stranger makes a key now.
    pub fn mint_as_stranger(&self) -> KeyId {
        let now = self.clock.now();
        self.lock().add(now)
    }

    /// The names of all calls so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.lock().calls.clone()
    }

    /// Every key that exists.
    pub fn keys(&self) -> Vec<KeyId> {
        self.lock().keys.keys().cloned().collect()
    }

    /// Whether the key would be accepted once settled.
    pub fn works(&self, id: &KeyId) -> bool {
        self.lock()
            .keys
            .get(id)
            .is_some_and(|key| key.status == KeyStatus::Active)
    }

    /// Every mark that stands.
    pub fn ledgers(&self) -> Vec<Ledger> {
        self.lock()
            .ledgers
            .values()
            .map(|(_, ledger)| ledger.clone())
            .collect()
    }

    /// Somebody removes every mark.
    pub fn strip_ledgers(&self) {
        self.lock().ledgers.clear();
    }

    /// Somebody deletes a key.
    pub fn delete(&self, id: &KeyId) {
        self.lock().keys.remove(id);
    }

    /// Somebody disables a key.
    pub fn disable(&self, id: &KeyId) {
        if let Some(key) = self.lock().keys.get_mut(id) {
            key.status = KeyStatus::Inactive;
        }
    }

    /// Somebody deletes the principal, with all that it has.
    pub fn delete_principal(&self) {
        let mut inner = self.lock();
        inner.keys.clear();
        inner.ledgers.clear();
        inner.gone = true;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call: counted, failed if asked, and done at most once.
    fn call<T>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut Inner, Timestamp) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let number = inner.calls.len();
        inner.calls.push(name);
        if inner.strangers.front() == Some(&number) {
            inner.strangers.pop_front();
            inner.add(now);
        }
        let fault = inner.faults.remove(&number);
        let failure = |kind, retry, effect| {
            Error::new(kind, name, "failed on demand")
                .retry(retry)
                .effect(effect)
        };
        match fault {
            None => effect(&mut inner, now),
            Some(Fault::Before) => Err(failure(ErrorKind::Unexpected, Retry::Never, Effect::None)),
            Some(Fault::Throttled) => {
                Err(failure(ErrorKind::Throttled, Retry::Backoff, Effect::None))
            }
            Some(Fault::After) => {
                let _ = effect(&mut inner, now)?;
                Err(failure(
                    ErrorKind::Unreachable,
                    Retry::Backoff,
                    Effect::Unknown,
                ))
            }
            Some(hang) => {
                if hang == Fault::HangAfter {
                    let _ = effect(&mut inner, now)?;
                }
                drop(inner);
                self.clock.advance(self.rules.capability.mint_timeout);
                Err(failure(
                    ErrorKind::TimedOut,
                    Retry::Backoff,
                    Effect::Unknown,
                ))
            }
        }
    }
}

impl Inner {
    fn add(&mut self, now: Timestamp) -> KeyId {
        self.minted += 1;
        let id = KeyId(format!("KEY{:04}", self.minted));
        self.keys.insert(
            id.clone(),
            KeyRecord {
                created_at: now,
                status: KeyStatus::Active,
                last_use: None,
            },
        );
        id
    }
}

/// The keys of the principal in memory.
#[derive(Clone, Debug)]
pub struct InMemoryIssuer(InMemoryCloud);

#[async_trait]
impl KeyIssuer for InMemoryIssuer {
    fn capability(&self) -> Capability {
        self.0.rules.capability.clone()
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        let lag = self.0.rules.lists_after;
        self.0.call("list", |inner, now| {
            let listed = inner
                .keys
                .iter()
                .filter(|(_, key)| now.duration_since(key.created_at) >= lag);
            let shown = listed.map(|(id, key)| ObservedKey {
                id: id.clone(),
                created_at: key.created_at,
                status: key.status,
                last_use: None,
            });
            Ok((!inner.gone).then(|| shown.collect()))
        })
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        self.0.call("read_ledgers", |inner, _| {
            let own = inner
                .ledgers
                .get(&owner.hash)
                .map(|(_, ledger)| ledger.clone());
            let others = inner
                .ledgers
                .iter()
                .filter(|(hash, _)| **hash != owner.hash);
            let named = |(hash, (label, ledger)): (&String, &(String, Ledger))| OtherLedger {
                owner: OwnerId {
                    hash: hash.clone(),
                    label: label.clone(),
                },
                ledger: ledger.clone(),
            };
            Ok(Ledgers {
                own,
                others: others.map(named).collect(),
            })
        })
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        self.0.call("write_ledger", |inner, _| {
            match ledger {
                Some(ledger) => inner
                    .ledgers
                    .insert(owner.hash.clone(), (owner.label.clone(), ledger.clone())),
                None => inner.ledgers.remove(&owner.hash),
            };
            Ok(())
        })
    }

    async fn mint(&self, _: &MintOrder) -> Result<Minted, Error> {
        let quota = self.0.rules.capability.quota;
        self.0.call("mint", |inner, now| {
            if quota.is_some_and(|quota| inner.keys.len() >= quota) {
                return Err(Error::new(
                    ErrorKind::LimitReached,
                    "mint",
                    "the quota is used up",
                ));
            }
            let id = inner.add(now);
            let secret = format!("secret-of-{id}");
            let material = [
                ("keyId".to_owned(), Field::Plain(id.0.clone())),
                ("secret".to_owned(), Field::Secret(secret.into())),
            ];
            Ok(Minted {
                id,
                created_at: now,
                material: material.into(),
            })
        })
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let settles = self.0.rules.accepts_after;
        self.0.call("verify", |inner, now| {
            let Some(Field::Plain(id)) = material.get("keyId") else {
                return Ok(Verdict::NotYet);
            };
            let Some(key) = inner.keys.get_mut(&KeyId(id.clone())) else {
                return Ok(Verdict::NotYet);
            };
            if key.status == KeyStatus::Inactive || now.duration_since(key.created_at) < settles {
                return Ok(Verdict::NotYet);
            }
            key.last_use = Some(now);
            Ok(Verdict::Accepted)
        })
    }

    async fn last_use(&self, id: &KeyId) -> Result<LastUse, Error> {
        self.0.call("last_use", |inner, _| {
            Ok(inner
                .keys
                .get(id)
                .and_then(|key| key.last_use)
                .map_or(LastUse::Never, LastUse::At))
        })
    }

    async fn retire(&self, id: &KeyId) -> Result<(), Error> {
        self.0.call("retire", |inner, _| {
            inner.keys.remove(id);
            Ok(())
        })
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}
