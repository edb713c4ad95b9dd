use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rotation::{
    Capability, Effect, Error, ErrorKind, Expiry, KeyId, KeyIssuer, KeyState, KeyStatus, LastUse, Ledger, Ledgers,
    Material, MintOrder, Minted, ObservedKey, OwnerId, Verdict, print_duration,
};

use super::args::{self, LeaseArgs};
use super::credential::{self, Credential, Credentials, MINT, after};
use super::holder::{self, Holder, Holders};
use super::mark::{self, All, Marks};
use crate::session::Session;

/// The leases of one path and name.
pub(crate) struct LeaseIssuer {
    session: Arc<Session>,
    args: LeaseArgs,
    /// Holders that have read nothing yet, by the nonce of their order.
    prepared: Mutex<BTreeMap<String, Holder>>,
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
/// What a plan has to spare, and calls may take.
const SPARE: SignedDuration = SignedDuration::from_mins(1);

impl LeaseIssuer {
    pub(crate) fn new(session: Arc<Session>, args: LeaseArgs) -> Self {
        Self { session, args, prepared: Mutex::default(), known: Mutex::default() }
    }

    fn holders(&self) -> Holders<'_> {
        Holders { session: &self.session, args: &self.args }
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials { session: &self.session, args: &self.args }
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

    /// Makes the credential last as long as it must, or says why it cannot. In the end everything is as `Minted` says.
    async fn keep(
        &self,
        holder: &Holder,
        made: &Credential,
        life: Option<SignedDuration>,
    ) -> Result<ObservedKey, Error> {
        let (credentials, id) = (self.credentials(), &holder.accessor);
        let mut granted = made.lasts;
        let asked = [life, self.args.grant()];
        // First for as long as it is needed, which shows whether it can be had; then for as long as is to be asked for at a time.
        for increment in asked.into_iter().flatten().filter(|_| made.is_renewable) {
            let renewed = credentials.renew(&made.lease_id, Some(increment)).await?;
            let (lasts, _) = renewed.ok_or_else(|| ended(&made.lease_id))?;
            granted = lasts;
            if life == Some(increment) {
                self.must_last(made, granted, increment)?;
            }
        }
        if let Some(life) = life.filter(|_| !made.is_renewable) {
            self.must_last(made, granted, life)?;
        }
        self.holders().must_outlive(holder, life.unwrap_or(granted))?;
        let facts = self.holders().look_up(id).await?.ok_or_else(|| ended(&made.lease_id))?;
        if let Some(life) = life {
            self.must_hold(id, &facts, life).await?;
        }
        let lease = credentials.look_up(&made.lease_id).await?.ok_or_else(|| ended(&made.lease_id))?;
        let expiry = expiry(&facts, Some(&lease));
        let (created_at, status) = (facts.issue_time, KeyStatus::Active);
        Ok(ObservedKey { id: id.clone(), created_at, status, last_use: None, expiry })
    }

    /// A lease that is given for less than it is needed has a limit, and nothing raises that later.
    fn must_last(&self, made: &Credential, granted: SignedDuration, life: SignedDuration) -> Result<(), Error> {
        if granted + SPARE >= life {
            return Ok(());
        }
        let limit = if made.is_renewable { "at most" } else { "and cannot be renewed, so for" };
        let message = format!(
            "a lease of {:?} lasts {limit} {}, and a key has to work for {} (rotationPeriod, twice the overlap and a margin): raise max_ttl of the role and max_lease_ttl of the mount, or shorten rotationPeriod and overlap",
            self.args.path,
            print_duration(granted),
            print_duration(life)
        );
        Err(Error::new(ErrorKind::Invalid, MINT, message))
    }

    /// A holder with a period lives as long as it is renewed, another one to its end and no longer.
    async fn must_hold(&self, id: &KeyId, facts: &holder::Facts, life: SignedDuration) -> Result<(), Error> {
        let ttl = SignedDuration::from_secs(facts.ttl);
        if facts.expire_time.is_none() || ttl + SPARE >= life {
            return Ok(());
        }
        if facts.explicit_max_ttl == 0 && facts.renewable && self.holders().has_period(id).await? {
            return Ok(());
        }
        let message = format!(
            "{} lives for {} at most, and a key has to work for {} (rotationPeriod, twice the overlap and a margin): give the role a token_period within max_lease_ttl of auth/token and no token_explicit_max_ttl, or shorten rotationPeriod and overlap. To make a fitting one: {}",
            self.args.holder(),
            print_duration(ttl),
            print_duration(life),
            self.args.command()
        );
        Err(Error::new(ErrorKind::Invalid, MINT, message))
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
}

#[async_trait]
impl KeyIssuer for LeaseIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        self.args.to_string()
    }

