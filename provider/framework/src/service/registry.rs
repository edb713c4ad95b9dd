use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use tonic::Status;

use crate::provider::Provider;
use crate::resource::{Function, Resource, Urn};
use crate::schema::ObjectSchema;

/// What a provider has, by token. Made at first use: a plugin that only answers who it is makes no
/// schemas.
#[derive(Default)]
pub(super) struct Registry {
    resources: OnceLock<HashMap<String, Arc<Entry>>>,
    functions: OnceLock<HashMap<String, Arc<FunctionEntry>>>,
    config: OnceLock<ObjectSchema>,
}

/// A resource and the facts of its properties.
pub(super) struct Entry {
    pub(super) resource: Arc<dyn Resource>,
    pub(super) inputs: ObjectSchema,
    /// Outputs, inputs included.
    pub(super) outputs: ObjectSchema,
    pub(super) lists: bool,
}

/// A function and the facts of its answer.
pub(super) struct FunctionEntry {
    pub(super) function: Arc<dyn Function>,
    pub(super) outputs: ObjectSchema,
}

impl Registry {
    pub(super) fn config(&self, provider: &dyn Provider) -> &ObjectSchema {
        self.config.get_or_init(|| provider.config())
    }

    /// The resource that a URN's type names.
    pub(super) fn resource(&self, provider: &dyn Provider, urn: &Urn) -> Result<&Arc<Entry>, Status> {
        self.resource_by_token(provider, urn.resource_type())
    }

    pub(super) fn resource_by_token(&self, provider: &dyn Provider, token: &str) -> Result<&Arc<Entry>, Status> {
        let resources = self.resources.get_or_init(|| resources(provider));
        resources.get(token).ok_or_else(|| none_of("resource type", token))
    }

    pub(super) fn function(&self, provider: &dyn Provider, token: &str) -> Result<&Arc<FunctionEntry>, Status> {
        let functions = self.functions.get_or_init(|| functions(provider));
        functions.get(token).ok_or_else(|| none_of("function", token))
    }
}

fn resources(provider: &dyn Provider) -> HashMap<String, Arc<Entry>> {
    let entry = |resource: Arc<dyn Resource>| {
        let spec = resource.spec();
        let outputs = spec.inputs.clone().merge(spec.outputs).sealed();
        let lists = spec.list_inputs.is_some();
        (full_token(provider, &spec.token), Arc::new(Entry { resource, inputs: spec.inputs, outputs, lists }))
    };
    provider.resources().into_iter().map(entry).collect()
}

fn functions(provider: &dyn Provider) -> HashMap<String, Arc<FunctionEntry>> {
    let entry = |function: Arc<dyn Function>| {
        let spec = function.spec();
        (full_token(provider, &spec.token), Arc::new(FunctionEntry { function, outputs: spec.outputs }))
    };
    provider.functions().into_iter().map(entry).collect()
}

fn full_token(provider: &dyn Provider, token: &str) -> String {
    crate::schema::full_token(provider.name(), token)
}

fn none_of(what: &str, token: &str) -> Status {
    Status::invalid_argument(format!("this provider has no {what} {token:?}"))
}
