//! What a test sees of the organisation: no secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::ApiKey as Kept;
use super::kind::{Kind, Resource};
use super::organization::{Organization, Principal, Role};

/// What the organisation holds, without any secret.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The organisation's id.
    pub organization: String,
    /// Its environments.
    pub environments: Vec<String>,
    /// Its clusters of Kafka, Schema Registry and ksqlDB.
    pub clusters: Vec<Resource>,
    /// Its users and service accounts.
    pub owners: Vec<Owner>,
    /// Its keys, oldest first.
    pub keys: Vec<ApiKey>,
}

/// A user or a service account.
#[derive(Clone, Debug, Serialize)]
pub struct Owner {
    /// `u-…` or `sa-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The actions that are refused to it.
    pub deny: Vec<String>,
}

/// An API key that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its public id.
    pub id: String,
    /// Its kind.
    pub kind: Kind,
    /// Whose it is.
    pub owner: String,
    /// What it is for.
    pub resource: Resource,
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: String,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it is accepted from now on, every time.
    pub works: bool,
}

impl Snapshot {
    pub(super) fn of(organization: &Organization, now: Timestamp) -> Self {
        let clusters = organization.clusters.values();
        Self {
            organization: organization.id.clone(),
            environments: organization.environments.keys().cloned().collect(),
            clusters: clusters
                .map(|known| Resource { id: known.id.clone(), environment: Some(known.environment.clone()) })
                .collect(),
            owners: organization.principals.values().map(Owner::of).collect(),
            keys: organization.existing_keys().map(|key| ApiKey::of(key, organization, now)).collect(),
        }
    }
}

impl Owner {
    fn of(known: &Principal) -> Self {
        let Principal { id, name, roles, deny, .. } = known;
        Self { id: id.clone(), name: name.clone(), roles: roles.clone(), deny: deny.clone() }
    }
}

impl ApiKey {
    pub(super) fn of(key: &Kept, organization: &Organization, now: Timestamp) -> Self {
        Self {
            id: key.id.clone(),
            kind: key.kind,
            owner: key.owner.clone(),
            resource: key.resource.clone(),
            display_name: key.display_name.clone(),
            description: key.description.clone(),
            created: key.created,
            works: key.works(now, &organization.settings),
        }
    }
}
