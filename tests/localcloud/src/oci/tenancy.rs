//! What the tenancy holds: users, their keys, credentials and tags, sessions, and retry tokens.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::OciOptions;
use super::error::Refusal;
use super::key::{Consistency, Life, SigningKey};
use super::limits::{CAPABILITIES, KEYS_PER_USER, SECRETS_PER_KIND, USE_API_KEYS};
use super::principals::Principals;
use super::public_key::PublicKey;
use super::region::Region;
use super::retry::Retries;
use super::secret::{Kind, Secret, ocid};
use super::vault::Vaults;
use crate::lag::History;
use crate::random::Random;

/// The name of the user that owns the first key.
pub(super) const ADMIN: &str = "admin";
/// What a user may be allowed instead of single operations.
const EVERYTHING: &str = "*";

pub(super) type Tags = BTreeMap<String, String>;

/// The part of a user that can be changed.
#[derive(Clone)]
pub(super) struct Details {
    pub(super) description: String,
    pub(super) email: Option<String>,
    pub(super) tags: Tags,
    pub(super) defined_tags: Map<String, Value>,
    pub(super) capabilities: BTreeMap<String, bool>,
    pub(super) etag: String,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) life: Life,
    pub(super) details: History<Details>,
    /// Every key that the user ever had; their lives tell which still exist.
    pub(super) keys: Vec<SigningKey>,
    /// The same of everything that Oracle made for it.
    pub(super) secrets: Vec<Secret>,
    /// The identity domain that it is in; none for the default one. ListUsers shows the default domain only.
    pub(super) domain: Option<String>,
    /// Operations that it may do beyond what everybody may, or `*`.
    pub(super) allow: Vec<String>,
    /// Operations that it may not do, whatever else says so.
    pub(super) deny: Vec<String>,
}

impl User {
    pub(super) fn can(&self, capability: &str) -> bool {
        self.details.latest().capabilities.get(capability).copied().unwrap_or_default()
    }

    pub(super) fn existing_keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().filter(|key| key.life.exists())
    }

    pub(super) fn existing_secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter(|secret| secret.life.exists())
    }

    /// The key with this fingerprint, if it exists.
    pub(super) fn key_mut(&mut self, fingerprint: &str) -> Result<&mut SigningKey, Refusal> {
        let key = self.keys.iter_mut().find(|key| key.life.exists() && key.fingerprint == fingerprint);
        key.ok_or_else(|| Refusal::not_found("the user has no such key"))
    }

    /// The credential of this kind with this id, if it exists.
    pub(super) fn secret_mut(&mut self, kind: Kind, id: &str) -> Result<&mut Secret, Refusal> {
        let secret = self.secrets.iter_mut().find(|known| known.life.exists() && known.kind == kind && known.id == id);
        secret.ok_or_else(|| Refusal::not_found("the user has no such credential"))
    }
}

/// A token that stands for a user for a while, together with the key that it was made for.
pub(super) struct Session {
    pub(super) user: String,
    pub(super) public: PublicKey,
    pub(super) expires: Timestamp,
    /// Whether it stands for an instance, a resource or a pod.
    pub(super) is_principal: bool,
}

pub(super) struct Tenancy {
    pub(super) id: String,
    /// The one compartment below the root.
    pub(super) compartment: String,
    pub(super) home: Region,
    pub(super) others: Vec<Region>,
    pub(super) lags: Consistency,
    pub(super) random: Random,
    pub(super) users: BTreeMap<String, User>,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) retries: Retries,
    pub(super) vaults: Vaults,
    pub(super) principals: Principals,
    /// Id and secret of everything that was ever issued, for the search for leaks.
    pub(super) issued: Vec<(String, String)>,
    too_many_keys: (u16, String),
}

impl Tenancy {
    pub(super) fn new(options: OciOptions, mut random: Random) -> Self {
        let OciOptions { tenancy, home, others, consistency, too_many_keys } = options;
        let made_up = ocid("tenancy", &mut random);
        let id = tenancy.unwrap_or(made_up);
        Self {
            compartment: id.replace("tenancy", "compartment"),
            id,
            home,
            others,
            lags: consistency,
            random,
            users: BTreeMap::new(),
            sessions: BTreeMap::new(),
            retries: Retries::default(),
            vaults: Vaults::default(),
            principals: Principals::default(),
            issued: Vec::new(),
            too_many_keys,
        }
    }

