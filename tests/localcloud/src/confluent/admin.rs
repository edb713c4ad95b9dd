//! The organisation behind the API: for tests that prepare it, disturb it, or look whether it is as it should be.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use super::error::Refusal;
use super::key::{ApiKey as Kept, Order};
use super::kind::{Kind, Resource, region};
use super::organization::{Organization, Role};
use super::route::DATA_PLANES;
use super::seen::{ApiKey, Snapshot};
use super::settings::Settings;
use super::{Confluent, Credentials, Inner, Meters};
use crate::locked;

impl Confluent {
    /// The first Cloud key. Its owner may do everything.
    pub fn admin_credentials(&self) -> Credentials {
        self.inner.admin.clone()
    }

    /// The id of the user who owns the first Cloud key.
    pub fn admin_user(&self) -> &str {
        &self.inner.admin_user
    }

    /// The environment that is there from the start.
    pub fn environment(&self) -> &str {
        &self.inner.environment
    }

    /// The organisation's id.
    pub fn organization(&self) -> String {
        locked(&self.inner.organization).id.clone()
    }

    /// Creates a service account without keys and roles, and gives its id.
    ///
    /// # Errors
    /// 409 if there is one of this name.
    pub fn create_service_account(&self, name: &str) -> Result<String, Refusal> {
        self.change(|organization, now| organization.add_principal("sa", name, now))
    }

    /// Creates a user without keys and roles, and gives its id.
    ///
    /// # Errors
    /// 409 if there is one of this address.
    pub fn create_user(&self, email: &str) -> Result<String, Refusal> {
        self.change(|organization, now| organization.add_principal("u", email, now))
    }

    /// Deletes a user or a service account, and all its keys with it.
    ///
    /// # Errors
    /// 404.
    pub fn delete_owner(&self, id: &str) -> Result<(), Refusal> {
        self.change(|organization, now| organization.remove_principal(id, now))
    }

    /// Gives a user or a service account exactly these roles.
    ///
    /// # Errors
    /// 404.
    pub fn set_roles(&self, owner: &str, roles: &[Role]) -> Result<(), Refusal> {
        let roles = roles.to_vec();
        self.change(|organization, _| organization.principal_mut(owner).map(|owner| owner.roles = roles))
    }

    /// Refuses these actions to a user or a service account with 403, `CreateApiKey` for example, and no others.
    ///
    /// # Errors
    /// 404.
    pub fn deny(&self, owner: &str, actions: &[&str]) -> Result<(), Refusal> {
        let deny = actions.iter().map(|action| (*action).to_owned()).collect();
        self.change(|organization, _| organization.principal_mut(owner).map(|owner| owner.deny = deny))
    }

    /// Creates an environment and gives its id.
    pub fn create_environment(&self, name: &str) -> String {
        let now = self.inner.desk.clock.now();
        locked(&self.inner.organization).add_environment(name, now)
    }

    /// Something for a key of this kind, in the first environment: a new cluster, a region, or one
    /// of the words `cloud`, `global` and `tableflow`.
    pub fn create_cluster(&self, kind: Kind) -> Resource {
        let made = self.create_cluster_in(kind, &self.inner.environment);
        // The first environment is never deleted.
        made.unwrap_or_else(|_| Resource::word(kind))
    }

    /// The same in another environment.
    ///
    /// # Errors
    /// 404 if there is no such environment.
    pub fn create_cluster_in(&self, kind: Kind, environment: &str) -> Result<Resource, Refusal> {
        self.change(|organization, now| organization.add_cluster(kind, environment, now))
    }

    /// Makes the look-up of a cluster or a Flink region tell another endpoint than the stand-in's own: an empty one, or
    /// one where nobody listens, as in a private network.
    ///
    /// # Errors
    /// 404.
    pub fn set_endpoint(&self, cluster: &str, endpoint: Option<&str>) -> Result<(), Refusal> {
        self.change(|organization, _| {
            if region(cluster).is_some() {
                organization.regions.remove(cluster);
                organization.regions.extend(endpoint.map(|endpoint| (cluster.to_owned(), endpoint.to_owned())));
                return Ok(());
            }
            let cluster = organization.clusters.get_mut(cluster).ok_or_else(Refusal::not_found)?;
            cluster.endpoint = endpoint.map(str::to_owned);
            Ok(())
        })
    }

    /// Makes the look-up of a cluster or a Flink region tell an address in a private network beside the other one.
    pub fn set_private_endpoint(&self, id: &str, endpoint: &str) {
        locked(&self.inner.organization).private.insert(id.to_owned(), endpoint.to_owned());
    }

    /// The address of a data plane at the stand-in itself.
    pub fn plane(&self, endpoint: &str, id: &str) -> String {
        format!("{endpoint}{DATA_PLANES}/{id}")
    }

