use std::time::Duration;

use super::{Error, Urn};
use crate::value::Object;

/// The inputs to validate.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// The resource.
    pub urn: Urn,
    /// The inputs of the last run; none when the resource is created or replaced.
    pub old_inputs: Option<Object>,
    /// The outputs of the last run, from engines that send them.
    pub state: Option<Object>,
    /// What the program gives now, with `ignoreChanges` applied.
    pub inputs: Object,
    /// 32 bytes, the same in preview and up of one plan, to make names from; may be empty.
    pub random_seed: Vec<u8>,
    /// How names should be made, if the user configured it.
    pub autonaming: Option<Autonaming>,
}

/// How the user wants names to be made (`pulumi:autonaming` in the stack configuration).
///
/// A provider that follows it says so with
/// [`Provider::obeys_autonaming`](crate::Provider::obeys_autonaming).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autonaming {
    /// The name that the engine proposes.
    pub proposed_name: String,
    /// How binding it is.
    pub mode: AutonamingMode,
}

/// How strictly a proposed name must be used.
///
/// It is non-exhaustive: Pulumi may add a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AutonamingMode {
    /// The name may be changed to fit the rules of the system.
    Propose,
    /// The name must be used as it is.
    Enforce,
    /// No name may be generated: the user must set one.
    Disable,
}

/// Validated inputs.
///
/// ```
/// use pulumi_provider::{CheckFailure, Checked};
///
/// let refused = Checked {
///     failures: vec![CheckFailure::new("overlap", "must be shorter than `rotationPeriod`")],
///     ..Checked::default()
/// };
/// assert_eq!(refused.failures[0].property, "overlap");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// The inputs as Diff, Create and Update will get them.
    pub inputs: Object,
    /// Everything that is wrong with the inputs.
    pub failures: Vec<CheckFailure>,
    /// Warnings for the user although the inputs are valid. The framework sends them to the
    /// engine's log.
    pub warnings: Vec<String>,
}

/// One thing that is wrong with an input.
///
/// The engine prints the value of the named property in clear text. Where that value is or
/// contains a secret, the framework leaves the property out and names it in the reason
/// instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFailure {
    /// The path of the property; empty if the failure is about all inputs.
    pub property: String,
    /// What is wrong and what would be valid. It never contains the value.
    pub reason: String,
}

impl CheckFailure {
    /// A failure of one property. Pass a [`PropertyPath`](crate::PropertyPath) for anything
    /// below the top.
    pub fn new(property: impl ToString, reason: impl Into<String>) -> Self {
        Self { property: property.to_string(), reason: reason.into() }
    }
}

/// The inputs and the state to compare.
#[derive(Clone, Debug, Default)]
pub struct DiffRequest {
    /// The resource.
    pub urn: Urn,
    /// Its id.
    pub id: String,
    /// The inputs of the last run.
    pub old_inputs: Object,
    /// The outputs of the last run.
    pub state: Object,
    /// The checked inputs of this run.
    pub inputs: Object,
    /// Paths that the user wants ignored; the inputs have them applied already.
    pub ignore_changes: Vec<String>,
}

/// A resource to create.
#[derive(Clone, Debug, Default)]
pub struct CreateRequest {
    /// The resource.
    pub urn: Urn,
    /// Its checked inputs.
    pub inputs: Object,
    /// Whether this is a preview. Nothing may be created then.
    pub preview: bool,
    /// What the user allows for this; none leaves it to the resource. The context's stop keeps it.
    pub timeout: Option<Duration>,
}

/// A resource that was created. The default is the right answer to a preview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Created {
    /// Its id; not empty, and public. Ignored in a preview.
    pub id: String,
    /// All of its outputs, inputs included.
    pub outputs: Object,
    /// Read this resource before each preview, update or destroy; costs a call each time.
    pub refresh_before_update: bool,
}

/// A resource to change in place.
///
/// After a partial failure, `old_inputs` are those of the last run that succeeded, and
/// `state` is what the failed run left.
#[derive(Clone, Debug, Default)]
pub struct UpdateRequest {
    /// The resource.
    pub urn: Urn,
    /// Its id, which cannot change.
    pub id: String,
    /// The inputs of the last run that succeeded.
    pub old_inputs: Object,
    /// The outputs of the last run, also of one that failed half-way.
    pub state: Object,
    /// The checked inputs of this run.
    pub inputs: Object,
    /// Whether this is a preview. Nothing may be changed then.
    pub preview: bool,
    /// What the user allows for this; none leaves it to the resource. The context's stop keeps it.
    pub timeout: Option<Duration>,
    /// Paths that the user wants ignored; the inputs have them applied already.
    pub ignore_changes: Vec<String>,
}

/// A resource to read.
///
/// A refresh sends inputs and state. An import sends neither, and `id` is what the user
/// typed.
#[derive(Clone, Debug, Default)]
pub struct ReadRequest {
    /// The resource.
    pub urn: Urn,
    /// Its id, or what the user gave to import it by.
    pub id: String,
    /// The inputs in the state; none in an import.
    pub inputs: Option<Object>,
    /// The outputs in the state; none in an import.
    pub state: Option<Object>,
    /// What the user allows for this; none leaves it to the resource. The context's stop keeps it.
    pub timeout: Option<Duration>,
}

/// A resource that exists.
///
/// For an import, `inputs` must pass Check and cause no diff; otherwise the first `up`
/// after the import changes the resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Its id; not empty, and public.
    pub id: String,
    /// Inputs that pass Check and give no diff; needed for an import.
    pub inputs: Object,
    /// All of its outputs. What the system does not tell is taken over from the request's state.
    pub outputs: Object,
    /// Read this resource before each preview, update or destroy; costs a call each time.
    pub refresh_before_update: bool,
}

/// A resource to delete.
#[derive(Clone, Debug, Default)]
pub struct DeleteRequest {
    /// The resource.
    pub urn: Urn,
    /// Its id.
    pub id: String,
    /// The inputs of the last run.
    pub old_inputs: Object,
    /// The outputs of the last run.
    pub state: Object,
    /// What the user allows for this; none leaves it to the resource. The context's stop keeps it.
    pub timeout: Option<Duration>,
}

/// Which resources to list, and how many.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// What to look for.
    pub query: Object,
    /// At most so many in all; none for no limit.
    pub limit: Option<u64>,
    /// At most so many in this answer; none leaves it to the resource.
    pub page_size: Option<u64>,
    /// Where the last answer ended.
    pub continuation: Option<String>,
}

/// One page of resources that exist.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// The name and the id of each.
    pub resources: Vec<(String, String)>,
    /// Where to go on; none at the end.
    pub continuation: Option<String>,
}

/// The arguments of a function call.
#[derive(Clone, Debug, Default)]
pub struct InvokeRequest {
    /// The arguments, all known; may hold secrets.
    pub arguments: Object,
    /// Whether it runs in a preview.
    pub preview: bool,
}

/// Why a function did not answer.
///
/// It is non-exhaustive: the protocol may get more answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvokeFailure {
    /// These arguments are wrong. The engine shows each failure with its argument.
    Arguments(Vec<CheckFailure>),
    /// Anything else.
    Failed(Error),
}

impl From<Error> for InvokeFailure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
