use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Capability, Entry, Error, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, LastUse, Ledger, Ledgers, Mark, Marks,
    Material, MintOrder, Minted, ObservedKey, OtherLedger, OwnerId, Verdict,
};

use super::InMemoryCloud;
use super::cloud::Inner;

/// The keys of the principal in memory.
#[derive(Clone, Debug)]
pub struct InMemoryIssuer(pub(super) InMemoryCloud);

#[async_trait]
impl KeyIssuer for InMemoryIssuer {
    fn capability(&self) -> Capability {
        self.0.rules.capability.clone()
    }

    fn principal(&self) -> String {
        "the principal".to_owned()
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        let lag = self.0.rules.lists_after;
        self.0.call("list", |inner, now| Ok((!inner.gone).then(|| listed(inner, lag, now)))).await
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        if self.0.rules.capability.marks == Marks::OnPrincipal {
            let Some(keys) = self.list().await? else { return Ok(None) };
            return Ok(Some((keys, self.read_ledgers(owner).await?)));
        }
        let lag = self.0.rules.lists_after;
        let both = |inner: &mut Inner, now| Ok((!inner.gone).then(|| (listed(inner, lag, now), ledgers(inner, owner))));
        self.0.call("list", both).await
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        self.0.call("read_ledgers", |inner, _| Ok(ledgers(inner, owner))).await
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        if self.0.rules.capability.marks == Marks::OnKeys {
            let entries = ledger.iter().flat_map(|ledger| &ledger.keys);
            for (id, entry) in entries {
                let marked = |inner: &mut Inner, _| {
                    if let Some(key) = inner.keys.get_mut(id) {
                        key.mark = Some((owner.clone(), entry.clone()));
                    }
                    Ok(())
                };
                let is_so = self.0.shows(id, owner, entry);
                if !is_so {
                    self.0.call("write_mark", marked).await?;
                }
            }
            return Ok(());
        }
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

    async fn foresee(&self, order: &MintOrder) -> Result<Option<KeyId>, Error> {
        Ok(self.0.rules.foresees.then(|| foreseen(order)))
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, Error> {
        let on_keys = self.0.rules.capability.marks == Marks::OnKeys;
        let name = self.0.rules.foresees.then(|| foreseen(order));
        let quota = self.0.rules.capability.quota;
        self.0
            .call("mint", |inner, now| {
                if inner.gone {
                    return Err(Error::new(ErrorKind::NotFound, "mint", "the principal does not exist"));
                }
                if !inner.has_room(quota) {
                    return Err(Error::new(ErrorKind::LimitReached, "mint", "the quota is used up"));
                }
                let since = Timestamp::from_second(now.as_second()).unwrap_or(now);
                let entry = Entry { instance: order.instance.clone(), mark: Mark::Minting, since };
                let id = inner.add(name, on_keys.then(|| (order.owner.clone(), entry)), now);
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
        let tells = self.0.rules.capability.tells_last_use;
        self.0
            .call("last_use", |inner, _| {
                let last = inner.keys.get(id).and_then(|key| key.last_use);
                Ok(if tells { last.map_or(LastUse::Never, LastUse::At) } else { LastUse::Unknown })
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

fn foreseen(order: &MintOrder) -> KeyId {
    KeyId(format!("KEY-{}", order.nonce))
}

fn listed(inner: &Inner, lag: SignedDuration, now: Timestamp) -> Vec<ObservedKey> {
    let listed = inner.keys.iter().filter(|(_, key)| now.duration_since(key.created_at) >= lag);
    let shown = listed.map(|(id, key)| ObservedKey {
        id: id.clone(),
        created_at: key.created_at,
        status: key.status,
        last_use: None,
    });
    shown.collect()
}

fn ledgers(inner: &Inner, owner: &OwnerId) -> Ledgers {
    let mut marks = inner.marks();
    let own = marks.remove(&owner.hash).map(|(_, ledger)| ledger);
    let named = |(hash, (label, ledger))| OtherLedger { owner: OwnerId { hash, label }, ledger };
    Ledgers { own, others: marks.into_iter().map(named).collect() }
}
