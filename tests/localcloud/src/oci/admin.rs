//! The tenancy behind the API: for tests that prepare it, disturb it, or look whether it is as it should be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::error::Refusal;
use super::key::Life;
use super::public_key::PublicKey;
use super::region::Region;
use super::secret::{Issued, Kind};
use super::tenancy::{Tenancy, User as Kept};
use super::{Config, Oci};
use crate::locked;

/// What the tenancy holds, without any secret.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The tenancy's OCID.
    pub tenancy: String,
    /// Its home region.
    pub home: Region,
    /// Its users by OCID, `admin` among them.
    pub users: Vec<User>,
}

/// A user.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// Its OCID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its free-form tags as last written, whatever readers see yet.
    pub tags: BTreeMap<String, String>,
    /// What it is capable of.
    pub capabilities: BTreeMap<String, bool>,
    /// The operations that it may do beyond those that everybody may do with itself; `*` is all.
    pub allow: Vec<String>,
    /// The operations that it may not do.
    pub deny: Vec<String>,
    /// Its API keys, oldest first.
    pub keys: Vec<ApiKey>,
    /// What Oracle made for it, oldest first.
    pub secrets: Vec<Credential>,
}

/// An API key that exists.
#[derive(Clone, Debug, Serialize)]
pub struct ApiKey {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its user's OCID.
    pub user: String,
    /// When it was uploaded.
    pub created: Timestamp,
    /// Its public half, as it was uploaded.
    pub pem: String,
    /// Whether it is accepted in the home region from now on, every time.
    pub works: bool,
}

/// An auth token, customer secret key or SMTP credential that exists.
#[derive(Clone, Debug, Serialize)]
pub struct Credential {
    /// What it is.
    pub kind: Kind,
    /// Its id; for a customer secret key the access key.
    pub id: String,
    /// Its user's OCID.
    pub user: String,
    /// Its description or display name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
}

impl Oci {
    /// What a client needs to sign as the user `admin`, who may do everything.
    pub fn config(&self) -> Config {
        self.inner.config.clone()
    }

    /// Creates a user without keys and tags, who has all capabilities and may do what everybody may
    /// do with itself. Every region knows it at once. Gives its OCID.
    ///
    /// # Errors
    /// `NotAuthorizedOrResourceAlreadyExists`.
    pub fn create_user(&self, name: &str) -> Result<String, Refusal> {
        self.change(|tenancy, now| tenancy.create_user(name, Life::new(now).settled(), tenancy.ordinary_details()))
    }

