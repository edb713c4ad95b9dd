//! What the organisation holds: people and service accounts, environments, clusters and keys.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Credentials;
use super::error::Refusal;
use super::key::{ApiKey, Order};
use super::kind::{Kind, Resource};
use super::quota;
use super::settings::{Gone, Settings};
use crate::random::Random;

/// Where Flink and Tableflow are to be had: cloud, region and what people call it.
pub(super) const REGIONS: [(&str, &str, &str); 3] = [
    ("aws", "us-east-1", "N. Virginia (us-east-1)"),
    ("azure", "westeurope", "Netherlands (westeurope)"),
    ("gcp", "us-central1", "Iowa (us-central1)"),
];

/// What a principal may do beyond calling what needs no right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    OrganizationAdmin,
    /// Manage the keys of this service account.
    ResourceOwner(String),
}

/// A user or a service account.
pub(super) struct Principal {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) roles: Vec<Role>,
    /// Actions that are refused to it, `CreateApiKey` for example.
    pub(super) deny: Vec<String>,
}

impl Principal {
    pub(super) fn is_user(&self) -> bool {
        self.id.starts_with("u-")
    }

    pub(super) fn is_admin(&self) -> bool {
        self.roles.contains(&Role::OrganizationAdmin)
    }

    /// Whether it may see, change and delete the keys of `owner`. Nobody makes a key for another user.
    pub(super) fn manages(&self, owner: &str) -> bool {
        let own = self.is_user() && self.id == owner;
        own || self.is_admin() || self.roles.contains(&Role::ResourceOwner(owner.to_owned()))
    }
}

pub(super) struct Environment {
    pub(super) name: String,
    pub(super) created: Timestamp,
}

/// A cluster of Kafka, Schema Registry or ksqlDB.
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) environment: String,
    pub(super) created: Timestamp,
    /// What is told in place of the stand-in's own address.
    pub(super) endpoint: Option<String>,
}

pub(super) struct Organization {
    pub(super) id: String,
    pub(super) settings: Settings,
    pub(super) principals: BTreeMap<String, Principal>,
    pub(super) environments: BTreeMap<String, Environment>,
    pub(super) clusters: BTreeMap<String, Cluster>,
    /// Of Flink regions, what is told in place of the stand-in's own address.
    pub(super) regions: BTreeMap<String, String>,
    /// The addresses in private networks, by cluster or region.
    pub(super) private: BTreeMap<String, String>,
    /// Every key that there ever was; [`ApiKey::exists`] tells which still are.
    pub(super) keys: Vec<ApiKey>,
    /// Id and secret of everything that was ever issued, for the search for leaks.
    pub(super) issued: Vec<(String, String)>,
    random: Random,
}

impl Organization {
    pub(super) fn new(settings: Settings, mut random: Random) -> Self {
        Self {
            id: random.uuid(),
            settings,
            principals: BTreeMap::new(),
            environments: BTreeMap::new(),
            clusters: BTreeMap::new(),
            regions: BTreeMap::new(),
            private: BTreeMap::new(),
            keys: Vec::new(),
            issued: Vec::new(),
            random,
        }
    }

