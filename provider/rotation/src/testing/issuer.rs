use async_trait::async_trait;

use crate::{
    Capability, Error, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, LastUse, Ledger, Ledgers, Material, MintOrder,
    Minted, ObservedKey, OtherLedger, OwnerId, Verdict,
};

use super::InMemoryCloud;

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
                if !inner.has_room(quota) {
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
