//! What is done to the tenancy behind the API: to prepare it, and to disturb it as strangers do.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Oci;
use super::admin::Credential;
use super::error::Refusal;
use super::key::{Consistency, Life};
use super::public_key::PublicKey;
use super::secret::{Issued, Kind};
use super::tenancy::Tenancy;
use crate::locked;

impl Oci {
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

    /// Puts a user into a secondary identity domain of this name.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn set_domain(&self, user: &str, name: &str) -> Result<(), Refusal> {
        self.change_user(user, |tenancy, id, _| tenancy.user_mut(id).map(|user| user.domain = Some(name.to_owned())))
    }

    /// Lets a user do these operations, to itself and to others, beyond what everybody may do with
    /// itself, and takes back what it was allowed before. `*` makes it an administrator.
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

    /// From now on the tenancy lags like this.
    pub fn set_consistency(&self, lags: Consistency) {
        locked(&self.inner.tenancy).lags = lags;
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

    /// Gives a credential another description or display name, as if somebody else had.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn rename_secret(&self, id: &str, name: &str) -> Result<(), Refusal> {
        let known = self.credential(id)?;
        self.change(|tenancy, _| {
            let etag = tenancy.etag();
            let secret = tenancy.user_mut(&known.user)?.secret_mut(known.kind, id)?;
            (secret.name, secret.etag) = (name.to_owned(), etag);
            Ok(())
        })
    }

    /// Deletes a credential as if somebody else had.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn delete_secret(&self, id: &str) -> Result<(), Refusal> {
        let known = self.credential(id)?;
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

    pub(crate) fn reset(&self) {
        locked(&self.inner.tenancy).reset();
    }

    fn credential(&self, id: &str) -> Result<Credential, Refusal> {
        let known = self.snapshot().users.into_iter().flat_map(|user| user.secrets).find(|known| known.id == id);
        known.ok_or_else(|| Refusal::not_found("there is no such credential"))
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
