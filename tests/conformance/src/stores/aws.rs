use std::sync::Arc;

use cloud::{Cloud, Deliverable};
use localcloud::aws::Aws as Account;
use rotation::Store;
use rotation::testing::ManualClock;
use serde_json::{Value, json};
use system_aws::{Aws, SecretsManagerDelivery};

use super::shelves::{BEFORE, BY_HAND, Shelves, owner, with};

/// The names of secrets in another region, which are reached by a connection of their own, begin with this.
const ABROAD: &str = "abroad";

/// Secrets of the stand-in's Secrets Manager.
pub(super) struct Secrets {
    pub(super) account: Account,
    pub(super) endpoint: String,
    pub(super) clock: ManualClock,
}

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
impl Shelves for Secrets {
    fn open(&self, name: &str, more: &Value, of: Deliverable) -> Box<dyn Store> {
        let admin = self.account.admin_credentials();
        let config = json!({
            "region": "us-east-1",
            "accessKey": admin.access_key_id,
            "secretKey": admin.secret_access_key,
            "endpoints": { "secretsManager": self.endpoint, "sts": self.endpoint },
        });
        let mut inputs = with(json!({ "secretId": name }), more);
        if !name.starts_with(ABROAD) {
            return open(&self.clock, config, (inputs, of));
        }
        // With credentials of its own, beside a configuration that reaches nothing.
        inputs["connection"] = with(config, &json!({ "region": "eu-west-1" }));
        open(&self.clock, json!({ "region": "us-east-1" }), (inputs, of))
    }

    fn create(&self) -> Value {
        json!({})
    }

    fn make(&self, name: &str) {
        // Two that find it missing at once have both made it.
        drop(self.account.create_secret(name, Some(BEFORE)));
    }

    fn edit(&self, name: &str) {
        self.account.edit_secret(name, BY_HAND).expect("a secret");
    }

    fn value(&self, name: &str) -> Option<String> {
        self.account.secret_value(name, "AWSCURRENT")
    }

    fn values(&self, name: &str) -> Vec<String> {
        let secret = self.account.secret(name).filter(|secret| secret.deleted_until.is_none());
        let versions = secret.into_iter().flat_map(|secret| secret.versions);
        let labels = versions.flat_map(|version| version.stages);
        labels.filter_map(|label| self.account.secret_value(name, &label)).collect()
    }

    fn exists(&self, name: &str) -> bool {
        self.account.secret(name).is_some_and(|secret| secret.deleted_until.is_none())
    }
}

/// A store, with this configuration and these inputs.
#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
pub(super) fn open(clock: &ManualClock, config: Value, (inputs, of): (Value, Deliverable)) -> Box<dyn Store> {
    let aws = Aws::new(Arc::new(clock.clone()));
    aws.configure(serde_json::from_value(config).expect("a configuration"));
    let delivery: SecretsManagerDelivery = serde_json::from_value(inputs).expect("inputs");
    aws.store(&delivery, ("deliveries[0]", of), &owner())
}
