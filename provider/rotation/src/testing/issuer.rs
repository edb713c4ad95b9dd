use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::{BoxFuture, pending, poll_fn};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Capability, Clock, Effect, Error, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, LastUse, Ledger, Ledgers,
    Material, MintOrder, Minted, ObservedKey, OtherLedger, OwnerId, Retry, Verdict,
};

use super::{Fault, ManualClock, Rig};

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

impl InMemoryRules {
    /// A system like AWS: two keys, a minute to settle, new keys refused for ten seconds and not listed for `lists_after`.
    pub fn like_aws(lists_after: SignedDuration) -> Self {
        let capability = Capability { quota: Some(2), settle: SignedDuration::from_mins(1), ..Capability::default() };
        Self { capability, accepts_after: SignedDuration::from_secs(10), lists_after }
    }
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
    calls: Vec<String>,
    faults: BTreeMap<usize, Fault>,
    strangers: BTreeSet<usize>,
    gone: bool,
    died: bool,
    mourner: Option<std::task::Waker>,
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
        Self { rules, clock, inner: Arc::default() }
    }

    /// Somebody uses a key.
    pub fn use_key(&self, id: &KeyId) {
        let now = self.clock.now();
        if let Some(key) = self.lock().keys.get_mut(id) {
            key.last_use = Some(now);
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
    async fn call<T>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut Inner, Timestamp) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let fault = self.count(name);
        if fault == Some(Fault::DieBefore) {
            return self.die().await;
        }
        if let Some((kind, judged, hangs)) = fault.and_then(refusal) {
            if hangs {
                self.clock.advance(self.rules.capability.mint_timeout);
            }
            return Err(Error::new(kind, name, "failed on demand").effect(judged));
        }
        let done = effect(&mut self.lock(), self.clock.now())?;
        let kind = match fault {
            None => return Ok(done),
            Some(Fault::DieAfter) => return self.die().await,
            Some(Fault::HangAfter) => {
                self.clock.advance(self.rules.capability.mint_timeout);
                ErrorKind::TimedOut
            }
            Some(_) => ErrorKind::Unreachable,
        };
        Err(Error::new(kind, name, "failed on demand").retry(Retry::Backoff).effect(Effect::Unknown))
    }

    fn count(&self, name: &'static str) -> Option<Fault> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let number = inner.calls.len();
        inner.calls.push(name.to_owned());
        if inner.strangers.remove(&number) {
            inner.add(now);
        }
        inner.faults.remove(&number)
    }

    async fn die<T>(&self) -> T {
        let waiting = {
            let mut inner = self.lock();
            inner.died = true;
            inner.mourner.take()
        };
        waiting.into_iter().for_each(std::task::Waker::wake);
        pending().await
    }
}

/// What a fault before the effect looks like: its meaning, what it may have done, and whether time went by.
fn refusal(fault: Fault) -> Option<(ErrorKind, Effect, bool)> {
    match fault {
        Fault::Before => Some((ErrorKind::Unexpected, Effect::None, false)),
        Fault::Throttled => Some((ErrorKind::Throttled, Effect::None, false)),
        Fault::Hang => Some((ErrorKind::TimedOut, Effect::Unknown, true)),
        _ => None,
    }
}

impl Inner {
    fn add(&mut self, now: Timestamp) -> KeyId {
        self.minted += 1;
        let id = KeyId(format!("KEY{:04}", self.minted));
        self.keys.insert(id.clone(), KeyRecord { created_at: now, status: KeyStatus::Active, last_use: None });
        id
    }
}

