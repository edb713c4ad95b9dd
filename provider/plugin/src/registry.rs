//! What the plugin offers. A new resource is one line in [`KeyRotation::offers`]; a new system is also one in [`Systems`], in its
//! `new` and its `configure`, and one in the configuration.

mod languages;

use std::borrow::Cow;
use std::sync::Arc;

use futures::future::BoxFuture;
use pulumi_provider::{
    CheckFailure, ConfigureError, Function, Metadata, Object, ObjectSchema, Provider, Resource, build_schema,
};
use rotation::{Clock, System};
use system_aws::AwsApiKey;
use system_confluent::ConfluentApiKey;
use system_oci::{Oci, OciApiKey, OciAuthToken, OciCustomerSecretKey};
use system_vault::{Vault, VaultApiKey, VaultJwtKey, VaultLease, VaultRoot, VaultSecretId};

use crate::config::Config;
use crate::root::RotatingRoot;
use crate::rotating::{ListKeys, Rotating};
use crate::switches::Switches;

/// The provider `keyrotation`.
pub struct KeyRotation {
    clock: Arc<dyn Clock>,
    systems: Systems,
    switches: Arc<Switches>,
}

/// What is configured, system by system.
struct Systems {
    aws: Arc<AwsApiKey>,
    confluent: Arc<ConfluentApiKey>,
    oci: Arc<Oci>,
    vault: Arc<Vault>,
}

impl Systems {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            aws: Arc::new(AwsApiKey::new(clock.clone())),
            confluent: Arc::new(ConfluentApiKey::new(clock.clone())),
            oci: Arc::new(Oci::new(clock.clone())),
            vault: Arc::new(Vault::new(clock.clone())),
        }
    }

    fn configure(&self, config: Config) {
        self.aws.configure(config.aws.unwrap_or_default());
        self.confluent.configure(config.confluent.unwrap_or_default());
        self.oci.configure(config.oci.unwrap_or_default());
        self.vault.configure(config.vault.unwrap_or_default());
    }
}

/// One resource with the function that lists the keys of its principal.
type Offer = (Arc<dyn Resource>, Arc<dyn Function>);

impl KeyRotation {
    /// With this clock; nothing is configured and nothing contacted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { systems: Systems::new(&clock), clock, switches: Arc::default() }
    }

    fn offers(&self) -> Vec<Offer> {
        let Systems { aws, confluent, oci, vault } = &self.systems;
        vec![
            self.offer(aws.clone()),
            self.offer(confluent.clone()),
            self.offer(Arc::new(OciApiKey(oci.clone()))),
            self.offer(Arc::new(OciAuthToken(oci.clone()))),
            self.offer(Arc::new(OciCustomerSecretKey(oci.clone()))),
            self.offer(Arc::new(VaultApiKey::new(vault.clone()))),
            self.offer(Arc::new(VaultSecretId::new(vault.clone()))),
            self.offer(Arc::new(VaultJwtKey::new(vault.clone()))),
            self.offer(Arc::new(VaultLease::new(vault.clone()))),
        ]
    }

    /// Resources without keys of their own, of which there is nothing to list.
    fn keyless(&self) -> Vec<Arc<dyn Resource>> {
        let Systems { aws, vault, .. } = &self.systems;
        let root = VaultRoot::new(vault.clone());
        vec![Arc::new(RotatingRoot::new(root, aws.clone(), self.clock.clone(), self.switches.clone()))]
    }

    fn offer<S: System>(&self, system: Arc<S>) -> Offer {
        let resource = Rotating::new(system.clone(), self.clock.clone(), self.switches.clone());
        (Arc::new(resource), Arc::new(ListKeys::new(system, self.clock.clone())))
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
            publisher: "keyrotation".to_owned(),
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
        self.switches.configure(&config);
        self.systems.configure(config);
        Ok(())
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        self.offers().into_iter().map(|(resource, _)| resource).chain(self.keyless()).collect()
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        self.offers().into_iter().map(|(_, function)| function).collect()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.systems.vault.close())
    }

    fn schema(&self) -> Cow<'static, str> {
        // A test holds this to the committed schema.json, so it cannot fail.
        Cow::Owned(build_schema(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
