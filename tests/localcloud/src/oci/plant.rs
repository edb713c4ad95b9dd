//! Puts things into the tenancy as they were somewhere else: a recorded state is read against what it was recorded with.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Oci;
use super::error::Refusal;
use super::key::Life;
use super::public_key::PublicKey;
use super::secret::{Issued, Kind, Secret};
use crate::locked;

impl Oci {
    /// Creates a user with this OCID and these tags.
    ///
    /// # Errors
    /// `NotAuthorizedOrResourceAlreadyExists`.
    pub fn plant_user(&self, id: &str, name: &str, tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        let made = self.create_user(name)?;
        let now = self.inner.desk.clock.now();
        let mut tenancy = locked(&self.inner.tenancy);
        tenancy.change_user(&made, now, |details| details.tags = tags.clone())?;
        if let Some(mut user) = tenancy.users.remove(&made) {
            id.clone_into(&mut user.id);
            tenancy.users.insert(id.to_owned(), user);
        }
        Ok(())
    }

    /// Gives a user this public key, which has settled long ago.
    ///
    /// # Errors
    /// As UploadApiKey.
    pub fn plant_api_key(&self, user: &str, pem: &str, created: Timestamp) -> Result<(), Refusal> {
        let public = PublicKey::parse(pem).map_err(Refusal::invalid)?;
        locked(&self.inner.tenancy).add_key(user, public, pem, Life::new(created).settled()).map(drop)
    }

    /// Gives a user this credential, which has settled long ago, whatever the quota says.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn plant_secret(
        &self,
        user: &str,
        kind: Kind,
        name: &str,
        issued: Issued,
        created: Timestamp,
    ) -> Result<(), Refusal> {
        let Issued { id, secret } = issued;
        let mut tenancy = locked(&self.inner.tenancy);
        tenancy.issued.push((id.clone(), secret.clone()));
        let (etag, life, name) = (tenancy.etag(), Life::new(created).settled(), name.to_owned());
        tenancy.user_mut(user)?.secrets.push(Secret { kind, id, name, secret, etag, life });
        Ok(())
    }
}