    /// Puts the first user there, with the key that opens the tenancy. Gives user and fingerprint.
    pub(super) fn found(&mut self, private_key: &str, now: Timestamp) -> (String, String) {
        let Ok(id) = self.create_user(ADMIN, Life::new(now).settled(), self.ordinary_details()) else {
            return Default::default();
        };
        let fingerprint = self.found_key(&id, private_key, now).unwrap_or_default();
        if let Some(admin) = self.users.get_mut(&id) {
            admin.allow = vec![EVERYTHING.to_owned()];
        }
        // The first lines say what the public key says as well; each of the others is a secret.
        let lines = private_key.lines().skip(7).filter(|line| line.len() == 64);
        self.issued.extend(lines.map(|line| (fingerprint.clone(), line.to_owned())));
        (id, fingerprint)
    }

    fn found_key(&mut self, user: &str, private_key: &str, now: Timestamp) -> Option<String> {
        let public = PublicKey::of_private(private_key)?;
        let (pem, life) = (public.pem(), Life::new(now).settled());
        self.add_key(user, public, &pem, life).ok()
    }

    /// Forgets everything but the admin and its keys, as they are.
    pub(super) fn reset(&mut self) {
        self.users.retain(|_, user| user.name == ADMIN);
        self.sessions.clear();
        self.principals = Principals::default();
        self.retries = Retries::default();
        self.vaults = Vaults::default();
    }

    pub(super) fn user(&self, id: &str) -> Result<&User, Refusal> {
        self.users.get(id).ok_or_else(|| Refusal::not_found("there is no such user"))
    }

    pub(super) fn user_mut(&mut self, id: &str) -> Result<&mut User, Refusal> {
        self.users.get_mut(id).ok_or_else(|| Refusal::not_found("there is no such user"))
    }

    /// The OCID of a user that is named by it or by its name.
    pub(super) fn resolve(&self, user: &str) -> Result<String, Refusal> {
        let known = self.users.values().find(|known| known.id == user || known.name == user);
        known.map(|known| known.id.clone()).ok_or_else(|| Refusal::not_found("there is no such user"))
    }

    pub(super) fn create_user(&mut self, name: &str, life: Life, details: Details) -> Result<String, Refusal> {
        if self.users.values().any(|known| known.name.eq_ignore_ascii_case(name)) {
            return Err(Refusal::exists(format!("User with name {name} already exists.")));
        }
        let id = ocid("user", &mut self.random);
        let details = History::new(Details { etag: self.etag(), ..details });
        let user = User {
            id: id.clone(),
            name: name.to_owned(),
            life,
            details,
            keys: Vec::new(),
            secrets: Vec::new(),
            domain: None,
            allow: Vec::new(),
            deny: Vec::new(),
        };
        self.users.insert(id.clone(), user);
        Ok(id)
    }

    /// What a user is like about whom nobody has said anything.
    pub(super) fn ordinary_details(&self) -> Details {
        Details {
            description: "made by the stand-in".to_owned(),
            email: None,
            tags: Tags::new(),
            defined_tags: Map::new(),
            capabilities: CAPABILITIES.iter().map(|name| ((*name).to_owned(), true)).collect(),
            etag: String::new(),
        }
    }

