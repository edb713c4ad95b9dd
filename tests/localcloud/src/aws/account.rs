//! What the account holds: users, their keys and tags, and the sessions of assumed roles.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::error::Refusal;
use super::federation::Federation;
use super::key::{AccessKey, Consistency};
use super::limits::{KEYS_PER_USER, POLICIES_PER_USER, TAGS_PER_USER};
use super::secrets::Shelf;
use crate::lag::History;
use crate::random::Random;

/// The name of the user that owns the first credentials.
pub(super) const ADMIN: &str = "admin";

/// Tags by key in small letters: two keys of a user's tags may not differ by case alone, and the
/// spelling that was used is kept (IAM User Guide, "Tags for IAM resources").
pub(super) type Tags = BTreeMap<String, Tag>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

pub(super) struct User {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) tags: History<Tags>,
    /// Every key that the user ever had; [`AccessKey::exists`] tells which still do.
    pub(super) keys: Vec<AccessKey>,
    /// The ARNs of the policies that are attached.
    pub(super) policies: BTreeSet<String>,
    /// Permissions that the user lacks, `iam:TagUser` or `iam:*` for example.
    pub(super) deny: Vec<String>,
}

impl User {
    pub(super) fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:user{}{}", self.path, self.name)
    }

    /// The key with this id, if it exists and is this user's.
    pub(super) fn key_mut(&mut self, id: &str) -> Result<&mut AccessKey, Refusal> {
        let key = self.keys.iter_mut().find(|key| key.id == id && key.exists());
        key.ok_or_else(|| Refusal::no_key(id))
    }

    pub(super) fn existing_keys(&self) -> impl Iterator<Item = &AccessKey> {
        self.keys.iter().filter(|key| key.exists())
    }
}

/// The temporary credentials of an assumed role.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) secret: String,
    pub(super) token: String,
    pub(super) expires: Timestamp,
    pub(super) arn: String,
    pub(super) user_id: String,
    /// Permissions that policies of the session take from it.
    pub(super) deny: Vec<String>,
}

pub(super) struct Account {
    pub(super) id: String,
    pub(super) lags: Consistency,
    pub(super) random: Random,
    pub(super) users: BTreeMap<String, User>,
    pub(super) sessions: BTreeMap<String, Session>,
    roles: BTreeMap<String, String>,
    pub(super) federation: Federation,
    pub(super) secrets: Shelf,
    /// Id and secret of everything that was ever issued, for the search for leaks.
    pub(super) issued: Vec<(String, String)>,
}

impl Account {
    pub(super) fn new(id: String, lags: Consistency, random: Random) -> Self {
        Self {
            id,
            lags,
            random,
            users: BTreeMap::new(),
            sessions: BTreeMap::new(),
            roles: BTreeMap::new(),
            federation: Federation::new(),
            secrets: Shelf::new(lags.secret_lag),
            issued: Vec::new(),
        }
    }

    /// Puts the first user there, with the key that opens the account.
    pub(super) fn found(&mut self, name: &str, key: AccessKey, now: Timestamp) {
        self.issued.push((key.id.clone(), key.secret.clone()));
        let user = User { keys: vec![key], ..self.new_user(name, "/", Tags::new(), now) };
        self.users.insert(name.to_owned(), user);
    }

    /// Forgets everything but the admin and its keys, as they are.
    pub(super) fn reset(&mut self) {
        self.users.retain(|name, _| name == ADMIN);
        self.sessions.clear();
        self.roles.clear();
        self.federation.forget_roles();
        self.secrets.clear();
    }

    /// The user with this name. Names are not distinguished by case (IAM API Reference, CreateUser).
    pub(super) fn user(&self, name: &str) -> Result<&User, Refusal> {
        let mut users = self.users.values();
        users.find(|user| user.name.eq_ignore_ascii_case(name)).ok_or_else(|| Refusal::no_user(name))
    }

    pub(super) fn user_mut(&mut self, name: &str) -> Result<&mut User, Refusal> {
        let mut users = self.users.values_mut();
        users.find(|user| user.name.eq_ignore_ascii_case(name)).ok_or_else(|| Refusal::no_user(name))
    }

    /// Names must differ by more than case (IAM User Guide, "IAM identifiers").
    pub(super) fn create_user(&mut self, name: &str, path: &str, tags: Tags, now: Timestamp) -> Result<&User, Refusal> {
        let taken = self.users.keys().any(|known| known.eq_ignore_ascii_case(name));
        if taken {
            return Err(Refusal::user_exists(name));
        }
        let user = self.new_user(name, path, tags, now);
        Ok(self.users.entry(name.to_owned()).or_insert(user))
    }

