//! What the plugin offers. A new cloud is one line in [`KeyRotation::new`].

mod languages;
mod publisher;

use std::borrow::Cow;
use std::sync::Arc;

use cloud::Cloud;
use futures::future::BoxFuture;
use pulumi_provider::{
    CheckFailure, Code, ConfigureError, Error, Function, Metadata, Object, ObjectSchema, Provider, Resource,
    build_schema,
};
use rotation::Clock;
use schemars::{SchemaGenerator, json_schema};
use serde_json::Map;
use system_aws::Aws;
use system_confluent::Confluent;
use system_oci::Oci;
use system_vault::{Vault, VaultRoot};

use crate::clouds::{AnyCloud, Offers, Registered, Shared};
use crate::config::General;
use crate::delivery::DeliveryClouds;
use crate::root::RotatingRoot;
use crate::rotating::Report;

/// The provider `keyrotation`.
pub struct KeyRotation {
    shared: Shared,
    clouds: Vec<Box<dyn AnyCloud>>,
    /// Makes the resources that are no cloud's own.
    others: Vec<MakeResource>,
}

/// What users read about the provider configuration as a whole.
const ABOUT: &str = "What the plugin is configured with: one object for each system. A system that no resource uses is never contacted.";

type MakeResource = Box<dyn Fn(&Shared) -> Arc<dyn Resource> + Send + Sync>;

impl KeyRotation {
    /// With this clock; nothing is configured and nothing contacted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let aws = Arc::new(Aws::new(Arc::clone(&clock)));
        let vault = Arc::new(Vault::new(Arc::clone(&clock)).with_aws(aws.clone()));
        let oci = Arc::new(Oci::new(Arc::clone(&clock)));
        Self::without_clouds(Arc::clone(&clock))
            .delivering_to(DeliveryClouds::of(Arc::clone(&aws), Arc::clone(&vault), Arc::clone(&oci)))
            .with(Arc::clone(&aws))
            .with(Arc::new(Confluent::new(clock)))
            .with(oci)
            .with(Arc::clone(&vault))
            .with_resource(move |Shared { clock, switches, .. }| {
                let root = VaultRoot::new(Arc::clone(&vault));
                RotatingRoot::new(root, Arc::clone(&aws), Arc::clone(clock), Arc::clone(switches))
            })
    }

    /// With nothing to rotate: clouds are added by [`with`](Self::with).
    pub fn without_clouds(clock: Arc<dyn Clock>) -> Self {
        let delivery_clouds = DeliveryClouds::new(Arc::clone(&clock));
        let shared = Shared { clock, switches: Arc::default(), delivery_clouds };
        Self { shared, clouds: Vec::new(), others: Vec::new() }
    }

    /// With the stores of clouds that are configured.
    fn delivering_to(mut self, delivery_clouds: DeliveryClouds) -> Self {
        self.shared.delivery_clouds = delivery_clouds;
        self
    }

    /// With one cloud more: its section in the configuration, its resources, and their functions.
    #[must_use]
    pub fn with<C: Cloud>(mut self, cloud: Arc<C>) -> Self {
        self.clouds.push(Box::new(Registered(cloud)));
        self
    }

    /// With one resource more that has no keys of its own, of which there is nothing to list.
    fn with_resource<R: Resource>(mut self, make: impl Fn(&Shared) -> R + Send + Sync + 'static) -> Self {
        self.others.push(Box::new(move |shared| Arc::new(make(shared))));
        self
    }

    fn offers(&self) -> Offers {
        let mut offers = Offers::new(self.shared.clone());
        self.clouds.iter().for_each(|cloud| cloud.offer(&mut offers));
        offers.resources.extend(self.others.iter().map(|make| make(&self.shared)));
        offers
    }

    fn sections(&self) -> Vec<&'static str> {
        self.clouds.iter().map(|cloud| cloud.name()).collect()
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
            description:
                "The keyrotation package rotates API keys of AWS, OCI, Vault and Confluent Cloud without an outage."
                    .to_owned(),
            keywords: ["pulumi", "category/cloud", "kind/native", "keyrotation", "secrets"].map(str::to_owned).to_vec(),
            homepage: publisher::REPOSITORY.to_owned(),
            repository: publisher::REPOSITORY.to_owned(),
            license: "Apache-2.0".to_owned(),
            publisher: publisher::NAME.to_owned(),
            logo_url: publisher::LOGO_URL.to_owned(),
            plugin_download_url: publisher::DOWNLOAD_URL.to_owned(),
            language: languages::sections(),
            ..Metadata::default()
        }
    }

    fn config(&self) -> ObjectSchema {
        // One generator for all, which tells types of one name apart.
        let mut generator = SchemaGenerator::default();
        let mut properties = Map::new();
        for cloud in &self.clouds {
            properties.insert(cloud.name().to_owned(), cloud.schema(&mut generator).to_value());
        }
        let definitions = generator.take_definitions(true);
        let sections =
            json_schema!({ "type": "object", "description": ABOUT, "properties": properties, "$defs": definitions });
        ObjectSchema::from_schema(&sections).merge(General::schema())
    }

    fn check_config(&self, config: &Object) -> Vec<CheckFailure> {
        let of_clouds = self.clouds.iter().flat_map(|cloud| cloud.failures(config));
        General::failures(config, &self.sections()).into_iter().chain(of_clouds).collect()
    }

    fn configure(&self, config: Object) -> Result<(), ConfigureError> {
        let failures = self.check_config(&config);
        if !failures.is_empty() {
            let told = failures.iter().map(|failure| format!("{} {}", failure.property, failure.reason));
            return Err(Error::new(Code::InvalidArgument, told.collect::<Vec<_>>().join("; ")).into());
        }
        self.shared.switches.configure(&General::read(&config, &self.sections()));
        self.clouds.iter().for_each(|cloud| cloud.configure(&config));
        Ok(())
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        self.offers().resources
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        let offers = self.offers();
        let mut functions = offers.functions;
        if !offers.audits.is_empty() {
            functions.push(Arc::new(Report(offers.audits)));
        }
        functions
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            for cloud in &self.clouds {
                cloud.close().await;
            }
        })
    }

    fn schema(&self) -> Cow<'static, str> {
        // A test holds this to the committed schema.json, so it cannot fail.
        Cow::Owned(build_schema(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
