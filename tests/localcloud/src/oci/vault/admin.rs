//! Secrets of vaults behind the API: for tests that prepare them, edit them, or look whether they are as they should be.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::secret::{Secret, Upload};
use super::vaults::{Kept, Vaults};
use crate::locked;
use crate::oci::Oci;
use crate::oci::error::Refusal;
use crate::oci::secret::ocid;
use crate::oci::tenancy::Tenancy;

/// The vault of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vault {
    /// Its OCID.
    pub id: String,
    /// The OCID of the key in it.
    pub key: String,
    /// The OCID of the compartment for secrets.
    pub compartment: String,
}

/// A secret, without its values.
#[derive(Clone, Debug, Serialize)]
pub struct VaultSecret {
    /// Its OCID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The region that it is in.
    pub region: String,
    /// Its description.
    pub description: Option<String>,
    /// Its free-form tags.
    pub tags: BTreeMap<String, String>,
    /// When it goes, if its deletion is scheduled.
    pub leaves: Option<Timestamp>,
    /// Its versions as last written, whatever readers see yet, oldest first.
    pub versions: Vec<VaultSecretVersion>,
}

/// A version of a secret.
#[derive(Clone, Debug, Serialize)]
pub struct VaultSecretVersion {
    /// Its number.
    pub number: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its stages.
    pub stages: BTreeSet<&'static str>,
    /// When it goes, if its deletion is scheduled.
    pub leaves: Option<Timestamp>,
}

impl VaultSecret {
    /// The number of the version in a stage.
    pub fn version_of(&self, stage: &str) -> Option<u64> {
        self.versions.iter().find(|version| version.stages.contains(stage)).map(|version| version.number)
    }
}

impl Oci {
    /// The vault of a region that the tenancy is subscribed to, by the region's name.
    pub fn vault(&self, region: &str) -> Option<Vault> {
        let tenancy = locked(&self.inner.tenancy);
        let region = tenancy.region(Some(region))?;
        let (id, key) = Vaults::vault(&tenancy.id, &region);
        Some(Vault { id, key, compartment: tenancy.compartment.clone() })
    }

    /// Creates a secret with this value in the vault of a region, which has settled.
    ///
    /// # Errors
    /// `NotAuthorizedOrResourceAlreadyExists`, or that there is no such region.
    pub fn create_vault_secret(&self, region: &str, name: &str, value: &str) -> Result<String, Refusal> {
        let vault = self.vault(region).ok_or_else(|| Refusal::not_found("there is no such region"))?;
        let now = self.inner.desk.clock.now();
        let tenancy = &mut *locked(&self.inner.tenancy);
        if tenancy.vaults.named((&vault.id, name), now).is_some() {
            return Err(Refusal::exists(format!("The vault has a secret with the name {name}.")));
        }
        let mut first = Secret { etag: tenancy.etag(), ..Secret::default() };
        first.upload(upload(value), now)?;
        let id = ocid("vaultsecret", &mut tenancy.random);
        let names = [vault.compartment, vault.id, vault.key, name.to_owned()];
        let kept = Kept::new((id.clone(), region.to_owned()), names, (first, now)).settled();
        tenancy.vaults.secrets.insert(id.clone(), kept);
        Ok(id)
    }

    /// The secret of this name, if there is one.
    pub fn vault_secret(&self, name: &str) -> Option<VaultSecret> {
        let now = self.inner.desk.clock.now();
        let tenancy = locked(&self.inner.tenancy);
        let kept = of_name(&tenancy, name, now)?;
        let secret = kept.latest(now);
        let versions = secret.versions.iter().map(|version| VaultSecretVersion {
            number: version.number,
            name: version.name.clone(),
            stages: version.stages(),
            leaves: version.leaves,
        });
        Some(VaultSecret {
            id: kept.id.clone(),
            name: kept.name.clone(),
            region: kept.region.clone(),
            description: secret.description.clone(),
            tags: secret.tags.clone(),
            leaves: kept.leaves,
            versions: versions.collect(),
        })
    }

    /// What consumers read of a secret in a stage, without any lag.
    pub fn vault_secret_value(&self, name: &str, stage: &str) -> Option<String> {
        let now = self.inner.desk.clock.now();
        let tenancy = locked(&self.inner.tenancy);
        let kept = of_name(&tenancy, name, now).filter(|kept| kept.leaves.is_none())?;
        let secret = kept.seen(now, SignedDuration::ZERO);
        let version = secret.holder(stage).filter(|version| version.leaves.is_none())?;
        String::from_utf8(BASE64_STANDARD.decode(&version.content).ok()?).ok()
    }

    /// Somebody writes a value by hand, and consumers read it from now on.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`, or `LimitExceeded`.
    pub fn edit_vault_secret(&self, name: &str, value: &str) -> Result<u64, Refusal> {
        let mut number = 0;
        self.change_vault_secret(name, |secret, now| {
            number = secret.upload(upload(value), now)?;
            Ok(())
        })?;
        Ok(number)
    }

    /// Somebody turns OCI's own rotation of a secret on or off.
    ///
    /// # Errors
    /// `NotAuthorizedOrNotFound`.
    pub fn set_vault_rotation(&self, name: &str, rotates: bool) -> Result<(), Refusal> {
        self.change_vault_secret(name, |secret, _| {
            secret.rotates = rotates;
            Ok(())
        })
    }

    fn change_vault_secret(
        &self,
        name: &str,
        change: impl FnOnce(&mut Secret, Timestamp) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let now = self.inner.desk.clock.now();
        let tenancy = &mut *locked(&self.inner.tenancy);
        let missing = || Refusal::not_found("there is no such secret");
        let id = of_name(tenancy, name, now).map(|kept| kept.id.clone()).ok_or_else(missing)?;
        let etag = tenancy.etag();
        let kept = tenancy.vaults.secrets.get_mut(&id).ok_or_else(missing)?;
        let mut secret = kept.latest(now);
        change(&mut secret, now)?;
        kept.edit(now, Secret { etag, ..secret });
        Ok(())
    }
}

fn of_name<'a>(tenancy: &'a Tenancy, name: &str, now: Timestamp) -> Option<&'a Kept> {
    let named = tenancy.vaults.secrets.values().filter(|kept| kept.name == name);
    named.filter(|kept| kept.exists(now)).max_by_key(|kept| kept.created)
}

fn upload(value: &str) -> Upload {
    Upload { name: None, content: BASE64_STANDARD.encode(value), is_pending: false }
}
