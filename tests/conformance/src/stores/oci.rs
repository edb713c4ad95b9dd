use std::sync::Arc;

use cloud::{Cloud, Deliverable};
use localcloud::Oci as Tenancy;
use localcloud::oci::Vault;
use rotation::Store;
use rotation::testing::ManualClock;
use serde_json::{Value, json};
use system_oci::{Oci, OciVaultDelivery, Parts};

use super::shelves::{BEFORE, BY_HAND, Shelves, owner, with};
use crate::oci::{Pool, admin_config, client};

/// Secrets of the stand-in's vault in another region than the home region.
pub(super) struct VaultSecrets {
    pub(super) tenancy: Tenancy,
    pub(super) endpoint: String,
    pub(super) clock: ManualClock,
}

pub(super) const REGION: &str = "us-phoenix-1";
const STAGES: [&str; 5] = ["CURRENT", "PENDING", "LATEST", "PREVIOUS", "DEPRECATED"];

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
impl VaultSecrets {
    pub(super) fn vault(&self, region: &str) -> Vault {
        self.tenancy.vault(region).expect("a region")
    }

    /// The provider configuration that reaches it as its administrator.
    pub(super) fn config(&self) -> Value {
        let mut config = admin_config(&self.tenancy, &self.endpoint);
        let url = config["endpoints"]["identity"].clone();
        config["region"] = json!(REGION);
        config["endpoints"] = json!({ "identity": url, "vaults": url, "secrets": url });
        config
    }

    /// A store, with this configuration and these inputs.
    pub(super) fn open_with(&self, config: Value, (inputs, of): (Value, Deliverable)) -> Box<dyn Store> {
        let clock: Arc<dyn rotation::Clock> = Arc::new(self.clock.clone());
        let client = client(Arc::clone(&clock)).expect("a client");
        let oci =
            Oci::with_parts(clock, Parts { pairs: Arc::new(Pool::default()), client: Some(client), variables: None });
        oci.configure(serde_json::from_value(config).expect("a configuration"));
        let delivery: OciVaultDelivery = serde_json::from_value(inputs).expect("inputs");
        oci.store(&delivery, ("deliveries[0]", of), &owner())
    }

    pub(super) fn inputs(&self, name: &str) -> Value {
        json!({ "vaultId": self.vault(REGION).id, "secretName": name })
    }
}

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
impl Shelves for VaultSecrets {
    fn open(&self, name: &str, more: &Value, of: Deliverable) -> Box<dyn Store> {
        self.open_with(self.config(), (with(self.inputs(name), more), of))
    }

    fn create(&self) -> Value {
        let Vault { compartment, key, .. } = self.vault(REGION);
        json!({ "compartmentId": compartment, "keyId": key, "description": "of a trial", "freeformTags": { "team": "ci" } })
    }

    fn make(&self, name: &str) {
        drop(self.tenancy.create_vault_secret(REGION, name, BEFORE));
    }

    fn edit(&self, name: &str) {
        self.tenancy.edit_vault_secret(name, BY_HAND).expect("a secret");
    }

    fn value(&self, name: &str) -> Option<String> {
        self.tenancy.vault_secret_value(name, "CURRENT")
    }

    fn values(&self, name: &str) -> Vec<String> {
        STAGES.iter().filter_map(|stage| self.tenancy.vault_secret_value(name, stage)).collect()
    }

    fn exists(&self, name: &str) -> bool {
        self.tenancy.vault_secret(name).is_some_and(|secret| secret.leaves.is_none())
    }
}
