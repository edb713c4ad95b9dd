use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::locked;
use rotation::{
    Capability, Effect, Error, ErrorKind, Expiry, Field, KeyId, KeyIssuer, KeyState, KeyStatus, Ledger, Ledgers,
    Material, MintOrder, Minted, ObservedKey, OwnerId, Prepared, Retired, Verdict, format_duration, is_empty_secret,
};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::args::{self, SecretIdArgs};
use super::marks::{self, All, Seen, of_key, of_mark};
use super::role::{MARK, MINT, Made, Role, Wanted};
use crate::api_key::{ALPHANUMERIC, Shape};
use crate::login::lockout;
use crate::session::{Session, server_time};

/// The secret-ids of one role.
pub(crate) struct SecretIdIssuer {
    session: Arc<Session>,
    args: SecretIdArgs,
    role_id: OnceCell<String>,
    /// What the last list showed, and what was changed since.
    seen: Mutex<Option<All>>,
    /// The secret-ids that this process destroyed.
    destroyed: Mutex<BTreeSet<KeyId>>,
}

/// A role has as many secret-ids as anybody likes; none can be disabled, and none tells when it was used. Some end
/// by themselves. One server's answers agree at once.
pub(crate) fn capability() -> Capability {
    Capability {
        quota: None,
        mint_timeout: MINT_TIMEOUT,
        disables: false,
        tells_last_use: false,
        expires: true,
        ..Default::default()
    }
}

const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
/// Of 256 random bits.
const SHAPE: Shape<'static> = Shape { length: 43, characters: ALPHANUMERIC, prefix: "" };

impl SecretIdIssuer {
    pub(crate) fn new(session: Arc<Session>, args: SecretIdArgs) -> Self {
        Self { session, args, role_id: OnceCell::new(), seen: Mutex::default(), destroyed: Mutex::default() }
    }

