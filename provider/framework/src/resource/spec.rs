use crate::schema::ObjectSchema;

/// What a resource is, for its schema and for the framework.
///
/// The struct is non-exhaustive: make one with [`ResourceSpec::new`] and set the optional
/// fields.
///
/// ```
/// use pulumi_provider::{ObjectSchema, ResourceSpec};
///
/// let mut spec =
///     ResourceSpec::new("net:Router", "A router.", ObjectSchema::default(), ObjectSchema::default());
/// spec.deprecation = Some("use `net:Gateway` instead".into());
/// assert_eq!(spec.token, "net:Router");
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ResourceSpec {
    /// The module and the name, such as `net:Router`. In the root module, `Name` and
    /// `index:Name` are the same.
    pub token: String,
    /// What the resource is for and how it is used, in Markdown.
    pub description: String,
    /// The inputs.
    pub inputs: ObjectSchema,
    /// The outputs beyond the inputs. Every input is an output as well.
    pub outputs: ObjectSchema,
    /// What `.get` accepts beside the id; `None` if only the id.
    pub state_inputs: Option<ObjectSchema>,
    /// What a listing accepts; `None` if the resource cannot be listed.
    pub list_inputs: Option<ObjectSchema>,
    /// Former tokens of this resource. Pulumi migrates states that use them.
    pub aliases: Vec<String>,
    /// Why the resource is deprecated, and what to use instead.
    pub deprecation: Option<String>,
}

impl ResourceSpec {
    /// A resource with a token, a description, inputs and outputs. The optional fields are
    /// unset.
    pub fn new(
        token: impl Into<String>,
        description: impl Into<String>,
        inputs: ObjectSchema,
        outputs: ObjectSchema,
    ) -> Self {
        Self { token: token.into(), description: description.into(), inputs, outputs, ..Self::default() }
    }
}

/// What a function is.
///
/// The struct is non-exhaustive: make one with [`FunctionSpec::new`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FunctionSpec {
    /// The module and the name, such as `net:getRouter`.
    pub token: String,
    /// What the function returns, in Markdown.
    pub description: String,
    /// Its arguments.
    pub inputs: ObjectSchema,
    /// Its result.
    pub outputs: ObjectSchema,
    /// Why the function is deprecated, and what to use instead.
    pub deprecation: Option<String>,
}

impl FunctionSpec {
    /// A function with a token, a description, arguments and a result.
    pub fn new(
        token: impl Into<String>,
        description: impl Into<String>,
        inputs: ObjectSchema,
        outputs: ObjectSchema,
    ) -> Self {
        Self { token: token.into(), description: description.into(), inputs, outputs, deprecation: None }
    }
}
