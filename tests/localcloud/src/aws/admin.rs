//! The account behind the API: for tests that prepare it, disturb it, or look whether it is as it should be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::account::{Account, Tags, User as Kept, tags_of};
use super::error::Refusal;
use super::federation::{RoleTrust, TokenClaims};
use super::key::{AccessKey, LastUse};
use super::secrets::Secret;
use super::{Aws, Credentials};
use crate::locked;

/// What the account holds, without any secret.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The account's id.
    pub account: String,
    /// Its users by name, `admin` among them.
    pub users: Vec<User>,
    /// The access key ids of all sessions of roles that were opened.
    pub sessions: Vec<String>,
    /// Its secrets.
    pub secrets: Vec<Secret>,
}

/// A user.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags as last written, whatever readers see yet.
    pub tags: BTreeMap<String, String>,
    /// The permissions it lacks.
    pub deny: Vec<String>,
    /// Its keys, oldest first.
    pub keys: Vec<Key>,
}

/// An access key that exists.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// Its public id.
    pub id: String,
    /// Its user's name.
    pub user: String,
    /// Whether its status is `Active`.
    pub active: bool,
    /// When it was created.
    pub created: Timestamp,
    /// Its last use, as GetAccessKeyLastUsed tells it.
    pub last_use: Option<LastUse>,
    /// Whether it is accepted from now on, every time.
    pub works: bool,
}

impl Aws {
    /// The credentials of the user `admin`, who may do everything.
    pub fn admin_credentials(&self) -> Credentials {
        self.inner.admin.clone()
    }

    /// Creates a user without keys and tags.
    ///
    /// # Errors
    /// `EntityAlreadyExists`.
    pub fn create_user(&self, name: &str) -> Result<(), Refusal> {
        self.change(|account, now| account.create_user(name, "/", Tags::new(), now).map(drop))
    }

    /// Gives a user another name.
    ///
    /// # Errors
    /// `NoSuchEntity`, or `EntityAlreadyExists`.
    pub fn rename_user(&self, name: &str, to: &str) -> Result<(), Refusal> {
        self.change(|account, _| account.rename_user(name, to))
    }

    /// Lets a role take tokens of the account's identity provider.
    pub fn trust(&self, role: &str, trust: RoleTrust) {
        locked(&self.inner.account).federation.trust(role, trust);
    }

    /// A token that says this, signed by the identity provider that the account knows.
    pub fn identity_token(&self, claims: &TokenClaims) -> Option<String> {
        locked(&self.inner.account).federation.token(claims)
    }

    /// Opens a session of a role for so many seconds, and gives its key id, secret and token.
    pub fn open_session(&self, role: &str, seconds: i64) -> (String, String, String) {
        let now = self.inner.desk.clock.now();
        let (id, session) = locked(&self.inner.account).open_session(role, "test", now, seconds);
        (id, session.secret, session.token)
    }

    /// Whether a token of the identity provider occurs in `text`, as a whole or by its signature.
    pub fn leaks_token(&self, text: &str) -> bool {
        let account = locked(&self.inner.account);
        let signature = |token: &String| token.rsplit('.').next().map(str::to_owned).unwrap_or_default();
        account.federation.issued.iter().any(|token| text.contains(&signature(token)))
    }

    /// Deletes a user.
    ///
    /// # Errors
    /// `NoSuchEntity`, or `DeleteConflict` while it has keys or policies.
    pub fn delete_user(&self, name: &str) -> Result<(), Refusal> {
        self.change(|account, _| account.delete_user(name))
    }