    fn role(&self) -> Role<'_> {
        Role { session: &self.session, args: &self.args }
    }

    fn seen(&self) -> MutexGuard<'_, Option<All>> {
        locked(&self.seen)
    }

    fn forget(&self, accessor: &KeyId) {
        if let Some(seen) = self.seen().as_mut() {
            seen.remove(accessor);
        }
    }

    fn remember(&self, accessor: KeyId, found: Seen) {
        if let Some(seen) = self.seen().as_mut() {
            seen.insert(accessor, found);
        }
    }

    /// Every secret-id of the role; none if there is no such role. One list, and a question about each that was not seen before,
    /// since what it says never changes.
    async fn fetch(&self) -> Result<Option<All>, Error> {
        let Some(accessors) = self.role().accessors().await? else { return Ok(None) };
        let mut known = self.seen().clone().unwrap_or_default();
        let mut found = All::new();
        for accessor in accessors.all {
            let seen = match known.remove(&accessor) {
                Some(seen) => Some(seen),
                None => self.look_up(&accessor).await?,
            };
            let alive = seen.filter(|seen| seen.ends_at.is_none_or(|at| at > accessors.at));
            found.extend(alive.map(|seen| (accessor, seen)));
        }
        *self.seen() = Some(found.clone());
        Ok(Some(found))
    }

    async fn look_up(&self, accessor: &KeyId) -> Result<Option<Seen>, Error> {
        let facts = self.role().look_up(accessor).await?;
        facts.map(|facts| Seen::new(accessor, facts)).transpose()
    }

    async fn known(&self) -> Result<All, Error> {
        if let Some(seen) = self.seen().clone() {
            return Ok(seen);
        }
        Ok(self.fetch().await?.unwrap_or_default())
    }

    /// Writes the mark of the next turn. Its secret-id is the server's choice and is not even read here. One too many, after a lost
    /// answer, says the same and goes with the next write.
    async fn stand(&self, owner: &OwnerId, turn: u64, ledger: &Ledger) -> Result<(), Error> {
        let bug = || {
            Error::new(
                ErrorKind::Unexpected,
                MARK,
                "the mark cannot be written; this is a bug: please report it [KR-VAULT-133]",
            )
        };
        let notes = of_mark(owner, turn, ledger).ok_or_else(bug)?;
        let role = self.role();
        let request = role.making(&Wanted::new(&notes)?)?;
        let reply = self.session.repeat(&request).await.map_err(|error| role.explained(error))?;
        let (made, answer) = role.made(&request, reply)?;
        let created_at = server_time(&answer).unwrap_or_else(|| self.session.clock().now());
        let kind = marks::Kind::Standing(marks::Standing { owner: owner.clone(), turn, ledger: ledger.clone() });
        self.remember(KeyId(made.accessor), Seen { created_at, ends_at: None, is_counted: false, kind });
        Ok(())
    }

    /// A secret-id that would end before its time or after a few uses serves nobody, and its own verification would use it up.
    async fn must_last(&self, id: &KeyId, made: &Made, life: Option<SignedDuration>) -> Result<(), Error> {
        let asked = self.args.lifetime();
        let lasts = SignedDuration::from_secs(made.ttl);
        let message = if made.uses > 0 {
            format!(
                "a secret-id of the role {:?} may be used {} times only, and each verification uses it too: set the role's secret_id_num_uses to 0 [KR-VAULT-134]",
                self.args.role, made.uses
            )
        } else if let Some(asked) = asked.filter(|asked| made.ttl > 0 && made.ttl < asked.as_secs()) {
            format!(
                "the server shortens `ttl` from {} to {}, the longest that the mount allows (max_lease_ttl): shorten it, or tune the mount [KR-VAULT-135]",
                format_duration(asked),
                format_duration(lasts)
            )
        } else if let Some(life) = life.filter(|life| made.ttl > 0 && lasts < *life) {
            let says = match asked {
                Some(_) => "`ttl`".to_owned(),
                None => format!("the role's secret_id_ttl (role {:?})", self.args.role),
            };
            format!(
                "a secret-id works for {}, by {says}, and a key has to work for {} (rotationPeriod, twice the overlap and a margin): raise that, or shorten rotationPeriod and overlap [KR-VAULT-136]",
                format_duration(lasts),
                format_duration(life)
            )
        } else {
            return Ok(());
        };
        // Whether it is gone again decides whether anything was made.
        self.role().destroy(id).await.map_err(|error| error.effect(Effect::Unknown))?;
        Err(Error::new(ErrorKind::Invalid, MINT, message))
    }

    async fn role_id(&self) -> Result<&str, Error> {
        self.role_id.get_or_try_init(|| async { self.role().id().await }).await.map(String::as_str)
    }

    async fn create(&self, order: MintOrder) -> Result<Minted, Error> {
        let role = self.role();
        let secret_id = SHAPE.generate()?;
        let request = role.making(&Wanted::new(&of_key(&order))?.with(&secret_id, &self.args))?.limit(MINT_TIMEOUT);
        let reply = self.session.send(&request).await.map_err(|error| role.explained(error))?;
        let (made, answer) = role.made(&request, reply)?;
        let id = KeyId(made.accessor.clone());
        self.must_last(&id, &made, order.life).await?;
        let seen = self.look_up(&id).await.ok().flatten();
        let answered = server_time(&answer).unwrap_or_else(|| self.session.clock().now());
        let created_at = seen.as_ref().map_or(answered, |seen| seen.created_at);
        let by_ttl = created_at.checked_add(SignedDuration::from_secs(made.ttl)).ok().filter(|_| made.ttl > 0);
        let ends_at = seen.as_ref().map_or(by_ttl, |seen| seen.ends_at);
        if let Some(seen) = seen {
            self.remember(id.clone(), seen);
        }
        Ok(Minted { material: args::material(&id, secret_id), id, created_at, expiry: ends_at.map(ending) })
    }
}

