use std::sync::Arc;

use cloud::{Cloud, Deliverable};
use rotation::Store;
use rotation::testing::ManualClock;
use serde_json::{Value, json};
use system_vault::{Vault, VaultKvDelivery};
use vault_servers::{Admin, unique};

use super::shelves::{BEFORE, BY_HAND, Shelves, owner, with};

/// Paths of a KV engine on a real server, below a folder of their own.
pub(super) struct Paths {
    pub(super) admin: Admin,
    pub(super) mount: String,
    pub(super) folder: String,
    /// How the plugin reaches the server.
    pub(super) address: String,
    pub(super) clock: ManualClock,
}

impl Paths {
    pub(super) fn new(admin: Admin, mount: String, address: String, clock: &ManualClock) -> Self {
        Self { admin, mount, folder: unique("stores"), address, clock: clock.clone() }
    }

    /// A path of the engine's, by the part of it that answers.
    pub(super) fn at(&self, part: &str, name: &str) -> String {
        format!("{}/{part}/{}/{name}", self.mount, self.folder)
    }

    pub(super) fn config(&self) -> Value {
        json!({ "address": self.address, "token": self.admin.token(), "skipTlsVerify": true })
    }

    pub(super) fn inputs(&self, name: &str) -> Value {
        json!({ "mount": self.mount, "path": format!("{}/{name}", self.folder) })
    }

    /// A store, with this configuration and these inputs.
    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    pub(super) fn open_with(&self, config: Value, (inputs, of): (Value, Deliverable)) -> Box<dyn Store> {
        let vault = Vault::in_environment(Arc::new(self.clock.clone()), |_| None);
        vault.configure(serde_json::from_value(config).expect("a configuration"));
        let delivery: VaultKvDelivery = serde_json::from_value(inputs).expect("inputs");
        vault.store(&delivery, ("deliveries[0]", of), &owner())
    }

    /// The path's metadata; null where nothing was ever written.
    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    pub(super) fn metadata(&self, name: &str) -> Value {
        let answer = self.admin.call("GET", &self.at("metadata", name), None).expect("metadata");
        answer.body["data"].clone()
    }

    pub(super) fn newest(&self, name: &str) -> u64 {
        self.metadata(name)["current_version"].as_u64().unwrap_or_default()
    }

    /// What a version holds; none if it cannot be read.
    pub(super) fn version(&self, name: &str, version: u64) -> Option<String> {
        let answer = self.admin.call("GET", &format!("{}?version={version}", self.at("data", name)), None).ok()?;
        (answer.status == 200).then(|| answer.body["data"]["data"].to_string())
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn write(&self, name: &str, text: &str) {
        let data: Value = serde_json::from_str(text).expect("JSON");
        let body = json!({ "options": { "cas": self.newest(name) }, "data": data });
        self.admin.post(&self.at("data", name), &body).expect("a path");
    }
}

impl Shelves for Paths {
    fn open(&self, name: &str, more: &Value, of: Deliverable) -> Box<dyn Store> {
        self.open_with(self.config(), (with(self.inputs(name), more), of))
    }

    fn create(&self) -> Value {
        json!({ "maxVersions": 5, "casRequired": true, "customMetadata": { "team": "ci" } })
    }

    fn make(&self, name: &str) {
        if self.newest(name) == 0 {
            self.write(name, BEFORE);
        }
    }

    fn edit(&self, name: &str) {
        self.write(name, BY_HAND);
    }

    fn value(&self, name: &str) -> Option<String> {
        self.version(name, self.newest(name))
    }

    fn values(&self, name: &str) -> Vec<String> {
        let metadata = self.metadata(name);
        let versions = metadata["versions"].as_object().into_iter().flatten();
        versions.filter_map(|(number, _)| self.version(name, number.parse().ok()?)).collect()
    }

    fn exists(&self, name: &str) -> bool {
        !self.metadata(name).is_null()
    }
}
