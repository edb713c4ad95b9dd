//! A provider: its name, its configuration, its resources and functions.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use crate::resource::{CheckFailure, Error, Function, Resource};
use crate::schema::{Metadata, ObjectSchema};
use crate::value::Object;

/// A configuration key that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey {
    /// The key, without the package's name.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
}

/// Why a configuration is not accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConfigureError {
    /// These keys must be set first.
    MissingKeys(Vec<MissingKey>),
    /// Anything else.
    Failed(Error),
}

impl From<Error> for ConfigureError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A Pulumi package: what `pulumi-resource-<name>` serves.
pub trait Provider: Send + Sync + 'static {
    /// The package's name, as in `pulumi-resource-<name>`.
    fn name(&self) -> &str;

    /// The version, in semver without a leading `v`.
    fn version(&self) -> &str;

    /// What describes the package in its schema: texts, addresses, language sections.
    fn metadata(&self) -> Metadata {
        Metadata::default()
    }

    /// The provider's configuration, described by a type. Fields marked secret are wrapped before
    /// anything sees them; those marked `x-replace` replace every resource when they change, so mark
    /// only what decides identity.
    fn config(&self) -> ObjectSchema {
        ObjectSchema::default()
    }

    /// Checks the configuration as far as it is known, without contacting anything. Values that stood as
    /// JSON text are typed here, and secrets are wrapped; see [`decode`](crate::decode()).
    fn check_config(&self, _config: &Object) -> Vec<CheckFailure> {
        Vec::new()
    }

    /// Takes the configuration. Called once or more in a process, before any resource is touched.
    ///
    /// It must not contact anything: resolve credentials at first use. Required keys are there. Values that
    /// stood as JSON text are typed here, and secrets are wrapped.
    ///
    /// # Errors
    /// What is missing or wrong; it is shown at the first use of the provider.
    fn configure(&self, config: Object) -> Result<(), ConfigureError>;

    /// The resources of this package.
    fn resources(&self) -> Vec<Arc<dyn Resource>>;

    /// The functions of this package.
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        Vec::new()
    }

    /// Whether the resources' checks obey [`Autonaming`](crate::Autonaming); the engine warns its users otherwise.
    fn obeys_autonaming(&self) -> bool {
        false
    }

    /// Names of crates, as in `use`, whose traces may appear on stderr. Never name one that logs what it sends.
    fn traced_crates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Gives back what was borrowed, such as a session's token. Called once, when the process ends in peace and no other call is under
    /// way; what takes longer than the few seconds of an ending is cut off.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    /// The package's schema, byte for byte as GetSchema answers: a committed file by `include_str!`, or
    /// [`build_schema`](crate::schema::build_schema).
    fn schema(&self) -> Cow<'static, str>;
}
