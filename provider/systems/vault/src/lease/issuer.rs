use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use outbound::locked;
use rotation::{
    Capability, Effect, Error, ErrorKind, Expiry, Key, KeyId, KeyIssuer, KeyStatus, Known, Ledger, Ledgers, Material,
    MintOrder, Minted, ObservedKey, OwnerId, Prepared, Retired, Verdict,
};

use super::args::{self, LeaseArgs};
use super::credential::{Credentials, after};
use super::holder::{Holder, Holders};
use super::keep::{Keep, expiry};
use super::mark::{self, All, Marks};
use crate::session::Session;

/// The leases of one path and name.
pub(crate) struct LeaseIssuer {
    session: Arc<Session>,
    args: LeaseArgs,
    /// Keys of which this process knows, with their leases as far as it knows them: nobody else can tell which lease a token holds.
    known: Mutex<BTreeMap<KeyId, Option<String>>>,
}

/// A path gives as many credentials as anybody likes; none can be disabled, none tells when it was used, and each ends by itself.
/// Which holders there are nobody may ask, so only those are listed that a mark or the state names.
pub(crate) fn capability() -> Capability {
    Capability {
        quota: None,
        mint_timeout: MINT_TIMEOUT,
        disables: false,
        tells_last_use: false,
        expires: true,
        lists_all: false,
        ..Default::default()
    }
}

const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

impl LeaseIssuer {
    pub(crate) fn new(session: Arc<Session>, args: LeaseArgs, known: Known<'_>) -> Self {
        let lease_id = |key: &Key| key.material.as_ref().and_then(args::parts).map(|(_, lease_id)| lease_id.to_owned());
        let known = known.keys().map(|key| (key.id.clone(), lease_id(key))).collect();
        Self { session, args, known: Mutex::new(known) }
    }

    fn holders(&self) -> Holders<'_> {
        Holders { session: &self.session, args: &self.args }
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials { session: &self.session, args: &self.args }
    }

    fn keep(&self) -> Keep<'_> {
        Keep { holders: self.holders(), credentials: self.credentials() }
    }

    fn marks(&self) -> Marks<'_> {
        Marks { session: &self.session, principal: self.args.print() }
    }

    /// The keys that the marks name, and those that this process knows.
    async fn keys(&self, marks: &All) -> Result<Vec<ObservedKey>, Error> {
        let mut all: BTreeMap<KeyId, Option<String>> = mark::named(marks).into_iter().map(|id| (id, None)).collect();
        all.extend(locked(&self.known).clone());
        let mut found = Vec::new();
        for (id, lease_id) in all {
            found.extend(self.key(id, lease_id.as_deref()).await?);
        }
        Ok(found)
    }

    /// A key whose lease has ended while its holder lives shows as disabled: it serves nobody, and its holder must go.
    async fn key(&self, id: KeyId, lease_id: Option<&str>) -> Result<Option<ObservedKey>, Error> {
        let Some(holder) = self.holders().look_up(&id).await? else { return Ok(None) };
        let lease = match lease_id {
            Some(lease_id) => self.credentials().look_up(lease_id).await?,
            None => None,
        };
        let status = if lease_id.is_some() && lease.is_none() { KeyStatus::Inactive } else { KeyStatus::Active };
        let expiry = expiry(&holder, lease.as_ref());
        Ok(Some(ObservedKey { id, created_at: holder.issue_time, status, last_use: None, expiry }))
    }

    /// Takes back a holder whose credential is refused, or was. Only once it is gone nothing was made.
    async fn discard(&self, holder: &Holder, why: Error) -> Error {
        match self.holders().revoke(&holder.accessor).await {
            Ok(()) => {
                locked(&self.known).remove(&holder.accessor);
                why.effect(Effect::None)
            }
            Err(_) => after(why),
        }
    }

    async fn read(&self, holder: Holder, life: Option<SignedDuration>) -> Result<Minted, Error> {
        let made = match self.credentials().read(&holder, MINT_TIMEOUT).await {
            Ok(made) => made,
            Err(error) if error.effect == Effect::None => return Err(self.discard(&holder, error).await),
            Err(error) => return Err(error),
        };
        locked(&self.known).insert(holder.accessor.clone(), Some(made.lease_id.clone()));
        match self.keep().long_enough(&holder, &made, life).await {
            Ok(ObservedKey { id, created_at, expiry, .. }) => {
                Ok(Minted { material: args::material(&id, made.lease_id, made.data), id, created_at, expiry })
            }
            Err(error) if matches!(error.kind, ErrorKind::Invalid | ErrorKind::Denied) => {
                Err(self.discard(&holder, error).await)
            }
            Err(error) => Err(after(error)),
        }
    }
}

#[async_trait]
impl KeyIssuer for LeaseIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        self.args.to_string()
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await
    }

    /// That there is such a path shows only when a holder reads it.
    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        let marks = self.marks().read().await?;
        self.keys(&marks).await.map(Some)
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let marks = self.marks().read().await?;
        Ok(Some((self.keys(&marks).await?, mark::ledgers(owner, marks))))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        Ok(mark::ledgers(owner, self.marks().read().await?))
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        self.marks().write(owner, ledger).await
    }

    /// Makes the holder, which has no effect yet.
    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        let (holder, life) = (self.holders().make(order).await?, order.life);
        locked(&self.known).insert(holder.accessor.clone(), None);
        Ok(Prepared::new(Some(holder.accessor.clone()), move || self.read(holder, life)))
    }

    /// The credential itself is tried by nobody: what it opens is not known here. That holder and lease live is what can be known.
    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let Some((holder, lease_id)) = args::parts(material) else {
            return Err(Error::new(
                ErrorKind::Unverified,
                "vault lease lookup",
                "the lease is not known, so it cannot be looked up [KR-VAULT-093]",
            ));
        };
        let shown = self.key(holder, Some(lease_id)).await.map_err(outbound::could_not_try)?;
        let works = shown.is_some_and(|key| key.status == KeyStatus::Active);
        Ok(if works { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn renew(&self, key: &KeyId, life: Option<SignedDuration>) -> Result<Option<Expiry>, Error> {
        let lease_id = locked(&self.known).get(key).cloned().flatten();
        let Some(lease_id) = lease_id else { return Ok(None) };
        // Holder first: a lease lives no longer than it.
        if !self.holders().renew(key, life).await? {
            return Ok(None);
        }
        let increment = [life, self.args.grant()].into_iter().flatten().min();
        if self.credentials().renew(&lease_id, increment).await?.is_none() {
            return Ok(None);
        }
        Ok(self.key(key.clone(), Some(&lease_id)).await?.and_then(|shown| shown.expiry))
    }

    /// The lease first, because only then the server says whether the engine could take the credential back.
    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let lease_id = locked(&self.known).get(key).cloned().flatten();
        if let Some(lease_id) = lease_id {
            self.credentials().revoke(&lease_id).await?;
        }
        self.holders().revoke(key).await?;
        locked(&self.known).remove(key);
        Ok(Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}
