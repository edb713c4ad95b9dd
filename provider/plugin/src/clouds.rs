//! Any cloud, as the provider sees it: a section of the configuration, resources, and functions that list keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::{Cloud, Resources, RotatingResource};
use futures::future::BoxFuture;
use pulumi_provider::{CheckFailure, Decoded, Function, Object, Resource, Value, decode};
use rotation::Clock;
use schemars::{Schema, SchemaGenerator};

use crate::delivery::DeliveryClouds;
use crate::rotating::{Audits, ListKeys, Rotating};
use crate::switches::Switches;

/// What all resources of a provider share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) switches: Arc<Switches>,
    /// Where keys are delivered to.
    pub(crate) delivery_clouds: DeliveryClouds,
}

/// Resources, and for each the function that lists the keys of its principal.
pub(crate) struct Offers {
    pub(crate) resources: Vec<Arc<dyn Resource>>,
    pub(crate) functions: Vec<Arc<dyn Function>>,
    /// What the report over all principals asks.
    pub(crate) audits: Vec<Arc<dyn Audits>>,
    shared: Shared,
}

impl Offers {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { resources: Vec::new(), functions: Vec::new(), audits: Vec::new(), shared }
    }
}

impl Resources for Offers {
    fn add<R: RotatingResource>(&mut self, resource: R) {
        let resource = Arc::new(resource);
        let Shared { clock, switches, delivery_clouds } = self.shared.clone();
        let list = Arc::new(ListKeys::new(Arc::clone(&resource), Arc::clone(&clock)));
        self.audits.push(Arc::clone(&list) as Arc<dyn Audits>);
        self.functions.push(list);
        self.resources.push(Arc::new(Rotating::new(resource, clock, switches, delivery_clouds)));
    }
}

/// A cloud whose types the provider does not know.
pub(crate) trait AnyCloud: Send + Sync {
    /// The name of its section.
    fn name(&self) -> &'static str;

    /// The section as a property of the configuration.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;

    /// What is wrong with its section, as far as that is known.
    fn failures(&self, config: &Object) -> Vec<CheckFailure>;

    /// Takes its section of a checked configuration.
    fn configure(&self, config: &Object);

    /// Adds what it offers.
    fn offer(&self, to: &mut Offers);

    /// Releases resources.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A cloud as any other one.
pub(crate) struct Registered<C>(pub(crate) Arc<C>);

impl<C: Cloud> AnyCloud for Registered<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<Option<C::Config>>();
        schema.insert("description".to_owned(), C::ABOUT.into());
        schema
    }

    fn failures(&self, config: &Object) -> Vec<CheckFailure> {
        let Decoded { value, mut failures, .. } = section::<C>(config);
        let is_known = !config.get(C::NAME).is_some_and(Value::contains_unknown);
        let problems = value.filter(|_| is_known).map(|config| C::problems(&config));
        failures.extend(
            problems
                .unwrap_or_default()
                .into_iter()
                .map(|problem| CheckFailure::new(format!("{}.{}", C::NAME, problem.property), problem.reason)),
        );
        failures
    }

    fn configure(&self, config: &Object) {
        self.0.configure(section::<C>(config).value.unwrap_or_default());
    }

    fn offer(&self, to: &mut Offers) {
        Arc::clone(&self.0).resources(to);
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.close()
    }
}

/// The section of a cloud, which is all that it reads.
fn section<C: Cloud>(config: &Object) -> Decoded<C::Config> {
    let own = config.iter().filter(|(name, _)| *name == C::NAME);
    let own: Object = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    let Decoded { value, failures, unknowns } = decode::<BTreeMap<String, Option<C::Config>>>(&own);
    let value = value.and_then(|mut sections| sections.remove(C::NAME)).flatten();
    Decoded { value, failures, unknowns }
}