impl Rig for InMemoryCloud {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        Box::new(InMemoryIssuer(self.clone()))
    }

    fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.lock().faults.insert(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        self.lock().strangers.insert(call);
    }

    fn calm(&self) {
        let mut inner = self.lock();
        inner.faults.clear();
        inner.strangers.clear();
    }

    fn unfired(&self) -> usize {
        self.lock().faults.len()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        poll_fn(|context| {
            let mut inner = self.lock();
            if std::mem::take(&mut inner.died) {
                return Poll::Ready(());
            }
            inner.mourner = Some(context.waker().clone());
            Poll::Pending
        })
        .boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.lock().keys.keys().cloned().collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.lock().keys.get(id).is_some_and(|key| key.status == KeyStatus::Active)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        let (now, quota) = (self.clock.now(), self.rules.capability.quota);
        let mut inner = self.lock();
        let free = quota.is_none_or(|quota| inner.keys.len() < quota);
        free.then(|| inner.add(now))
    }

    fn delete(&self, id: &KeyId) {
        self.lock().keys.remove(id);
    }

    fn disable(&self, id: &KeyId) {
        if let Some(key) = self.lock().keys.get_mut(id) {
            key.status = KeyStatus::Inactive;
        }
    }

    fn strip_marks(&self) {
        self.lock().ledgers.clear();
    }

    fn marks(&self) -> usize {
        self.lock().ledgers.len()
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
        self.0
            .call("list", |inner, now| {
                let listed = inner.keys.iter().filter(|(_, key)| now.duration_since(key.created_at) >= lag);
                let shown = listed.map(|(id, key)| ObservedKey {
                    id: id.clone(),
                    created_at: key.created_at,
                    status: key.status,
                    last_use: None,
                });
                Ok((!inner.gone).then(|| shown.collect()))
            })
            .await
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        self.0
            .call("read_ledgers", |inner, _| {
                let own = inner.ledgers.get(&owner.hash).map(|(_, ledger)| ledger.clone());
                let others = inner.ledgers.iter().filter(|(hash, _)| **hash != owner.hash);
                let named = |(hash, (label, ledger)): (&String, &(String, Ledger))| OtherLedger {
                    owner: OwnerId { hash: hash.clone(), label: label.clone() },
                    ledger: ledger.clone(),
                };
                Ok(Ledgers { own, others: others.map(named).collect() })
            })
            .await
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        self.0
            .call("write_ledger", |inner, _| {
                match ledger {
                    Some(ledger) => inner.ledgers.insert(owner.hash.clone(), (owner.label.clone(), ledger.clone())),
                    None => inner.ledgers.remove(&owner.hash),
                };
                Ok(())
            })
            .await
    }

    async fn mint(&self, _: &MintOrder) -> Result<Minted, Error> {
        let quota = self.0.rules.capability.quota;
        self.0
            .call("mint", |inner, now| {
                if inner.gone {
                    return Err(Error::new(ErrorKind::NotFound, "mint", "the principal does not exist"));
                }
                if quota.is_some_and(|quota| inner.keys.len() >= quota) {
                    return Err(Error::new(ErrorKind::LimitReached, "mint", "the quota is used up"));
                }
                let id = inner.add(now);
                let secret = format!("secret-of-{id}");
                let material = [
                    ("keyId".to_owned(), Field::Plain(id.0.clone())),
                    ("secret".to_owned(), Field::Secret(secret.into())),
                ];
                Ok(Minted { id, created_at: now, material: material.into() })
            })
            .await
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let settles = self.0.rules.accepts_after;
        self.0
            .call("verify", |inner, now| {
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
            .await
    }

    async fn last_use(&self, id: &KeyId) -> Result<LastUse, Error> {
        self.0
            .call("last_use", |inner, _| {
                Ok(inner.keys.get(id).and_then(|key| key.last_use).map_or(LastUse::Never, LastUse::At))
            })
            .await
    }

    async fn disable(&self, id: &KeyId) -> Result<(), Error> {
        self.0
            .call("disable", |inner, _| {
                if let Some(key) = inner.keys.get_mut(id) {
                    key.status = KeyStatus::Inactive;
                }
                Ok(())
            })
            .await
    }

    async fn retire(&self, id: &KeyId) -> Result<(), Error> {
        self.0
            .call("retire", |inner, _| {
                inner.keys.remove(id);
                Ok(())
            })
            .await
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}
