use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Capability, Entry, Error, ErrorKind, Expiry, Field, KeyId, KeyIssuer, KeyStatus, Known, LastUse, Ledger, Ledgers,
    Mark, Marks, Material, MintOrder, Minted, ObservedKey, OtherLedger, OwnerId, Prepared, Proof, Retired, Verdict,
};

use super::cloud::{Inner, Marked};
use super::stored_entry::material_of;
use super::{InMemoryCloud, InMemoryRules};
use crate::time::later;

/// The keys of the principal in memory.
#[derive(Clone, Debug)]
pub struct InMemoryIssuer {
    cloud: InMemoryCloud,
    /// The keys that it was told of, or made.
    known: Arc<Mutex<BTreeSet<KeyId>>>,
    /// The mark, where there is no place for one.
    ledger: Arc<Mutex<Option<Ledger>>>,
}

impl InMemoryIssuer {
    pub(super) fn new(cloud: InMemoryCloud, known: Known<'_>) -> Self {
        let known = known.keys().map(|key| key.id.clone()).collect();
        Self { cloud, known: Arc::new(Mutex::new(known)), ledger: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<KeyId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Option<Ledger>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn marks(&self) -> Marks {
        self.cloud.rules.capability.marks
    }

    fn listed(&self, inner: &Inner, now: Timestamp) -> Vec<ObservedKey> {
        let mut all = listed(inner, &self.cloud.rules, now);
        if !self.cloud.rules.capability.lists_all {
            let known = self.known();
            let marks = inner.marks();
            let named = |id: &KeyId| marks.values().any(|(_, ledger)| ledger.keys.contains_key(id));
            all.retain(|key| known.contains(&key.id) || named(&key.id));
        }
        all
    }

    async fn make(&self, order: MintOrder, name: Option<KeyId>) -> Result<Minted, Error> {
        let on_keys = self.marks() == Marks::OnKeys;
        let is_accepted = self.cloud.rules.capability.proof == Proof::Direct;
        let InMemoryRules { capability: Capability { quota, .. }, grant, .. } = self.cloud.rules;
        self.cloud
            .call("mint", |inner, now| {
                if inner.gone {
                    return Err(Error::new(ErrorKind::NotFound, "mint", "the principal does not exist"));
                }
                if !inner.has_room(quota) {
                    return Err(Error::new(ErrorKind::LimitReached, "mint", "the quota is used up"));
                }
                let entry = Entry::of(order.instance.clone(), Mark::Minting, now);
                let expires_at = grant.map(|grant| later(now, grant));
                let mark = on_keys.then(|| (order.owner.clone(), entry));
                let id = inner.add(name, mark, now, expires_at);
                inner.keys.entry(id.clone()).and_modify(|key| key.is_accepted = is_accepted);
                self.known().insert(id.clone());
                let material = material_of(&id);
                Ok(Minted { id, created_at: now, material, expiry: expiry(expires_at, grant) })
            })
            .await
    }
}

#[async_trait]
impl KeyIssuer for InMemoryIssuer {
    fn capability(&self) -> Capability {
        self.cloud.rules.capability.clone()
    }

    fn principal(&self) -> String {
        "the principal".to_owned()
    }

    fn ahead(&self) -> SignedDuration {
        self.cloud.rules.ahead
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        Ok(self.cloud.rules.account.map(str::to_owned))
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        self.cloud.call("list", |inner, now| Ok((!inner.gone).then(|| self.listed(inner, now)))).await
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        if self.marks() != Marks::OnKeys {
            let Some(keys) = self.list().await? else { return Ok(None) };
            return Ok(Some((keys, self.read_ledgers(owner).await?)));
        }
        let both = |inner: &mut Inner, now| {
            Ok((!inner.gone).then(|| (self.listed(inner, now), ledgers(inner.marks(), owner))))
        };
        self.cloud.call("list", both).await
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        if self.marks() == Marks::Nowhere {
            return Ok(Ledgers::new(self.ledger().clone(), Vec::new()));
        }
        let lag = self.cloud.rules.marks_after;
        self.cloud.call("read_ledgers", |inner, now| Ok(ledgers(inner.marks_at(now, lag), owner))).await
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        if self.marks() == Marks::Nowhere {
            *self.ledger() = ledger.cloned();
            return Ok(());
        }
        if self.marks() == Marks::OnKeys {
            let entries = ledger.iter().flat_map(|ledger| &ledger.keys);
            for (id, entry) in entries {
                let marked = |inner: &mut Inner, _| {
                    if let Some(key) = inner.keys.get_mut(id) {
                        key.mark = Some((owner.clone(), entry.clone()));
                    }
                    Ok(())
                };
                let is_so = self.cloud.shows(id, owner, entry);
                if !is_so {
                    self.cloud.call("write_mark", marked).await?;
                }
            }
            return Ok(());
        }
        self.cloud
            .call("write_ledger", |inner, now| {
                inner.remember_marks(now);
                match ledger {
                    Some(ledger) => inner.ledgers.insert(owner.hash.clone(), (owner.label.clone(), ledger.clone())),
                    None => inner.ledgers.remove(&owner.hash),
                };
                Ok(())
            })
            .await
    }

    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        let name = self.cloud.rules.foresees.then(|| KeyId(format!("KEY-{}", order.nonce)));
        let order = order.clone();
        Ok(Prepared::new(name.clone(), move || self.make(order, name)))
    }

    async fn renew(&self, id: &KeyId, _: Option<SignedDuration>) -> Result<Option<Expiry>, Error> {
        let grant = self.cloud.rules.grant;
        let renewed = |inner: &mut Inner, now| {
            let Some(key) = inner.keys.get_mut(id) else { return Ok(None) };
            key.expires_at = grant.map(|grant| later(now, grant));
            Ok(expiry(key.expires_at, grant))
        };
        self.cloud.call("renew", renewed).await
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let settles = self.cloud.rules.accepts_after;
        self.cloud
            .call("verify", |inner, now| {
                let Some(Field::Plain(id)) = material.get("keyId") else {
                    return Ok(Verdict::NotYet);
                };
                let Some(key) = inner.keys.get_mut(&KeyId(id.clone())) else {
                    return Ok(Verdict::NotYet);
                };
                if key.status == KeyStatus::Inactive || !key.is_accepted || now.duration_since(key.created_at) < settles
                {
                    return Ok(Verdict::NotYet);
                }
                key.last_use = Some(now);
                Ok(Verdict::Accepted)
            })
            .await
    }

    async fn last_use(&self, id: &KeyId) -> Result<LastUse, Error> {
        let tells = self.cloud.rules.capability.tells_last_use;
        self.cloud
            .call("last_use", |inner, _| {
                let last = inner.keys.get(id).and_then(|key| key.last_use);
                Ok(if tells { last.map_or(LastUse::Never, LastUse::At) } else { LastUse::Unknown })
            })
            .await
    }

    async fn disable(&self, id: &KeyId) -> Result<(), Error> {
        self.cloud
            .call("disable", |inner, _| {
                if let Some(key) = inner.keys.get_mut(id) {
                    key.status = KeyStatus::Inactive;
                }
                Ok(())
            })
            .await
    }

    async fn retire(&self, id: &KeyId) -> Result<Retired, Error> {
        self.cloud
            .call("retire", |inner, _| {
                if inner.keys.get(id).is_some_and(|key| key.is_published) {
                    return Ok(Retired::StillAccepted("it is still accepted".to_owned()));
                }
                inner.keys.remove(id);
                Ok(Retired::Gone)
            })
            .await
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}

/// Half of each grant must be over before another one.
fn expiry(expires_at: Option<Timestamp>, grant: Option<SignedDuration>) -> Option<Expiry> {
    let (at, grant) = expires_at.zip(grant)?;
    Some(Expiry { at, renew_at: at.checked_sub(grant / 2).ok() })
}

fn listed(inner: &Inner, rules: &InMemoryRules, now: Timestamp) -> Vec<ObservedKey> {
    let (lag, grant) = (rules.lists_after, rules.grant);
    let listed = inner.keys.iter().filter(|(_, key)| now.duration_since(key.created_at) >= lag);
    let shown = listed.map(|(id, key)| ObservedKey {
        id: id.clone(),
        created_at: key.created_at,
        status: key.status,
        last_use: None,
        expiry: expiry(key.expires_at, grant),
    });
    shown.collect()
}

fn ledgers(mut marks: Marked, owner: &OwnerId) -> Ledgers {
    let own = marks.remove(&owner.hash).map(|(_, ledger)| ledger);
    let named = |(hash, (label, ledger))| OtherLedger { owner: OwnerId { hash, label }, ledger };
    Ledgers::new(own, marks.into_iter().map(named).collect())
}
