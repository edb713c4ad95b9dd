//! The traits that a resource and a function implement, and what their calls carry.

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
/// `check` and `diff` are pure: no network, no clock but the one that decides inputs, no side effects.
/// They run on every preview, also for resources that did not change, and at the same time as others.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// The resource's token, documentation, inputs and outputs.
    fn spec(&self) -> ResourceSpec;

    /// Checks the inputs and completes them. The wrappers and unknowns of the user's values must be
    /// kept: change only what is computed here.
    ///
    /// # Errors
    /// Only when no answer can be given; what is wrong with the inputs goes to [`Checked::failures`].
    fn check(&self, request: &CheckRequest) -> Result<Checked, Error>;

    /// Compares checked inputs with those of the last run, and looks at the state for work left over.
    ///
    /// # Errors
    /// Only when no answer can be given.
    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error>;

    /// Makes the resource. In a preview nothing is made and outputs that only the real run can tell
    /// are [`Value::Unknown`](crate::Value::Unknown); the framework adds any that are left out.
    ///
    /// It may be called again for a resource whose first Create was lost, or by a hook after a
    /// failure: find and continue what was begun.
    ///
    /// # Errors
    /// [`Failure::Failed`] if nothing was made; [`Failure::Partial`] from the first effect on.
    async fn create(&self, request: CreateRequest, context: &Context) -> Result<Created, Failure>;

    /// Changes the resource in place; the answer replaces all outputs. Also called with equal inputs
    /// after a partial failure.
    ///
    /// # Errors
    /// [`Failure::Failed`] leaves the state as it was. [`Failure::Partial`] saves new outputs and
    /// keeps the old inputs, so the next run calls again.
    async fn update(&self, request: UpdateRequest, context: &Context) -> Result<Object, Failure>;

    /// Reads the resource for a refresh, an import (no inputs and no state) or `.get`. None means that it is
    /// gone for certain.
    ///
    /// # Errors
    /// Whatever prevents a definite answer: refused, throttled, unreachable. It is never `None`.
    async fn read(&self, request: ReadRequest, context: &Context) -> Result<Option<Found>, Failure>;

    /// Deletes the resource. One that is gone already is a success.
    ///
    /// # Errors
    /// What prevented it; the state stays and the next run tries again.
    async fn delete(&self, request: DeleteRequest, context: &Context) -> Result<(), Failure>;

    /// Whether the engine is to read resources of this kind before each preview, update or destroy. It costs a
    /// call each time, and hides the engine's warning about operations that were interrupted.
    fn refreshes_before_update(&self) -> bool {
        false
    }

    /// Lists resources that exist, for `pulumi do … list`. Called only when the spec has list inputs.
    ///
    /// # Errors
    /// What prevented it.
    async fn list(&self, _request: ListRequest, _context: &Context) -> Result<Listed, Error> {
        Err(Error::new(Code::Unimplemented, "this resource cannot be listed"))
    }
}

/// A function (an "invoke").
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// The function's token, documentation, inputs and outputs.
    fn spec(&self) -> FunctionSpec;

    /// Answers. Arguments are always known; it also runs in previews.
    ///
    /// # Errors
    /// [`InvokeFailure::Arguments`] for wrong arguments, an [`Error`] for the rest.
    async fn invoke(&self, request: InvokeRequest, context: &Context) -> Result<Object, InvokeFailure>;
}