    /// Changes a user, whose etag changes with it.
    pub(super) fn change_user(
        &mut self,
        id: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Details),
    ) -> Result<(), Refusal> {
        let etag = self.etag();
        let user = self.user_mut(id)?;
        let mut details = Details { etag, ..user.details.latest().clone() };
        change(&mut details);
        user.details.write(now, details);
        Ok(())
    }

    /// Deletes a user with all that it has, at once and everywhere.
    pub(super) fn delete_user(&mut self, id: &str) -> Result<(), Refusal> {
        let user = self.users.remove(id).ok_or_else(|| Refusal::not_found("there is no such user"))?;
        self.retries.spend(id);
        user.keys.iter().for_each(|key| self.retries.spend(&made_key(id, &key.fingerprint)));
        user.secrets.iter().for_each(|secret| self.retries.spend(&secret.id));
        self.sessions.retain(|_, session| session.user != id);
        Ok(())
    }

    /// Adds a key, if the user may have it. Gives its fingerprint.
    pub(super) fn add_key(&mut self, user: &str, public: PublicKey, pem: &str, life: Life) -> Result<String, Refusal> {
        let (fingerprint, etag) = (public.fingerprint(), self.etag());
        let (status, code) = self.too_many_keys.clone();
        let user = self.user_mut(user)?;
        if !user.can(USE_API_KEYS) {
            return Err(Refusal::not_capable(USE_API_KEYS));
        }
        if user.existing_keys().any(|key| key.fingerprint == fingerprint) {
            return Err(Refusal::exists(format!("The user already has the key {fingerprint}.")));
        }
        if user.existing_keys().count() >= KEYS_PER_USER {
            let words = format!("A user can have {KEYS_PER_USER} API keys at most.");
            return Err(Refusal::new(status, &code, words));
        }
        user.keys.push(SigningKey { public, fingerprint: fingerprint.clone(), pem: pem.to_owned(), etag, life });
        Ok(fingerprint)
    }

    pub(super) fn delete_key(&mut self, user: &str, fingerprint: &str, now: Timestamp) -> Result<(), Refusal> {
        self.user_mut(user)?.key_mut(fingerprint)?.life.delete(now);
        self.retries.spend(&made_key(user, fingerprint));
        Ok(())
    }

    /// Makes a credential, if the quota allows.
    pub(super) fn add_secret(&mut self, user: &str, kind: Kind, name: &str, life: Life) -> Result<Secret, Refusal> {
        let owner = self.user(user)?;
        if !owner.can(kind.capability()) {
            return Err(Refusal::not_capable(kind.capability()));
        }
        if owner.existing_secrets().filter(|secret| secret.kind == kind).count() >= SECRETS_PER_KIND {
            return Err(Refusal::too_many(kind.path(), SECRETS_PER_KIND));
        }
        let secret = Secret::make(kind, name, &mut self.random, life);
        self.issued.push((secret.id.clone(), secret.secret.clone()));
        self.user_mut(user)?.secrets.push(secret.clone());
        Ok(secret)
    }

    pub(super) fn delete_secret(&mut self, user: &str, kind: Kind, id: &str, now: Timestamp) -> Result<(), Refusal> {
        self.user_mut(user)?.secret_mut(kind, id)?.life.delete(now);
        self.retries.spend(id);
        Ok(())
    }

    /// Opens a session and gives its token.
    pub(super) fn open_session(&mut self, user: &str, public: PublicKey, expires: Timestamp) -> String {
        let token = self.jwt(&json!({"sub": user, "tenant": self.id, "exp": expires.as_second()}));
        let session = Session { user: user.to_owned(), public, expires, is_principal: false };
        self.sessions.insert(token.clone(), session);
        token
    }

    /// A region that the tenancy is subscribed to, by its name; without one the home region.
    pub(super) fn region(&self, name: Option<&str>) -> Option<Region> {
        let mut all = [&self.home].into_iter().chain(&self.others);
        all.find(|region| name.is_none_or(|name| region.name == name)).cloned()
    }

    /// How far a region is behind. Nothing if the tenancy does not have it.
    pub(super) fn lag_of(&self, region: Option<&str>) -> Option<SignedDuration> {
        match region {
            None => Some(SignedDuration::ZERO),
            Some(name) if name == self.home.name => Some(SignedDuration::ZERO),
            Some(name) => self.others.iter().any(|other| other.name == name).then_some(self.lags.replica_lag),
        }
    }

    pub(super) fn etag(&mut self) -> String {
        self.random.hex(40)
    }
}

/// What the retry tokens call a key.
pub(super) fn made_key(user: &str, fingerprint: &str) -> String {
    format!("{user}/{fingerprint}")
}
