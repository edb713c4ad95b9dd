//! The traits that a resource and a function implement, and the requests and answers of
//! their calls.
//!
//! The engine leads a resource through these calls:
//!
//! | user's command | calls |
//! | --- | --- |
//! | `pulumi preview` | `check`, `diff`, and `create` or `update` with `preview: true` |
//! | `pulumi up` | `check`, `diff`, and `create`, `update`, or for a replacement `create` and `delete` |
//! | `pulumi refresh` | `read` |
//! | `pulumi import` | `read` without inputs and state, then `check` and `diff` with the inputs that it found |
//! | `pulumi destroy` | `delete` |
//!
//! Request structs have a `Default`, so that a test sets only the fields that it is about.

mod context;
mod error;
mod request;
mod spec;
mod urn;

use async_trait::async_trait;

use crate::diff::Diff;
use crate::value::Object;

pub use context::{Context, Stop, StopReason};
pub use error::{Code, Error, Failure, Partial};
pub use request::{
    Autonaming, AutonamingMode, CheckFailure, CheckRequest, Checked, CreateRequest, Created, DeleteRequest,
    DiffRequest, Found, InvokeFailure, InvokeRequest, ListRequest, Listed, ReadRequest, UpdateRequest,
};
pub use spec::{FunctionSpec, ResourceSpec};
pub use urn::Urn;

