//! A role of an AppRole method.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use cloud::RotatingResource;
use localcloud::locked;
use rotation::{KeyId, KeyIssuer, Known};
use serde_json::{Value, json};
use system_vault::{Vault, VaultSecretId};
use vault_servers::{Admin, unique};

use super::on_vault::{OnVault, VaultGround, VaultPlace, VaultWay};
use crate::rig::{Feature, Place};

/// Secret-ids on a real server.
pub type VaultSecretIds = OnVault<AppRoleRole>;

/// A role of its own.
#[derive(Clone)]
pub struct AppRoleRole {
    admin: Admin,
    mount: String,
    role: String,
    /// What was seen of secret-ids: none of it changes.
    seen: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl VaultPlace for AppRoleRole {
    const FEATURES: &[Feature] = &[
        Feature::Strangers,
        Feature::Faults,
        Feature::Network,
        Feature::Claims,
        Feature::Tries,
        Feature::Stores,
        Feature::AllStores,
    ];

    fn new(ground: &VaultGround) -> Result<Self> {
        let (admin, mount) = (ground.0.admin.clone(), ground.0.approle.clone());
        let place = Self { admin, mount, role: unique("role"), seen: Arc::default() };
        place.admin.post(place.path().trim_end_matches('/'), &json!({"token_policies": ["default"]}))?;
        Ok(place)
    }

    fn issuer(vault: Arc<Vault>, inputs: Value, known: Known<'_>) -> Result<Box<dyn KeyIssuer>> {
        Ok(VaultSecretId::new(vault).issuer(&serde_json::from_value(inputs)?, known))
    }

    fn admin(&self) -> &Admin {
        &self.admin
    }

    fn inputs(&self) -> Value {
        json!({"mount": self.mount, "role": self.role})
    }

    fn nowhere(&self) -> Value {
        json!({"mount": self.mount, "role": "nobody"})
    }
}

impl Place for AppRoleRole {
    type Way = VaultWay;

    fn plain(&self, call: String) -> String {
        call.replace(&self.path(), "").replace(&format!("auth/{}/", self.mount), "")
    }

    fn keys(&self) -> Vec<KeyId> {
        let keys = self.all().into_iter().filter(|(_, seen)| mark_of(seen).is_none());
        let mut keys: Vec<_> = keys.map(|(id, seen)| (seen["creation_time"].to_string(), KeyId(id))).collect();
        keys.sort();
        keys.into_iter().map(|(_, id)| id).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.all().contains_key(&id.0)
    }

    fn mint(&self) -> Option<KeyId> {
        let made = self.admin.post(&self.at("secret-id"), &json!({})).ok()?;
        Some(KeyId(made["data"]["secret_id_accessor"].as_str()?.to_owned()))
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        let body = json!({"secret_id_accessor": id.0});
        self.admin.post(&self.at("secret-id-accessor/destroy"), &body).expect("a secret-id that exists");
    }

    fn strip(&self) {
        let marks = self.all().into_iter().filter(|(_, seen)| mark_of(seen).is_some());
        marks.for_each(|(id, _)| self.delete(&KeyId(id)));
    }

    fn marks(&self) -> usize {
        self.all().values().filter_map(mark_of).collect::<BTreeSet<_>>().len()
    }
}

impl AppRoleRole {
    /// A path of the role's.
    pub fn at(&self, part: &str) -> String {
        format!("{}{part}", self.path())
    }

    /// The mount, without `auth/`.
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// What the server says of a secret-id.
    ///
    /// # Errors
    /// There is none.
    pub fn look_up(&self, accessor: &str) -> Result<Value> {
        let body = json!({"secret_id_accessor": accessor});
        let found = self.admin.post(&self.at("secret-id-accessor/lookup"), &body)?;
        found.get("data").cloned().context("it has ended")
    }

    /// Whether somebody who has this secret-id gets in.
    ///
    /// # Errors
    /// The role does not exist.
    pub fn lets_in(&self, secret_id: &str) -> Result<bool> {
        let role_id = self.admin.get(&self.at("role-id"))?["data"]["role_id"].clone();
        Ok(self.admin.log_in(&self.mount, &json!({"role_id": role_id, "secret_id": secret_id})).is_ok())
    }

    fn path(&self) -> String {
        format!("auth/{}/role/{}/", self.mount, self.role)
    }

    /// Every secret-id, by its accessor.
    pub fn all(&self) -> BTreeMap<String, Value> {
        let listed = self.admin.list(&self.at("secret-id")).unwrap_or_default();
        let mut seen = locked(&self.seen);
        let facts = listed.into_iter().filter_map(|accessor| {
            let facts = seen.get(&accessor).cloned().or_else(|| self.look_up(&accessor).ok())?;
            seen.insert(accessor.clone(), facts.clone());
            Some((accessor, facts))
        });
        facts.collect()
    }
}

/// Whose mark it is, if it is one.
fn mark_of(facts: &Value) -> Option<String> {
    let mut names = facts["metadata"].as_object()?.keys();
    names.find(|name| name.starts_with("keyrotation-") && name.len() > "keyrotation-turn".len()).cloned()
}