    fn recall(&self, state: &KeyState) {
        let mut known = locked(&self.known);
        for key in state.keys() {
            let lease_id = key.material.as_ref().and_then(args::parts).map(|(_, lease_id)| lease_id.to_owned());
            known.insert(key.id.clone(), lease_id);
        }
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

    async fn foresee(&self, order: &MintOrder) -> Result<Option<KeyId>, Error> {
        let prepared = locked(&self.prepared).get(&order.nonce).map(|holder| holder.accessor.clone());
        if prepared.is_some() {
            return Ok(prepared);
        }
        let holder = self.holders().make(order).await?;
        let accessor = holder.accessor.clone();
        locked(&self.known).insert(accessor.clone(), None);
        locked(&self.prepared).insert(order.nonce.clone(), holder);
        Ok(Some(accessor))
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, Error> {
        let holder = locked(&self.prepared).remove(&order.nonce);
        let bug = || {
            Error::new(ErrorKind::Unexpected, MINT, "no token was made to read with; this is a bug: please report it")
        };
        let holder = holder.ok_or_else(bug)?;
        let made = match self.credentials().read(&holder, MINT_TIMEOUT).await {
            Ok(made) => made,
            Err(error) if error.effect == Effect::None => return Err(self.discard(&holder, error).await),
            Err(error) => return Err(error),
        };
        locked(&self.known).insert(holder.accessor.clone(), Some(made.lease_id.clone()));
        match self.keep(&holder, &made, order.life).await {
            Ok(ObservedKey { id, created_at, expiry, .. }) => {
                Ok(Minted { material: args::material(&id, made.lease_id, made.data), id, created_at, expiry })
            }
            Err(error) if matches!(error.kind, ErrorKind::Invalid | ErrorKind::Denied) => {
                Err(self.discard(&holder, error).await)
            }
            Err(error) => Err(after(error)),
        }
    }

    /// The credential itself is tried by nobody: what it opens is not known here. That holder and lease live is what can be known.
    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let Some((holder, lease_id)) = args::parts(material) else {
            return Err(Error::new(
                ErrorKind::Unverified,
                "vault lease lookup",
                "the lease is not known, so it cannot be looked up",
            ));
        };
        let shown = self.key(holder, Some(lease_id)).await?;
        let works = shown.is_some_and(|key| key.status == KeyStatus::Active);
        Ok(if works { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn last_use(&self, _: &KeyId) -> Result<LastUse, Error> {
        Ok(LastUse::Unknown)
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

    async fn disable(&self, _: &KeyId) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Unexpected, "", "leases cannot be disabled; this is a bug: please report it"))
    }

    /// The lease first, because only then the server says whether the engine could take the credential back.
    async fn retire(&self, key: &KeyId) -> Result<(), Error> {
        let lease_id = locked(&self.known).get(key).cloned().flatten();
        if let Some(lease_id) = lease_id {
            self.credentials().revoke(&lease_id).await?;
        }
        self.holders().revoke(key).await?;
        locked(&self.known).remove(key);
        Ok(())
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}

/// The earlier end of both, and when half of the shorter grant is over that can be given again.
fn expiry(holder: &holder::Facts, lease: Option<&credential::Facts>) -> Option<Expiry> {
    let of_holder = (holder.last_renewal.unwrap_or(holder.issue_time), holder.expire_time, holder.renewable);
    let of_lease =
        lease.map(|lease| (lease.last_renewal.unwrap_or(lease.issue_time), lease.expire_time, lease.renewable));
    let grants: Vec<_> = [Some(of_holder), of_lease]
        .into_iter()
        .flatten()
        .filter_map(|(from, to, renewable)| Some((from, to?, renewable)))
        .collect();
    let at = grants.iter().map(|(_, to, _)| *to).min()?;
    let half = |(from, to, _): &(Timestamp, Timestamp, bool)| from.checked_add(to.duration_since(*from) / 2).ok();
    let renew_at = grants.iter().filter(|(_, _, renewable)| *renewable).filter_map(half).min();
    Some(Expiry { at, renew_at })
}

fn ended(lease_id: &str) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        MINT,
        format!("the new lease {lease_id} has ended already: run `pulumi up` again"),
    )
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
