//! A provider: its name, configuration, resources and functions.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use crate::resource::{CheckFailure, Error, Function, Resource};
use crate::schema::{Metadata, ObjectSchema};
use crate::value::Object;

/// A required configuration key that is not set. The engine tells the user how to set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey {
    /// The key, without the package's name.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
}

/// Why a configuration is not accepted.
///
/// ```
/// use pulumi_provider::{ConfigureError, MissingKey};
///
/// let error = ConfigureError::MissingKeys(vec![MissingKey {
///     name: "region".into(),
///     description: "The region that the provider works in.".into(),
/// }]);
/// assert!(matches!(error, ConfigureError::MissingKeys(keys) if keys[0].name == "region"));
/// ```
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

/// A Pulumi package, served by the binary `pulumi-resource-<name>`.
///
/// The engine asks for the schema and the version before any configuration, and calls
/// `configure` before it touches a resource.
pub trait Provider: Send + Sync + 'static {
    /// The name of the package, the `<name>` in `pulumi-resource-<name>` and the first part of
    /// every token.
    fn name(&self) -> &str;

    /// The version, in SemVer without a leading `v`. It must be the version of the released
    /// archive.
    fn version(&self) -> &str;

    /// Display name, license, addresses and language settings, for the schema. Default: none.
    fn metadata(&self) -> Metadata {
        Metadata::default()
    }

    /// The provider configuration, described by a type. Default: no configuration.
    ///
    /// Fields that are marked secret are wrapped before anything reads them. Fields with the
    /// mark `x-replace` replace every resource when they change, so mark only what decides
    /// identity.
    fn config(&self) -> ObjectSchema {
        ObjectSchema::default()
    }

    /// Validates the configuration as far as it is known, without contacting anything. Default:
    /// no failures.
    ///
    /// Values that arrived as JSON text are typed, and secrets are wrapped; read them with
    /// [`decode`](crate::decode()).
    fn check_config(&self, _config: &Object) -> Vec<CheckFailure> {
        Vec::new()
    }

    /// Accepts the configuration. It is called once or more in a process, before any resource
    /// is touched.
    ///
    /// It must not contact anything: resolve credentials at first use. Required keys are
    /// present. Values that arrived as JSON text are typed, and secrets are wrapped.
    ///
    /// # Errors
    ///
    /// [`ConfigureError::MissingKeys`] for keys that only this method can know to be required,
    /// or [`ConfigureError::Failed`] for anything else. The user sees it when the provider is
    /// used first.
    fn configure(&self, config: Object) -> Result<(), ConfigureError>;

    /// The resources of this package.
    fn resources(&self) -> Vec<Arc<dyn Resource>>;

    /// The functions of this package. Default: none.
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        Vec::new()
    }

    /// Whether the resources' Check follows [`Autonaming`](crate::Autonaming). Default: false;
    /// the engine then warns users who configured names.
    fn obeys_autonaming(&self) -> bool {
        false
    }

    /// The crates, as in `use`, whose traces may appear on stderr. Default: none. Never name a
    /// crate that logs what it sends.
    fn traced_crates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns what was borrowed, such as a session token. Default: nothing.
    ///
    /// It is called once, when the process ends normally and no other call is running. The
    /// process waits a few seconds for it.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    /// The package schema, byte for byte as GetSchema answers it: a committed file with
    /// `include_str!`, or [`build_schema`](crate::schema::build_schema).
    fn schema(&self) -> Cow<'static, str>;
}
