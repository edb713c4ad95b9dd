//! Secrets behind the API: for tests that prepare them, edit them, or look whether they are as they should be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::lifecycle::empty;
use super::secret::{CURRENT, Rotation, Secret as Kept, Value, Wanted, holder};
use super::shelf::Shelf;
use crate::aws::Aws;
use crate::aws::error::Refusal;
use crate::locked;

/// A secret, without its values.
#[derive(Clone, Debug, Serialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The region it is in.
    pub region: String,
    /// The regions it is replicated to.
    pub replicas: BTreeSet<String>,
    /// Its description.
    pub description: Option<String>,
    /// The KMS key that it is encrypted with, unless that is AWS's own.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether a rotation is set up and enabled.
    pub rotates: bool,
    /// Until when it can be restored, if it was deleted.
    pub deleted_until: Option<Timestamp>,
    /// Its versions as last written, whatever readers see yet, oldest first.
    pub versions: Vec<SecretVersion>,
}

/// A version of a secret.
#[derive(Clone, Debug, Serialize)]
pub struct SecretVersion {
    /// Its id.
    pub id: String,
    /// Its staging labels.
    pub stages: BTreeSet<String>,
}

impl Secret {
    /// The version that has a staging label.
    pub fn version_of(&self, stage: &str) -> Option<&str> {
        let found = self.versions.iter().find(|version| version.stages.contains(stage));
        found.map(|version| version.id.as_str())
    }
}

/// The region of the secrets that are made here.
const REGION: &str = "us-east-1";

impl Aws {
    /// Every secret that exists, those that wait for their deletion among them.
    pub fn secrets(&self) -> Vec<Secret> {
        self.on_shelf(|shelf, _| shelf.secrets.iter().map(seen).collect())
    }

    /// The secret of this name.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.secrets().into_iter().find(|secret| secret.name == name)
    }

    /// What the version with this staging label holds, as a reader who comes now gets it.
    pub fn secret_value(&self, name: &str, stage: &str) -> Option<String> {
        self.on_shelf(|shelf, now| {
            let secret = shelf.secrets.iter().find(|secret| secret.name == name && secret.deletion.is_none())?;
            let wanted = Wanted { stage: Some(stage), ..Wanted::default() };
            match secret.read(&wanted, now, shelf.lag).ok()?.1.value.clone()? {
                Value::Text(text) | Value::Binary(text) => Some(text),
            }
        })
    }

    /// Makes a secret in us-east-1 as if somebody else had, with a value or empty.
    ///
    /// # Errors
    /// `ResourceExistsException`.
    pub fn create_secret(&self, name: &str, value: Option<&str>) -> Result<(), Refusal> {
        let mut account = locked(&self.inner.account);
        let now = self.inner.desk.clock.now();
        let (suffix, token) = (account.random.base32(6), account.random.uuid());
        let arn = format!("arn:aws:secretsmanager:{REGION}:{}:secret:{name}-{suffix}", account.id);
        if account.secrets.find(REGION, name).is_ok() {
            return Err(super::error::exists(name));
        }
        let mut secret = empty(name.to_owned(), arn, REGION, now);
        if let Some(value) = value {
            secret.put(&token, Value::Text(value.to_owned()), None, now)?;
        }
        account.secrets.secrets.push(secret);
        Ok(())
    }

    /// Puts a value as the current one, as a person does by hand.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn edit_secret(&self, name: &str, value: &str) -> Result<(), Refusal> {
        let token = locked(&self.inner.account).random.uuid();
        self.on_secret(name, |secret, now| secret.put(&token, Value::Text(value.to_owned()), None, now))
    }

    /// Makes another version the current one, as a person does by hand.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn move_current(&self, name: &str, version: &str) -> Result<(), Refusal> {
        self.on_secret(name, |secret, now| {
            let from = holder(secret.versions.latest(), CURRENT);
            secret.move_stage(CURRENT, (from.as_deref(), Some(version)), now)
        })
    }

    /// Takes a staging label off a version, as a person does by hand.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, or `InvalidParameterException` where the version does not have it.
    pub fn take_off(&self, name: &str, stage: &str, version: &str) -> Result<(), Refusal> {
        self.on_secret(name, |secret, now| secret.move_stage(stage, (Some(version), None), now))
    }

    /// Deletes a secret for good, as if somebody else had.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn delete_secret(&self, name: &str) -> Result<(), Refusal> {
        self.on_secret(name, |_, _| Ok(()))?;
        self.on_shelf(|shelf, _| shelf.secrets.retain(|secret| secret.name != name));
        Ok(())
    }

    /// Sets up a rotation, or takes it away, without rotating.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn set_rotation(&self, name: &str, function: Option<&str>) -> Result<(), Refusal> {
        let rules = serde_json::json!({ "AutomaticallyAfterDays": 30 });
        let rotation = function.map(|function| Rotation { enabled: true, function: function.to_owned(), rules });
        self.on_secret(name, |secret, _| {
            secret.rotation = rotation;
            Ok(())
        })
    }

    /// Whether functions that rotate fail from now on: the version that AWS began for them stays empty.
    pub fn fail_rotations(&self, fail: bool) {
        self.on_shelf(|shelf, _| shelf.rotations_fail = fail);
    }

    fn on_secret(
        &self,
        name: &str,
        change: impl FnOnce(&mut Kept, Timestamp) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.on_shelf(|shelf, now| {
            let secret = shelf.secrets.iter_mut().find(|secret| secret.name == name);
            change(secret.ok_or_else(super::error::no_secret)?, now)
        })
    }

    fn on_shelf<T>(&self, act: impl FnOnce(&mut Shelf, Timestamp) -> T) -> T {
        let now = self.inner.desk.clock.now();
        let mut account = locked(&self.inner.account);
        account.secrets.purge(now);
        act(&mut account.secrets, now)
    }
}

fn seen(secret: &Kept) -> Secret {
    let mut versions: Vec<_> = secret.versions.latest().iter().collect();
    versions.sort_by_key(|(_, version)| version.created);
    let version = |(id, version): (&String, &super::secret::Version)| SecretVersion {
        id: id.clone(),
        stages: version.stages.clone(),
    };
    Secret {
        name: secret.name.clone(),
        arn: secret.arn.clone(),
        region: secret.region.clone(),
        replicas: secret.replicas.clone(),
        description: secret.description.clone(),
        kms_key: secret.kms_key.clone(),
        tags: secret.tags.clone(),
        rotates: secret.rotation.as_ref().is_some_and(|rotation| rotation.enabled),
        deleted_until: secret.deletion.map(|deletion| deletion.until),
        versions: versions.into_iter().map(version).collect(),
    }
}