/// A custom resource.
///
/// `check` and `diff` are pure: no network, no side effects, and no clock except the one
/// that decides inputs. The engine calls them in every preview, also for resources that did
/// not change, and calls them concurrently.
///
/// The other methods run inside a tokio runtime. The framework never aborts them: the
/// engine's Cancel and the user's time limit arrive as [`Context::stop`], and the method
/// decides when to return.
///
/// Implement [`TypedResource`](crate::TypedResource) instead if the inputs are one struct,
/// the outputs are another, and the comparison of inputs decides about updates.
///
/// ```
/// use pulumi_provider::*;
///
/// struct Note;
///
/// #[async_trait]
/// impl Resource for Note {
///     fn spec(&self) -> ResourceSpec {
///         ResourceSpec::new("Note", "A note.", ObjectSchema::default(), ObjectSchema::default())
///     }
///     fn check(&self, request: &CheckRequest) -> Result<Checked, Error> {
///         Ok(Checked { inputs: request.inputs.clone(), ..Checked::default() })
///     }
///     fn diff(&self, _: &DiffRequest) -> Result<Diff, Error> {
///         Ok(Diff::default())
///     }
///     async fn create(&self, request: CreateRequest, _: &Context) -> Result<Created, Failure> {
///         if request.preview {
///             return Ok(Created::default());
///         }
///         Ok(Created { id: "note-1".into(), outputs: request.inputs, ..Created::default() })
///     }
///     async fn update(&self, request: UpdateRequest, _: &Context) -> Result<Object, Failure> {
///         Ok(request.inputs)
///     }
///     async fn read(&self, request: ReadRequest, _: &Context) -> Result<Option<Found>, Failure> {
///         let outputs = request.state.unwrap_or_default();
///         Ok(Some(Found { id: request.id, outputs, ..Found::default() }))
///     }
///     async fn delete(&self, _: DeleteRequest, _: &Context) -> Result<(), Failure> {
///         Ok(())
///     }
/// }
///
/// let checked = Note.check(&CheckRequest::default())?;
/// assert!(checked.failures.is_empty());
/// # Ok::<(), Error>(())
/// ```
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// The resource's token, documentation, inputs and outputs. It must return the same every
    /// time.
    fn spec(&self) -> ResourceSpec;

    /// Validates the inputs and completes them.
    ///
    /// The answer must keep the wrappers and unknowns of the user's values: change only what is
    /// computed here. A computed value must be the same in a preview and in the `up` that
    /// follows.
    ///
    /// # Errors
    ///
    /// Only when no answer is possible. What is wrong with the inputs belongs in
    /// [`Checked::failures`], all of it, so that the user sees it in one run.
    fn check(&self, request: &CheckRequest) -> Result<Checked, Error>;

    /// Compares the checked inputs with those of the last run, and looks in the state for work
    /// that is left over.
    ///
    /// # Errors
    ///
    /// Only when no answer is possible. The engine then fails the preview.
    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error>;

    /// Creates the resource.
    ///
    /// In a preview, nothing is created. Outputs that only the real run can know are
    /// [`Value::Unknown`](crate::Value::Unknown); the framework adds those that are left out.
    ///
    /// It may be called again for a resource whose first Create was lost, or by a hook after a
    /// failure: find what was begun, and continue it.
    ///
    /// # Errors
    ///
    /// - [`Failure::Failed`] if nothing was created. The state remembers nothing, and the next
    ///   run calls Create again.
    /// - [`Failure::Partial`] from the first effect on. The state keeps its outputs, and the
    ///   next run calls Update.
    async fn create(&self, request: CreateRequest, context: &Context) -> Result<Created, Failure>;

    /// Changes the resource in place. The answer replaces all outputs.
    ///
    /// It is also called with unchanged inputs after a partial failure.
    ///
    /// # Errors
    ///
    /// - [`Failure::Failed`] leaves the state as it was.
    /// - [`Failure::Partial`] saves new outputs and keeps the old inputs, so that the next run
    ///   calls Update again.
    async fn update(&self, request: UpdateRequest, context: &Context) -> Result<Object, Failure>;

    /// Reads the resource for a refresh, for an import (without inputs and state) or for
    /// `.get`.
    ///
    /// `None` means that the resource is certainly gone. The engine then forgets it, and the
    /// next `up` creates a new one.
    ///
    /// # Errors
    ///
    /// Whatever prevents a definite answer, such as a refused permission, a rate limit or a
    /// network failure. Never answer `None` for one of these.
    async fn read(&self, request: ReadRequest, context: &Context) -> Result<Option<Found>, Failure>;

    /// Deletes the resource. A resource that is already gone is a success.
    ///
    /// # Errors
    ///
    /// What prevented the deletion. The resource stays in the state, and the next run tries
    /// again.
    async fn delete(&self, request: DeleteRequest, context: &Context) -> Result<(), Failure>;

    /// Whether the engine reads resources of this kind before each preview, update or destroy.
    /// Default: false.
    ///
    /// It costs one call each time, and it hides the engine's warning about operations that
    /// were interrupted.
    fn refreshes_before_update(&self) -> bool {
        false
    }

    /// Lists resources that exist, for `pulumi do … list`. The framework calls it only if
    /// [`ResourceSpec::list_inputs`] is set.
    ///
    /// # Errors
    ///
    /// What prevented the listing. The default implementation returns [`Code::Unimplemented`].
    async fn list(&self, _request: ListRequest, _context: &Context) -> Result<Listed, Error> {
        Err(Error::new(Code::Unimplemented, "this resource cannot be listed"))
    }
}

/// A function that programs call without a resource, which Pulumi calls an "invoke".
///
/// ```
/// use pulumi_provider::*;
///
/// struct Answer;
///
/// #[async_trait]
/// impl Function for Answer {
///     fn spec(&self) -> FunctionSpec {
///         FunctionSpec::new("getAnswer", "The answer.", ObjectSchema::default(), ObjectSchema::default())
///     }
///     async fn invoke(&self, _: InvokeRequest, _: &Context) -> Result<Object, InvokeFailure> {
///         Ok([("answer".to_owned(), Value::from(42))].into())
///     }
/// }
/// assert_eq!(Answer.spec().token, "getAnswer");
/// ```
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// The function's token, documentation, arguments and result. It must return the same every
    /// time.
    fn spec(&self) -> FunctionSpec;

    /// Answers the call. All arguments are known. It runs in previews as well, so it must have
    /// no side effects.
    ///
    /// # Errors
    ///
    /// - [`InvokeFailure::Arguments`] for wrong arguments.
    /// - [`InvokeFailure::Failed`] for anything else; an [`Error`] converts to it with `?`.
    async fn invoke(&self, request: InvokeRequest, context: &Context) -> Result<Object, InvokeFailure>;
}