    /// Deletes a user with all that it has.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn delete_user(&self, user: &str) -> Result<(), Refusal> {
        self.change_user(user, |tenancy, id, _| tenancy.delete_user(id))
    }

    /// Lets a user do these operations, to itself and to others, and no more others than before it
    /// was ever allowed any. `*` makes it an administrator.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn allow(&self, user: &str, operations: &[&str]) -> Result<(), Refusal> {
        self.change_user(user, |tenancy, id, _| tenancy.user_mut(id).map(|user| user.allow = owned(operations)))
    }

    /// Forbids a user these operations, and gives back all others. `*` forbids all.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn deny(&self, user: &str, operations: &[&str]) -> Result<(), Refusal> {
        self.change_user(user, |tenancy, id, _| tenancy.user_mut(id).map(|user| user.deny = owned(operations)))
    }

    /// Gives or takes a capability, `canUseApiKeys` for example.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn set_capability(&self, user: &str, capability: &str, can: bool) -> Result<(), Refusal> {
        self.change_user(user, |tenancy, id, now| {
            tenancy.change_user(id, now, |details| {
                details.capabilities.insert(capability.to_owned(), can);
            })
        })
    }

    /// Uploads a public key as if somebody else had. Gives its fingerprint.
    ///
    /// # Errors
    /// As UploadApiKey.
    pub fn upload_key(&self, user: &str, pem: &str) -> Result<String, Refusal> {
        let public = PublicKey::parse(pem).map_err(Refusal::invalid)?;
        self.change_user(user, |tenancy, id, now| tenancy.add_key(id, public, pem, Life::new(now)))
    }

    /// Makes a key as if somebody else had: it settles like any other and counts for the quota, but
    /// nobody has its private half. Gives its fingerprint.
    ///
    /// # Errors
    /// As UploadApiKey.
    pub fn mint_key(&self, user: &str) -> Result<String, Refusal> {
        let public = PublicKey::without_private_half(&mut locked(&self.inner.tenancy).random);
        let public = public.ok_or_else(|| Refusal::invalid("no key could be made up"))?;
        let pem = public.pem();
        self.change_user(user, |tenancy, id, now| tenancy.add_key(id, public, &pem, Life::new(now)))
    }

    /// Deletes a key as if somebody else had.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn delete_key(&self, user: &str, fingerprint: &str) -> Result<(), Refusal> {
        self.change_user(user, |tenancy, id, now| tenancy.delete_key(id, fingerprint, now))
    }

    /// Makes a credential as if somebody else had.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`, or `LimitExceeded` at two of the kind.
    pub fn mint_secret(&self, user: &str, kind: Kind, name: &str) -> Result<Issued, Refusal> {
        self.change_user(user, |tenancy, id, now| {
            let secret = tenancy.add_secret(id, kind, name, Life::new(now))?;
            Ok(Issued { id: secret.id, secret: secret.secret })
        })
    }

    /// Deletes a credential as if somebody else had.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn delete_secret(&self, id: &str) -> Result<(), Refusal> {
        let known = self.snapshot().users.into_iter().flat_map(|user| user.secrets).find(|known| known.id == id);
        let known = known.ok_or_else(|| Refusal::not_found("there is no such credential"))?;
        self.change(|tenancy, now| tenancy.delete_secret(&known.user, known.kind, id, now))
    }

    /// Gives a user exactly these free-form tags, as if somebody else had: an empty map strips them
    /// all. The user's etag changes.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn set_tags(&self, user: &str, tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        let tags = tags.clone();
        self.change_user(user, |tenancy, id, now| tenancy.change_user(id, now, |details| details.tags = tags))
    }

    /// Opens a session of a user for a while, signed for with the key whose public half this is.
    /// Gives the token, which follows `ST$` in a keyId.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`, or `InvalidParameter` for a bad key.
    pub fn open_session(&self, user: &str, pem: &str, life: SignedDuration) -> Result<String, Refusal> {
        let public = PublicKey::parse(pem).map_err(Refusal::invalid)?;
        self.change_user(user, |tenancy, id, now| {
            Ok(tenancy.open_session(id, public, now.saturating_add(life).unwrap_or(now)))
        })
    }

    /// The user's free-form tags as last written. Empty if there is no such user.
    pub fn tags(&self, user: &str) -> BTreeMap<String, String> {
        self.user(user).map(|user| user.tags).unwrap_or_default()
    }

    /// The user's keys, oldest first. Empty if there is no such user.
    pub fn keys(&self, user: &str) -> Vec<ApiKey> {
        self.user(user).map(|user| user.keys).unwrap_or_default()
    }

    /// The user's credentials of a kind, oldest first. Empty if there is no such user.
    pub fn secrets(&self, user: &str, kind: Kind) -> Vec<Credential> {
        let mut secrets = self.user(user).map(|user| user.secrets).unwrap_or_default();
        secrets.retain(|secret| secret.kind == kind);
        secrets
    }

    /// The user, if there is one of this name or OCID.
    pub fn user(&self, user: &str) -> Option<User> {
        self.snapshot().users.into_iter().find(|known| known.id == user || known.name == user)
    }

    /// Whether the user's key exists and is accepted in the home region from now on, every time. A
    /// deleted key does not count, even while it lags.
    pub fn works(&self, user: &str, fingerprint: &str) -> bool {
        self.keys(user).iter().any(|key| key.fingerprint == fingerprint && key.works)
    }

    /// Whether this is the secret of this existing credential: a token, a customer secret key under
    /// its access key, a password.
    pub fn secret_is_right(&self, id: &str, secret: &str) -> bool {
        let tenancy = locked(&self.inner.tenancy);
        let mut secrets = tenancy.users.values().flat_map(Kept::existing_secrets);
        secrets.any(|known| known.id == id && known.secret == secret)
    }

    /// Whether the user may enter with this auth token, as the container registry would check it.
    pub fn token_opens(&self, user: &str, token: &str) -> bool {
        let tokens = self.secrets(user, Kind::AuthToken);
        tokens.iter().any(|known| self.secret_is_right(&known.id, token))
    }

    /// The ids of the credentials whose secrets occur in `text`, plain or percent-encoded; of all
    /// that were ever issued, deleted ones and lost answers included. The admin's private key is
    /// among them. Private keys that clients made are not: nobody here knows them.
    pub fn leaks(&self, text: &str) -> Vec<String> {
        let tenancy = locked(&self.inner.tenancy);
        let encoded = |secret: &str| utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let found = |secret: &str| text.contains(secret) || text.contains(&encoded(secret));
        let leaked = tenancy.issued.iter().filter(|(_, secret)| found(secret));
        let mut ids: Vec<String> = leaked.map(|(id, _)| id.clone()).collect();
        ids.dedup();
        ids
    }

    /// Everything, without secrets.
    pub fn snapshot(&self) -> Snapshot {
        let tenancy = locked(&self.inner.tenancy);
        let now = self.inner.desk.clock.now();
        Snapshot {
            tenancy: tenancy.id.clone(),
            home: tenancy.home.clone(),
            users: tenancy.users.values().map(|user| seen(user, &tenancy, now)).collect(),
        }
    }

    pub(crate) fn reset(&self) {
        locked(&self.inner.tenancy).reset();
    }

    fn change<T>(&self, change: impl FnOnce(&mut Tenancy, Timestamp) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let now = self.inner.desk.clock.now();
        change(&mut locked(&self.inner.tenancy), now)
    }

    fn change_user<T>(
        &self,
        user: &str,
        change: impl FnOnce(&mut Tenancy, &str, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.change(|tenancy, now| {
            let id = tenancy.resolve(user)?;
            change(tenancy, &id, now)
        })
    }
}

fn owned(operations: &[&str]) -> Vec<String> {
    operations.iter().map(|operation| (*operation).to_owned()).collect()
}

fn seen(user: &Kept, tenancy: &Tenancy, now: Timestamp) -> User {
    let details = user.details.latest();
    let keys = user.existing_keys().map(|key| ApiKey {
        fingerprint: key.fingerprint.clone(),
        user: user.id.clone(),
        created: key.life.created,
        pem: key.pem.clone(),
        works: user.can(super::limits::USE_API_KEYS) && key.works(now, &tenancy.lags),
    });
    let secrets = user.existing_secrets().map(|secret| Credential {
        kind: secret.kind,
        id: secret.id.clone(),
        user: user.id.clone(),
        name: secret.name.clone(),
        created: secret.life.created,
    });
    User {
        id: user.id.clone(),
        name: user.name.clone(),
        created: user.life.created,
        tags: details.tags.clone(),
        capabilities: details.capabilities.clone(),
        allow: user.allow.clone(),
        deny: user.deny.clone(),
        keys: keys.collect(),
        secrets: secrets.collect(),
    }
}