#[async_trait]
impl KeyIssuer for SecretIdIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        self.args.to_string()
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await
    }

    /// Who may not look secret-ids up has only the login to go by.
    async fn must_be_secret_of(&self, key: &KeyId, secret: &SecretString) -> Result<(), Error> {
        match self.role().find(secret).await {
            Ok(Some(found)) if found != *key => Err(Error::new(
                ErrorKind::Invalid,
                "",
                format!("it is the secret-id with the accessor {found} [KR-VAULT-137]"),
            )),
            Err(error) if error.kind != ErrorKind::Denied => Err(error),
            _ => Ok(()),
        }
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        Ok(self.fetch().await?.as_ref().map(observed))
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        Ok(self.fetch().await?.map(|all| (observed(&all), marks::ledgers(owner, &all))))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        Ok(marks::ledgers(owner, &self.fetch().await?.unwrap_or_default()))
    }

    /// Writes nothing if the marks say so already, those that keys were born with among them.
    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        let all = self.known().await?;
        if ledger.is_some_and(|ledger| marks::ledgers(owner, &all).own.is_some_and(|own| own.says(ledger))) {
            return Ok(());
        }
        let former: Vec<_> =
            all.iter().filter_map(|(id, seen)| Some((id.clone(), seen.standing(owner)?.turn))).collect();
        if let Some(ledger) = ledger {
            let last = former.iter().map(|(_, turn)| *turn).max().unwrap_or_default();
            self.stand(owner, last + 1, ledger).await?;
        }
        for (accessor, _) in former {
            self.role().destroy(&accessor).await?;
            self.forget(&accessor);
        }
        Ok(())
    }

    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        let order = order.clone();
        Ok(Prepared::new(None, || self.create(order)))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let secret_id = match material.get(args::SECRET_ID) {
            Some(Field::Secret(secret_id)) if !is_empty_secret(secret_id) => secret_id,
            _ => {
                let message = "the secret-id is not known, so it cannot be tried [KR-VAULT-138]";
                return Err(Error::new(ErrorKind::Unverified, "vault write login", message));
            }
        };
        let role_id = self.role_id().await?;
        // A login that was not answered has spent a use of the secret-id at most, as the tries after it do.
        let tried =
            outbound::repeat(self.session.clock(), || async { self.role().try_out(role_id, secret_id).await }).await;
        tried.map_err(outbound::could_not_try)
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        self.role().destroy(key).await?;
        self.forget(key);
        locked(&self.destroyed).insert(key.clone());
        Ok(Retired::Gone)
    }

    fn notices(&self, state: &KeyState) -> Vec<String> {
        let destroyed = locked(&self.destroyed);
        let lockout = destroyed.iter().next_back().map(|id| {
            let mount = &self.args.mount;
            format!(
                "the secret-id {id} was destroyed: a machine that still logs in with it may lock out every machine of the role {:?}. {}",
                self.args.role,
                lockout(mount)
            )
        });
        let seen = self.seen();
        let is_counted = |id: &KeyId| seen.as_ref().and_then(|all| all.get(id)).is_some_and(|seen| seen.is_counted);
        let counted = state.current.iter().filter(|key| is_counted(&key.id));
        let counted = counted.map(|key| {
            format!(
                "the current secret-id {} {COUNTED}: change `keepers` to rotate it, after setting the role's secret_id_num_uses to 0",
                key.id
            )
        });
        lockout.into_iter().chain(counted).collect()
    }

    /// That of a lockout stays until the next run: a refresh destroys nothing.
    fn is_notice(&self, warning: &str) -> bool {
        warning.contains(COUNTED)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        match self.session.own_secret_id(&self.args.mount).await? {
            Some(secret_id) => self.role().find(&secret_id).await,
            None => Ok(None),
        }
    }
}

const COUNTED: &str = "may be used a limited number of times only, and then no machine can log in with it";

/// The server lengthens no secret-id.
fn ending(at: Timestamp) -> Expiry {
    Expiry { at, renew_at: None }
}

fn observed(all: &All) -> Vec<ObservedKey> {
    let shown = |(id, seen): (&KeyId, &Seen)| ObservedKey {
        id: id.clone(),
        created_at: seen.created_at,
        status: KeyStatus::Active,
        last_use: None,
        expiry: seen.ends_at.map(ending),
    };
    all.iter().filter(|(_, seen)| seen.is_key()).map(shown).collect()
}