    /// Deletes a cluster, and all keys for it.
    ///
    /// # Errors
    /// 404.
    pub fn delete_cluster(&self, id: &str) -> Result<(), Refusal> {
        self.change(|organization, now| organization.remove_cluster(id, now))
    }

    /// Makes a key as if somebody else had: it becomes active like any other and counts for the quotas.
    ///
    /// # Errors
    /// 404 if the owner or the resource is not there, or what is set for an exceeded quota.
    pub fn mint_key(&self, owner: &str, resource: &Resource) -> Result<Credentials, Refusal> {
        let kind = Kind::of(&resource.id).ok_or_else(Refusal::not_found)?;
        let key = self.change(|organization, now| {
            let resource = organization.find(kind, &resource.id, resource.environment.as_deref())?;
            let (display_name, description) = ("somebody's".to_owned(), String::new());
            organization.mint(Order { kind, owner: owner.to_owned(), resource, display_name, description }, now)
        })?;
        Ok(Credentials { api_key: key.id, api_secret: key.secret })
    }

    /// Deletes a key as if somebody else had.
    ///
    /// # Errors
    /// 404, or 403 if the settings say so.
    pub fn delete_key(&self, id: &str) -> Result<(), Refusal> {
        self.change(|organization, now| organization.key_mut(id).map(|key| key.delete(now)))
    }

    /// Changes a key's name and description as if somebody else had.
    ///
    /// # Errors
    /// 404, or 403 if the settings say so.
    pub fn describe_key(&self, id: &str, display_name: &str, description: &str) -> Result<(), Refusal> {
        self.change(|organization, now| {
            let key = organization.key_mut(id)?;
            (key.display_name, key.description) = (display_name.to_owned(), description.to_owned());
            key.updated = now;
            Ok(())
        })
    }

    /// The keys of an owner for a resource, oldest first; an empty text means any.
    pub fn keys(&self, owner: &str, resource: &str) -> Vec<ApiKey> {
        let organization = locked(&self.inner.organization);
        let now = self.inner.desk.clock.now();
        let wanted = |key: &&Kept| {
            let owned = owner.is_empty() || key.owner == owner;
            owned && (resource.is_empty() || key.resource.is(key.kind, resource))
        };
        organization.existing_keys().filter(wanted).map(|key| ApiKey::of(key, &organization, now)).collect()
    }

    /// The key with this id, if it exists.
    pub fn key(&self, id: &str) -> Option<ApiKey> {
        self.keys("", "").into_iter().find(|key| key.id == id)
    }

    /// Whether the key exists and is accepted from now on, every time. A deleted key does not count,
    /// even while it lags.
    pub fn works(&self, id: &str) -> bool {
        self.key(id).is_some_and(|key| key.works)
    }

    /// Whether this is the secret of this existing key, active yet or not.
    pub fn secret_is_right(&self, id: &str, secret: &str) -> bool {
        let organization = locked(&self.inner.organization);
        organization.existing_keys().any(|key| key.id == id && key.secret == secret)
    }

    /// The ids of the keys whose secrets occur in `text`, plain, percent-encoded, or as the
    /// credentials of a request; of all that were ever issued, through the API or here, deleted ones
    /// and lost answers included.
    pub fn leaks(&self, text: &str) -> Vec<String> {
        let organization = locked(&self.inner.organization);
        let occurs = |(id, secret): &&(String, String)| spellings(id, secret).iter().any(|form| text.contains(form));
        let mut ids: Vec<String> = organization.issued.iter().filter(occurs).map(|(id, _)| id.clone()).collect();
        ids.dedup();
        ids
    }

    /// How the organisation behaves now.
    pub fn settings(&self) -> Settings {
        locked(&self.inner.organization).settings.clone()
    }

    /// Changes how the organisation behaves, from the next request on.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut locked(&self.inner.organization).settings);
    }

    /// Everything, without secrets.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&locked(&self.inner.organization), self.inner.desk.clock.now())
    }

    pub(crate) fn reset(&self) {
        let Inner { admin, admin_user, environment, .. } = &*self.inner;
        locked(&self.inner.organization).reset(&admin.api_key, admin_user, environment);
        *locked(&self.inner.meters) = Meters::default();
    }

    fn change<T>(&self, change: impl FnOnce(&mut Organization, Timestamp) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let now = self.inner.desk.clock.now();
        change(&mut locked(&self.inner.organization), now)
    }
}

fn spellings(id: &str, secret: &str) -> [String; 3] {
    let encoded = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    let credentials = BASE64_STANDARD.encode(format!("{id}:{secret}"));
    [secret.to_owned(), encoded, credentials]
}
