//! What the plugin offers. A new system is one line in [`KeyRotation::resources`] and one in [`KeyRotation::configure`].

mod languages;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use pulumi_provider::{
    CheckFailure, ConfigureError, Function, Metadata, Object, ObjectSchema, Provider, Resource, build_schema,
};
use rotation::Clock;
use system_aws::AwsApiKey;
use system_confluent::ConfluentApiKey;
use system_vault::{Vault, VaultApiKey};

use crate::config::Config;
use crate::rotating::{ListKeys, Rotating};

/// The provider `keyrotation`.
pub struct KeyRotation {
    clock: Arc<dyn Clock>,
    aws: Arc<AwsApiKey>,
    confluent: Arc<ConfluentApiKey>,
    vault: Arc<Vault>,
    vault_api_key: Arc<VaultApiKey>,
    refreshes: Arc<AtomicBool>,
}

impl KeyRotation {
    /// With this clock; nothing is configured and nothing contacted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let vault = Arc::new(Vault::new(clock.clone()));
        Self {
            aws: Arc::new(AwsApiKey::new(clock.clone())),
            confluent: Arc::new(ConfluentApiKey::new(clock.clone())),
            vault_api_key: Arc::new(VaultApiKey::new(vault.clone())),
            vault,
            clock,
            refreshes: Arc::default(),
        }
    }
}

impl Provider for KeyRotation {
    fn name(&self) -> &str {
        "keyrotation"
    }

    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    fn metadata(&self) -> Metadata {
        Metadata {
            display_name: "Key rotation".to_owned(),
            description: "Credentials that rotate without an outage, as declared resources.".to_owned(),
            keywords: ["pulumi", "category/cloud", "kind/native", "keyrotation", "secrets"].map(str::to_owned).to_vec(),
            license: "Apache-2.0".to_owned(),
            language: languages::sections(),
            ..Metadata::default()
        }
    }

    fn config(&self) -> ObjectSchema {
        ObjectSchema::of::<Config>()
    }

    fn check_config(&self, config: &Object) -> Vec<CheckFailure> {
        Config::failures(config)
    }

    fn configure(&self, config: Object) -> Result<(), ConfigureError> {
        let config = Config::read(&config)?;
        self.refreshes.store(config.refresh_before_update.unwrap_or(false), Ordering::Relaxed);
        self.aws.configure(config.aws.unwrap_or_default());
        self.confluent.configure(config.confluent.unwrap_or_default());
        self.vault.configure(config.vault.unwrap_or_default());
        Ok(())
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![
            Arc::new(Rotating::new(self.aws.clone(), self.clock.clone(), self.refreshes.clone())),
            Arc::new(Rotating::new(self.confluent.clone(), self.clock.clone(), self.refreshes.clone())),
            Arc::new(Rotating::new(self.vault_api_key.clone(), self.clock.clone(), self.refreshes.clone())),
        ]
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        vec![
            Arc::new(ListKeys::new(self.aws.clone(), self.clock.clone())),
            Arc::new(ListKeys::new(self.confluent.clone(), self.clock.clone())),
            Arc::new(ListKeys::new(self.vault_api_key.clone(), self.clock.clone())),
        ]
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.vault.close())
    }

    fn schema(&self) -> Cow<'static, str> {
        // A test holds this to the committed schema.json, so it cannot fail.
        Cow::Owned(build_schema(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_what_the_types_say() {
        let built = build_schema(&KeyRotation::new(crate::clock::clock())).unwrap();
        let committed = include_str!("../../../schema.json");
        assert_eq!(built, committed, "run `cargo xtask codegen`");
    }
}