    /// Makes an id such as `sa-k3x5vw`.
    fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", self.random.base32(6).to_lowercase())
    }

    /// Puts the first user there, with the Cloud key that opens the organisation, and says who it is.
    pub(super) fn found(&mut self, given: Option<Credentials>, now: Timestamp) -> (Credentials, String) {
        let pair = given.map(|Credentials { api_key, api_secret }| (api_key, api_secret));
        let (api_key, api_secret) = pair.unwrap_or_else(|| self.new_pair());
        self.issued.push((api_key.clone(), api_secret.clone()));
        let owner = self.insert_principal("u", "admin@example.com", vec![Role::OrganizationAdmin], now);
        let order = Order {
            kind: Kind::Cloud,
            owner: owner.clone(),
            resource: Resource::word(Kind::Cloud),
            display_name: "admin".to_owned(),
            description: String::new(),
        };
        self.keys.push(ApiKey::new(api_key.clone(), api_secret.clone(), order, now).settled());
        (Credentials { api_key, api_secret }, owner)
    }

    /// Makes a user (`u`) or a service account (`sa`).
    pub(super) fn add_principal(&mut self, prefix: &str, name: &str, now: Timestamp) -> Result<String, Refusal> {
        let same_sort = format!("{prefix}-");
        let taken = self.principals.values().any(|known| known.id.starts_with(&same_sort) && known.name == name);
        if taken {
            return Err(Refusal::exists(name));
        }
        Ok(self.insert_principal(prefix, name, Vec::new(), now))
    }

    fn insert_principal(&mut self, prefix: &str, name: &str, roles: Vec<Role>, now: Timestamp) -> String {
        let id = self.new_id(prefix);
        let principal = Principal { id: id.clone(), name: name.to_owned(), created: now, roles, deny: Vec::new() };
        self.principals.insert(id.clone(), principal);
        id
    }

    pub(super) fn add_environment(&mut self, name: &str, now: Timestamp) -> String {
        let id = self.new_id("env");
        self.environments.insert(id.clone(), Environment { name: name.to_owned(), created: now });
        id
    }

    /// Makes a cluster, where the kind has any, and says what a key for it has to name.
    pub(super) fn add_cluster(&mut self, kind: Kind, environment: &str, now: Timestamp) -> Result<Resource, Refusal> {
        if !self.environments.contains_key(environment) {
            return Err(Refusal::not_found());
        }
        let environment = environment.to_owned();
        if kind == Kind::Flink {
            let (cloud, name, _) = REGIONS[0];
            return Ok(Resource { id: format!("{cloud}.{name}"), environment: Some(environment) });
        }
        let Some(prefix) = kind.prefix() else {
            return Ok(Resource::word(kind));
        };
        let id = self.new_id(prefix);
        let cluster = Cluster { id: id.clone(), kind, environment: environment.clone(), created: now, endpoint: None };
        self.clusters.insert(id.clone(), cluster);
        Ok(Resource { id, environment: Some(environment) })
    }

    pub(super) fn principal(&self, id: &str) -> Result<&Principal, Refusal> {
        self.principals.get(id).ok_or_else(|| Refusal::no_account(id))
    }

    pub(super) fn principal_mut(&mut self, id: &str) -> Result<&mut Principal, Refusal> {
        self.principals.get_mut(id).ok_or_else(|| Refusal::no_account(id))
    }

    /// Removes a user or service account, and all its keys with it.
    pub(super) fn remove_principal(&mut self, id: &str, now: Timestamp) -> Result<(), Refusal> {
        self.principals.remove(id).ok_or_else(|| Refusal::no_account(id))?;
        self.keys.iter_mut().filter(|key| key.owner == id).for_each(|key| key.delete(now));
        Ok(())
    }

    /// Removes a cluster, and all keys for it.
    pub(super) fn remove_cluster(&mut self, id: &str, now: Timestamp) -> Result<(), Refusal> {
        self.clusters.remove(id).ok_or_else(Refusal::not_found)?;
        self.keys.iter_mut().filter(|key| key.resource.id == id).for_each(|key| key.delete(now));
        Ok(())
    }

    /// The resource that an id and perhaps an environment mean, if it is there.
    pub(super) fn find(&self, kind: Kind, id: &str, environment: Option<&str>) -> Result<Resource, Refusal> {
        match kind {
            Kind::Cloud | Kind::Global | Kind::Tableflow => Ok(Resource::word(kind)),
            Kind::Flink => {
                let environment = environment.filter(|id| self.environments.contains_key(*id));
                let known = REGIONS.iter().any(|(cloud, name, _)| format!("{cloud}.{name}") == id);
                let environment = environment.filter(|_| known).ok_or_else(Refusal::not_found)?;
                Ok(Resource { id: id.to_owned(), environment: Some(environment.to_owned()) })
            }
            _ => {
                let cluster = self.clusters.get(id).ok_or_else(Refusal::not_found)?;
                Ok(Resource { id: id.to_owned(), environment: Some(cluster.environment.clone()) })
            }
        }
    }

    /// Makes a key, if the quotas allow.
    pub(super) fn mint(&mut self, order: Order, now: Timestamp) -> Result<ApiKey, Refusal> {
        self.principal(&order.owner)?;
        quota::check(self, &order)?;
        let (id, secret) = self.new_pair();
        self.issued.push((id.clone(), secret.clone()));
        let key = ApiKey::new(id, secret, order, self.next_instant(now));
        self.keys.push(key.clone());
        Ok(key)
    }

    /// Times are told in microseconds, and no two keys have the same one, even while the clock stands still.
    fn next_instant(&self, now: Timestamp) -> Timestamp {
        let last = self.keys.iter().map(|key| key.created).max();
        let after = last.and_then(|last| last.checked_add(SignedDuration::from_micros(1)).ok());
        after.map_or(now, |after| now.max(after))
    }

    fn new_pair(&mut self) -> (String, String) {
        (self.random.base32(16), format!("cflt{}", self.random.base64(60)))
    }

    pub(super) fn existing_keys(&self) -> impl Iterator<Item = &ApiKey> {
        self.keys.iter().filter(|key| key.exists())
    }

    /// The key with this id, if it exists; else what the settings say of one that is gone.
    pub(super) fn key_mut(&mut self, id: &str) -> Result<&mut ApiKey, Refusal> {
        let gone = match self.settings.gone {
            Gone::NotFound => Refusal::no_key(id),
            Gone::Forbidden => Refusal::forbidden(),
        };
        self.keys.iter_mut().find(|key| key.id == id && key.exists()).ok_or(gone)
    }

    /// Forgets everything but one key with its owner, one environment, and the settings.
    pub(super) fn reset(&mut self, key: &str, owner: &str, environment: &str) {
        self.principals.retain(|id, _| id == owner);
        self.environments.retain(|id, _| id == environment);
        self.clusters.clear();
        self.keys.retain(|known| known.id == key);
    }
}
