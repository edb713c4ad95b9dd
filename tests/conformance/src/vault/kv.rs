//! A path of a KV engine.

use std::sync::Arc;

use anyhow::Result;
use cloud::RotatingResource;
use rotation::{KeyId, KeyIssuer, Known};
use serde_json::{Value, json};
use system_vault::{Vault, VaultApiKey};
use vault_servers::{Admin, unique};

use super::on_vault::{OnVault, VaultGround, VaultPlace, VaultWay};
use crate::rig::{Feature, Place};

/// Versions at a path on a real server.
pub type VaultKv = OnVault<KvPath>;

/// A path of its own.
#[derive(Clone)]
pub struct KvPath {
    admin: Admin,
    mount: String,
    path: String,
}

impl VaultPlace for KvPath {
    const FEATURES: &[Feature] = &[
        Feature::Strangers,
        Feature::Faults,
        Feature::Network,
        Feature::Disables,
        Feature::Claims,
        Feature::Tries,
        Feature::Stores,
        Feature::AllStores,
    ];

    fn new(ground: &VaultGround) -> Result<Self> {
        let (admin, mount) = (ground.0.admin.clone(), ground.0.mount.clone());
        Ok(Self { admin, mount, path: unique("apps/key") })
    }

    fn issuer(vault: Arc<Vault>, inputs: Value, known: Known<'_>) -> Result<Box<dyn KeyIssuer>> {
        Ok(VaultApiKey::new(vault).issuer(&serde_json::from_value(inputs)?, known))
    }

    fn admin(&self) -> &Admin {
        &self.admin
    }

    fn inputs(&self) -> Value {
        json!({"mount": self.mount, "path": self.path})
    }

    fn nowhere(&self) -> Value {
        json!({"mount": "nowhere", "path": self.path})
    }
}

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
impl Place for KvPath {
    type Way = VaultWay;

    fn plain(&self, call: String) -> String {
        let (mount, path) = (format!("{}/", self.mount), format!("/{}", self.path));
        call.replace(&mount, "").replace(&path, "").replace(&self.mount, "MOUNT")
    }

    fn keys(&self) -> Vec<KeyId> {
        self.versions().into_iter().map(|version| KeyId(version.to_string())).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        let path = format!("{}?version={id}", self.at("data"));
        self.admin.call("GET", &path, None).is_ok_and(|answer| answer.status == 200)
    }

    fn mint(&self) -> Option<KeyId> {
        let version = self.metadata()["current_version"].as_u64().unwrap_or_default();
        let body = json!({"options": {"cas": version}, "data": {"theirs": "a stranger's value"}});
        let written = self.admin.post(&self.at("data"), &body).ok()?;
        Some(KeyId(written["data"]["version"].as_u64()?.to_string()))
    }

    fn delete(&self, id: &KeyId) {
        self.admin.put(&self.at("destroy"), &json!({"versions": [id.0]})).expect("a version that exists");
    }

    fn disable(&self, id: &KeyId) {
        self.admin.post(&self.at("delete"), &json!({"versions": [id.0]})).expect("a version that exists");
    }

    fn strip(&self) {
        let metadata = self.metadata();
        let notes = metadata["custom_metadata"].as_object().into_iter().flatten();
        let gone: serde_json::Map<_, _> = notes.map(|(name, _)| (name.clone(), Value::Null)).collect();
        if !gone.is_empty() {
            let body = json!({"custom_metadata": gone});
            self.admin.call("PATCH", &self.at("metadata"), Some(&body)).expect("a patch");
        }
    }

    fn marks(&self) -> usize {
        let metadata = self.metadata();
        let notes = metadata["custom_metadata"].as_object().into_iter().flatten();
        notes.filter(|(name, _)| name.starts_with("keyrotation-") && name.ends_with(".1")).count()
    }
}

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
impl KvPath {
    /// A path of the engine's, by the part of it that answers: `data` or `metadata` for example.
    pub fn at(&self, part: &str) -> String {
        format!("{}/{part}/{}", self.mount, self.path)
    }

    fn metadata(&self) -> Value {
        let answer = self.admin.call("GET", &self.at("metadata"), None).expect("metadata");
        answer.body["data"].clone()
    }

    /// The numbers of the versions that exist, the oldest first.
    fn versions(&self) -> Vec<u64> {
        let metadata = self.metadata();
        let versions = metadata["versions"].as_object().into_iter().flatten();
        let existing = versions.filter(|(_, version)| version["destroyed"] == json!(false));
        let mut numbers: Vec<u64> = existing.filter_map(|(number, _)| number.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    }
}
