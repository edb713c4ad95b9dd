use std::sync::Arc;

use futures::future::BoxFuture;
use rotation::{Clock, Problem};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::RotatingResource;

/// A cloud or a server whose keys are rotated: one section of the provider configuration, and what is reached by it.
pub trait Cloud: Send + Sync + 'static {
    /// The name of its section in the provider configuration, and the module of its resources' tokens, such as `aws`.
    const NAME: &'static str;
    /// What users read about that section.
    const ABOUT: &'static str;
    /// The section. Its default is a cloud of which nothing is configured.
    type Config: Default + DeserializeOwned + JsonSchema;

    /// With nothing configured: then everything comes from the environment. Nothing is looked up yet.
    fn new(clock: Arc<dyn Clock>) -> Self
    where
        Self: Sized;

    /// What is wrong with a configuration, beyond its types, as far as that shows without a call. Properties are relative to the section.
    fn problems(config: &Self::Config) -> Vec<Problem>;

    /// Takes another configuration, for issuers that are asked for from now on. Nothing is looked up yet.
    fn configure(&self, config: Self::Config);

    /// Hands over each of its resources.
    fn resources(self: Arc<Self>, to: &mut impl Resources);

    /// Releases resources, such as a session's token, when the process ends.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Takes the resources of a cloud, whatever their types are.
pub trait Resources {
    /// One more.
    fn add<R: RotatingResource>(&mut self, resource: R);
}
