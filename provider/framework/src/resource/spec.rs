use crate::schema::ObjectSchema;

/// What a resource is, for its schema and for the framework.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ResourceSpec {
    /// The module and the name, as in `net:Router`; `index:Name` or `Name` in the root.
    pub token: String,
    /// What it is for and how it is used, in Markdown.
    pub description: String,
    /// What the user gives.
    pub inputs: ObjectSchema,
    /// What the resource tells beyond its inputs, which are outputs as well.
    pub outputs: ObjectSchema,
    /// What `.get` takes beside the id.
    pub state_inputs: Option<ObjectSchema>,
    /// What a listing takes; none if the resource cannot be listed.
    pub list_inputs: Option<ObjectSchema>,
    /// Earlier tokens of this resource.
    pub aliases: Vec<String>,
    /// Why not to use it any more, and what instead.
    pub deprecation: Option<String>,
}

impl ResourceSpec {
    /// A resource with a token, its documentation, its inputs and its outputs.
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
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FunctionSpec {
    /// The module and the name, as in `net:getRouter`.
    pub token: String,
    /// What it tells, in Markdown.
    pub description: String,
    /// Its arguments.
    pub inputs: ObjectSchema,
    /// Its answer.
    pub outputs: ObjectSchema,
    /// Why not to use it any more, and what instead.
    pub deprecation: Option<String>,
}

impl FunctionSpec {
    /// A function with a token, its documentation, its arguments and its answer.
    pub fn new(
        token: impl Into<String>,
        description: impl Into<String>,
        inputs: ObjectSchema,
        outputs: ObjectSchema,
    ) -> Self {
        Self { token: token.into(), description: description.into(), inputs, outputs, deprecation: None }
    }
}