    /// Gives a user another name. It keeps its keys, tags and id (IAM API Reference, UpdateUser).
    pub(super) fn rename_user(&mut self, name: &str, to: &str) -> Result<(), Refusal> {
        if self.users.keys().any(|known| known != name && known.eq_ignore_ascii_case(to)) {
            return Err(Refusal::user_exists(to));
        }
        let mut user = self.users.remove(name).ok_or_else(|| Refusal::no_user(name))?;
        user.name = to.to_owned();
        self.users.insert(to.to_owned(), user);
        Ok(())
    }

    pub(super) fn delete_user(&mut self, name: &str) -> Result<(), Refusal> {
        if self.user(name)?.existing_keys().next().is_some() {
            return Err(Refusal::has_keys());
        }
        if !self.user(name)?.policies.is_empty() {
            return Err(Refusal::has_policies());
        }
        self.users.remove(name);
        Ok(())
    }

    /// Attaches a policy, if the quota allows. One that is attached stays as it is.
    pub(super) fn attach(&mut self, name: &str, arn: String) -> Result<(), Refusal> {
        let policies = &mut self.user_mut(name)?.policies;
        if policies.len() >= POLICIES_PER_USER && !policies.contains(&arn) {
            return Err(Refusal::policy_quota(POLICIES_PER_USER));
        }
        policies.insert(arn);
        Ok(())
    }

    /// Makes a key, if the quota allows.
    pub(super) fn mint(&mut self, name: &str, now: Timestamp) -> Result<AccessKey, Refusal> {
        if self.user(name)?.existing_keys().count() >= KEYS_PER_USER {
            return Err(Refusal::key_quota(KEYS_PER_USER));
        }
        let id = format!("AKIA{}", self.random.base32(16));
        let secret = self.random.base64(40);
        let key = AccessKey::new(id.clone(), secret.clone(), now);
        self.user_mut(name)?.keys.push(key.clone());
        self.issued.push((id, secret));
        Ok(key)
    }

    pub(super) fn key(&self, id: &str) -> Option<(&User, &AccessKey)> {
        let mut all = self.users.values().flat_map(|user| user.keys.iter().map(move |key| (user, key)));
        all.find(|(_, key)| key.id == id)
    }

    pub(super) fn key_mut(&mut self, id: &str) -> Option<&mut AccessKey> {
        let mut all = self.users.values_mut().flat_map(|user| &mut user.keys);
        all.find(|key| key.id == id)
    }

    /// Adds tags to a user's, replacing those with the same keys.
    pub(super) fn tag(&mut self, name: &str, added: Tags, now: Timestamp) -> Result<(), Refusal> {
        let user = self.user_mut(name)?;
        let mut tags = user.tags.latest().clone();
        tags.extend(added);
        if tags.len() > TAGS_PER_USER {
            return Err(Refusal::tag_quota());
        }
        user.tags.write(now, tags);
        Ok(())
    }

    /// Leaves a user only the tags that `keep` wants.
    pub(super) fn retain_tags(
        &mut self,
        name: &str,
        now: Timestamp,
        keep: impl Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let user = self.user_mut(name)?;
        let mut tags = user.tags.latest().clone();
        tags.retain(|key, _| keep(key));
        user.tags.write(now, tags);
        Ok(())
    }

    /// Opens a session of a role and gives its access key id with it.
    pub(super) fn open_session(&mut self, role: &str, name: &str, now: Timestamp, seconds: i64) -> (String, Session) {
        let fresh = format!("AROA{}", self.random.base32(17));
        let role_id = self.roles.entry(role.to_owned()).or_insert(fresh).clone();
        let id = format!("ASIA{}", self.random.base32(16));
        let session = Session {
            secret: self.random.base64(40),
            token: self.random.base64(356),
            expires: now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now),
            arn: format!("arn:aws:sts::{}:assumed-role/{role}/{name}", self.id),
            user_id: format!("{role_id}:{name}"),
            deny: Vec::new(),
        };
        self.issued.push((id.clone(), session.secret.clone()));
        self.issued.push((id.clone(), session.token.clone()));
        self.sessions.insert(id.clone(), session.clone());
        (id, session)
    }

    fn new_user(&mut self, name: &str, path: &str, tags: Tags, now: Timestamp) -> User {
        User {
            name: name.to_owned(),
            path: path.to_owned(),
            id: format!("AIDA{}", self.random.base32(17)),
            created: now,
            tags: History::new(tags),
            keys: Vec::new(),
            policies: BTreeSet::new(),
            deny: Vec::new(),
        }
    }
}

/// Tags as they are kept; of two whose keys differ by case alone the later one stays.
pub(super) fn tags_of<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Tags
where
    K: Into<String>,
    V: Into<String>,
{
    let entry = |(key, value): (K, V)| {
        let key = key.into();
        (key.to_lowercase(), Tag { key, value: value.into() })
    };
    pairs.into_iter().map(entry).collect()
}
