//! Resources by their types, for those whose inputs are one struct and whose outputs are
//! another.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::decode::decode;
use crate::diff::{self, Diff};
use crate::encode::to_object;
use crate::resource::{
    CheckRequest, Checked, Code, Context, CreateRequest, Created, DeleteRequest, DiffRequest, Error, Failure, Found,
    ReadRequest, Resource, ResourceSpec, UpdateRequest,
};
use crate::schema::ObjectSchema;
use crate::value::Object;

/// A resource whose Check and Diff follow from its types. Wrap it in [`Typed`] to add it to
/// [`Provider::resources`](crate::Provider::resources).
///
/// Inputs are valid if they decode into `Args`. A change replaces or updates the resource
/// as its field is marked; see [`schema`](crate::schema). The doc comment of `Args` is the
/// documentation of the resource. Previews are answered without a call to any of these
/// methods.
///
/// Only `create` is required. The defaults of the others suit a resource that exists in the
/// state alone, such as a random text.
#[async_trait]
pub trait TypedResource: Send + Sync + 'static {
    /// The inputs.
    type Args: JsonSchema + DeserializeOwned + Send;

    /// The outputs beyond the inputs.
    type State: JsonSchema + Serialize + DeserializeOwned + Send;

    /// The module and the name, such as `net:Router`; only the name in the root module.
    const TOKEN: &'static str;

    /// Creates the resource, and returns its id, which is public, and its outputs.
    ///
    /// # Errors
    ///
    /// As for [`Resource::create`]. Use [`Failure::partial`] from the first effect on.
    async fn create(&self, args: Self::Args, context: &Context) -> Result<(String, Self::State), Failure>;

    /// Changes the resource in place, and returns its new outputs. Default: the outputs stay as
    /// they are.
    ///
    /// # Errors
    ///
    /// As for [`Resource::update`].
    async fn update(
        &self,
        _id: &str,
        _args: Self::Args,
        state: Self::State,
        _context: &Context,
    ) -> Result<Self::State, Failure> {
        Ok(state)
    }

    /// Reads the outputs; `None` if the resource is gone. Default: the outputs stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// As for [`Resource::read`].
    async fn read(&self, _id: &str, state: Self::State, _context: &Context) -> Result<Option<Self::State>, Failure> {
        Ok(Some(state))
    }

    /// Finds a resource by the id that the user imports, and returns its inputs and outputs.
    ///
    /// # Errors
    ///
    /// As for [`Resource::read`]. The default implementation returns [`Code::Unimplemented`].
    async fn import(&self, _id: &str, _context: &Context) -> Result<Option<(Object, Self::State)>, Failure> {
        Err(Error::new(Code::Unimplemented, format!("{} cannot be imported", Self::TOKEN)).into())
    }

    /// Deletes the resource. A resource that is already gone is a success. Default: nothing to
    /// delete.
    ///
    /// # Errors
    ///
    /// As for [`Resource::delete`].
    async fn delete(&self, _id: &str, _state: Self::State, _context: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

/// Adapts a [`TypedResource`] to the trait [`Resource`].
///
/// ```
/// use pulumi_provider::*;
///
/// /// A note.
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Args {
///     /// What to remember.
///     #[schemars(extend("x-replace" = true))]
///     text: String,
/// }
///
/// /// The outputs.
/// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct State {
///     /// How long the text is, in bytes.
///     length: u32,
/// }
///
/// struct Note;
///
/// #[async_trait]
/// impl TypedResource for Note {
///     type Args = Args;
///     type State = State;
///     const TOKEN: &'static str = "Note";
///
///     async fn create(&self, args: Args, context: &Context) -> Result<(String, State), Failure> {
///         Ok((context.urn().name().to_owned(), State { length: args.text.len() as u32 }))
///     }
/// }
///
/// let note = Typed::new(Note);
/// assert_eq!(note.spec().description, "A note.");
///
/// let wrong = CheckRequest { inputs: [("txt".into(), Value::from("milk"))].into(), ..Default::default() };
/// let failures = note.check(&wrong)?.failures;
/// assert_eq!(failures.len(), 2, "one name is unknown, and one is missing");
/// # Ok::<(), Error>(())
/// ```
pub struct Typed<R> {
    resource: R,
    inputs: ObjectSchema,
    outputs: ObjectSchema,
}

impl<R: TypedResource> Typed<R> {
    /// Takes a resource, and derives the schemas of its inputs and outputs.
    pub fn new(resource: R) -> Self {
        Self { resource, inputs: ObjectSchema::of::<R::Args>(), outputs: ObjectSchema::of::<R::State>() }
    }

    fn args(&self, inputs: &Object) -> Result<R::Args, Error> {
        read(inputs, "inputs")
    }

    /// The state in outputs, which hold the inputs as well.
    fn state(&self, outputs: &Object) -> Result<R::State, Error> {
        let own = self.outputs.names().filter_map(|name| outputs.get_key_value(name));
        read(&own.map(|(name, value)| (name.clone(), value.clone())).collect(), "outputs")
    }
}

#[async_trait]
impl<R: TypedResource> Resource for Typed<R> {
    fn spec(&self) -> ResourceSpec {
        let description = self.inputs.description().to_owned();
        ResourceSpec::new(R::TOKEN, description, self.inputs.clone(), self.outputs.clone())
    }

    fn check(&self, request: &CheckRequest) -> Result<Checked, Error> {
        let failures = decode::<R::Args>(&request.inputs).failures;
        Ok(Checked { inputs: request.inputs.clone(), failures, ..Checked::default() })
    }

    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error> {
        Ok(Diff::of(diff::inputs(&request.old_inputs, &request.inputs, &self.inputs)))
    }

    async fn create(&self, request: CreateRequest, context: &Context) -> Result<Created, Failure> {
        if request.preview {
            return Ok(Created::default());
        }
        let (id, state) = self.resource.create(self.args(&request.inputs)?, context).await?;
        Ok(Created { outputs: written(&id, &state)?, id, ..Created::default() })
    }

    async fn update(&self, request: UpdateRequest, context: &Context) -> Result<Object, Failure> {
        if request.preview {
            return Ok(Object::new());
        }
        let (args, state) = (self.args(&request.inputs)?, self.state(&request.state)?);
        let state = self.resource.update(&request.id, args, state, context).await?;
        written(&request.id, &state)
    }

    async fn read(&self, request: ReadRequest, context: &Context) -> Result<Option<Found>, Failure> {
        let found = match request.state.filter(|state| !state.is_empty()) {
            None => self.resource.import(&request.id, context).await?,
            Some(before) => {
                let state = self.resource.read(&request.id, self.state(&before)?, context).await?;
                state.map(|state| (request.inputs.unwrap_or_default(), state))
            }
        };
        let Some((inputs, state)) = found else {
            return Ok(None);
        };
        let outputs = written(&request.id, &state)?;
        Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() }))
    }

    async fn delete(&self, request: DeleteRequest, context: &Context) -> Result<(), Failure> {
        self.resource.delete(&request.id, self.state(&request.state)?, context).await
    }
}

fn read<T: DeserializeOwned>(object: &Object, what: &str) -> Result<T, Error> {
    let decoded = decode::<T>(object);
    let told: Vec<String> = decoded.failures.iter().map(|one| format!("{}: {}", one.property, one.reason)).collect();
    let unreadable = || format!("the {what} cannot be read: {}", told.join("; "));
    decoded.value.ok_or_else(|| Error::new(Code::InvalidArgument, unreadable()))
}

/// The outputs of a resource that exists. If they cannot be written, what can be saved is its id.
fn written<T: Serialize>(id: &str, state: &T) -> Result<Object, Failure> {
    to_object(state).map_err(|error| {
        let error = Error::new(Code::Internal, format!("a defect of the provider: the output {error}"));
        Failure::partial(id, Object::new(), error)
    })
}

#[cfg(test)]
mod tests;