    /// Takes these permissions from a user, and gives back all others. `iam:TagUser` takes one,
    /// `iam:*` every one that begins so. GetCallerIdentity cannot be taken.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn deny(&self, user: &str, actions: &[&str]) -> Result<(), Refusal> {
        let deny = actions.iter().map(|action| (*action).to_owned()).collect();
        self.change(|account, _| account.user_mut(user).map(|user| user.deny = deny))
    }

    /// Makes a key as if somebody else had: it settles like any other and counts for the quota.
    ///
    /// # Errors
    /// `NoSuchEntity`, or `LimitExceeded` at two keys.
    pub fn mint_key(&self, user: &str) -> Result<Credentials, Refusal> {
        let key = self.change(|account, now| account.mint(user, now))?;
        Ok(Credentials { access_key_id: key.id, secret_access_key: key.secret })
    }

    /// Deletes a key as if somebody else had.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn delete_key(&self, access_key_id: &str) -> Result<(), Refusal> {
        self.change_key(access_key_id, |key, now| key.delete(now))
    }

    /// Makes a key `Active` or `Inactive` as if somebody else had.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn set_key_active(&self, access_key_id: &str, active: bool) -> Result<(), Refusal> {
        self.change_key(access_key_id, |key, now| key.set_active(active, now))
    }

    /// Uses a key as its consumers do, which is then its last use.
    ///
    /// # Errors
    /// `NoSuchEntity` if it does not work.
    pub fn use_key(&self, access_key_id: &str) -> Result<(), Refusal> {
        if !self.works(access_key_id) {
            return Err(Refusal::no_key(access_key_id));
        }
        self.change_key(access_key_id, |key, now| key.used(now, "s3", "us-east-1"))
    }

    /// Gives a user exactly these tags, as if somebody else had: an empty map strips them all.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn set_tags(&self, user: &str, tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        let tags = tags_of(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        self.change(|account, now| account.user_mut(user).map(|user| user.tags.write(now, tags)))
    }

    /// The user's tags as last written. Empty if there is no such user.
    pub fn tags(&self, user: &str) -> BTreeMap<String, String> {
        self.user(user).map(|user| user.tags).unwrap_or_default()
    }

    /// The user's keys, oldest first. Empty if there is no such user.
    pub fn keys(&self, user: &str) -> Vec<Key> {
        self.user(user).map(|user| user.keys).unwrap_or_default()
    }

    /// The user, if there is one of this name.
    pub fn user(&self, name: &str) -> Option<User> {
        self.snapshot().users.into_iter().find(|user| user.name == name)
    }

    /// Whether the key exists, is active and is accepted from now on, every time. A deleted or
    /// deactivated key does not count, even while it lags.
    pub fn works(&self, access_key_id: &str) -> bool {
        let mut keys = self.snapshot().users.into_iter().flat_map(|user| user.keys);
        keys.any(|key| key.id == access_key_id && key.works)
    }

    /// Whether this is the secret of this existing key, active or not.
    pub fn secret_is_right(&self, access_key_id: &str, secret: &str) -> bool {
        let account = locked(&self.inner.account);
        let known = account.key(access_key_id);
        known.is_some_and(|(_, key)| key.exists() && key.secret == secret)
    }

    /// The ids of the keys whose secrets occur in `text`, plain or percent-encoded; of all that were
    /// ever issued, through the API or here, deleted ones and lost answers included.
    pub fn leaks(&self, text: &str) -> Vec<String> {
        let account = locked(&self.inner.account);
        let encoded = |secret: &str| {
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let issued = account.issued.iter();
        let mut ids: Vec<String> = issued
            .filter(|(_, secret)| text.contains(secret) || text.contains(&encoded(secret)))
            .map(|(id, _)| id.clone())
            .collect();
        ids.dedup();
        ids
    }

    /// Everything, without secrets.
    pub fn snapshot(&self) -> Snapshot {
        let secrets = self.secrets();
        let account = locked(&self.inner.account);
        let now = self.inner.desk.clock.now();
        Snapshot {
            account: account.id.clone(),
            users: account.users.values().map(|user| seen(user, &account, now)).collect(),
            sessions: account.sessions.keys().cloned().collect(),
            secrets,
        }
    }

    pub(crate) fn reset(&self) {
        locked(&self.inner.account).reset();
    }

    fn change<T>(&self, change: impl FnOnce(&mut Account, Timestamp) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let now = self.inner.desk.clock.now();
        change(&mut locked(&self.inner.account), now)
    }

    fn change_key(&self, id: &str, change: impl FnOnce(&mut AccessKey, Timestamp)) -> Result<(), Refusal> {
        self.change(|account, now| {
            let key = account.key_mut(id).filter(|key| key.exists());
            key.map(|key| change(key, now)).ok_or_else(|| Refusal::no_key(id))
        })
    }
}

fn seen(user: &Kept, account: &Account, now: Timestamp) -> User {
    let key = |key: &AccessKey| Key {
        id: key.id.clone(),
        user: user.name.clone(),
        active: key.active(),
        created: key.created,
        last_use: key.last_use.clone(),
        works: key.works(now, &account.lags),
    };
    let tags = user.tags.latest().values();
    User {
        name: user.name.clone(),
        arn: user.arn(&account.id),
        created: user.created,
        tags: tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        deny: user.deny.clone(),
        keys: user.existing_keys().map(key).collect(),
    }
}
