//! Puts things into the organisation as they were somewhere else: a recorded state is read against what it was recorded with.

use super::Confluent;
use super::key::{ApiKey as Kept, Order};
use super::organization::Principal;
use super::seen::ApiKey;
use crate::locked;

impl Confluent {
    /// Creates a service account with this id and name.
    pub fn plant_service_account(&self, id: &str, name: &str) {
        let created = self.inner.desk.clock.now();
        let (roles, deny) = (Vec::new(), Vec::new());
        let account = Principal { id: id.to_owned(), name: name.to_owned(), created, roles, deny };
        locked(&self.inner.organization).principals.insert(id.to_owned(), account);
    }

    /// Adds this key with its secret, which has been active for long, whatever the quotas say.
    pub fn plant_key(&self, key: ApiKey, secret: &str) {
        let ApiKey { id, kind, owner, resource, display_name, description, created, .. } = key;
        let mut organization = locked(&self.inner.organization);
        organization.issued.push((id.clone(), secret.to_owned()));
        let order = Order { kind, owner, resource, display_name, description };
        organization.keys.push(Kept::new(id, secret.to_owned(), order, created).settled());
    }
}
