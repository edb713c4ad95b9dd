//! The tenancy behind the API: for tests that look whether it is as it should be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::public_key::PublicKey;
use super::region::Region;
use super::secret::Kind;
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

    /// Whether this is the private half, as PKCS#8 in PEM, of the user's existing key with this fingerprint.
    pub fn private_half_is_right(&self, user: &str, fingerprint: &str, pem: &str) -> bool {
        let derived = PublicKey::of_private(pem).map(|public| public.fingerprint());
        derived.as_deref() == Some(fingerprint) && self.keys(user).iter().any(|key| key.fingerprint == fingerprint)
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
