use std::collections::BTreeMap;

use crate::value::Value;

/// The facts about a struct: which fields it has, and what is true of each.
///
/// Making one takes far longer than using it: keep it in a `LazyLock`.
///
/// ```
/// use pulumi_provider::{ObjectSchema, SecretString};
///
/// #[derive(schemars::JsonSchema)]
/// #[expect(dead_code, reason = "only its schema is used")]
/// struct Args {
///     /// The user.
///     #[schemars(extend("x-replace" = true))]
///     user: String,
///     /// The password.
///     password: Option<SecretString>,
/// }
///
/// let schema = ObjectSchema::of::<Args>();
/// assert_eq!(schema.names().collect::<Vec<_>>(), ["user", "password"]);
/// assert!(schema.replaces("user") && schema.is_required("user"));
/// assert!(schema.is_secret("password") && !schema.is_required("password"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectSchema {
    pub(super) root: ObjectType,
    pub(super) types: BTreeMap<String, NamedType>,
    pub(super) problems: Vec<String>,
}

/// A struct's fields, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ObjectType {
    pub(crate) description: String,
    pub(crate) fields: Vec<(String, Field)>,
}

/// What is true of one field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) description: String,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) replace: bool,
    pub(crate) ignored: bool,
    pub(crate) deprecated: Option<String>,
}

/// What kind of value a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Boolean,
    Integer,
    Number,
    String,
    Any,
    /// A type of Pulumi's own.
    Reference(String),
    List(Box<Self>),
    Map(Box<Self>),
    /// A type by the name it has in [`ObjectSchema::types`].
    Named(String),
}

/// A type that a schema gives a token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedType {
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) kind: NamedKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NamedKind {
    Object(ObjectType),
    Enum { description: String, values: Vec<(String, String)> },
}

impl ObjectSchema {
    /// This shape with the fields of another after its own, for structs that share one object.
    /// Where both have a field, the other's wins.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.root.fields.retain(|(name, _)| !other.root.has(name));
        self.root.fields.extend(other.root.fields);
        self.types.extend(other.types);
        self.problems.extend(other.problems);
        self
    }

    /// This shape with only the fields for which `keep` returns true.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.root.fields.retain(|(name, _)| keep(name));
        self
    }

    /// This shape with one more sentence in the description of each field for which `is_meant`
    /// returns true.
    #[must_use]
    pub fn with_note(mut self, note: &str, is_meant: impl Fn(&str) -> bool) -> Self {
        for (_, field) in self.root.fields.iter_mut().filter(|(name, _)| is_meant(name)) {
            field.description = format!("{} {note}", field.description).trim().to_owned();
        }
        self
    }

    /// The documentation of the struct: its doc comment.
    pub fn description(&self) -> &str {
        &self.root.description
    }

    /// The names of the fields, in the order of the struct.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.root.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a field is marked secret. False for a name that the struct does not have.
    pub fn is_secret(&self, name: &str) -> bool {
        self.root.field(name).is_some_and(|field| field.secret)
    }

    /// Whether a change of a field requires a new resource. False for a name that the struct
    /// does not have.
    pub fn replaces(&self, name: &str) -> bool {
        self.root.field(name).is_some_and(|field| field.replace)
    }

    /// Whether a field is a map, whose entries have names of the user's choice.
    pub fn is_map(&self, name: &str) -> bool {
        self.root.field(name).is_some_and(|field| matches!(field.shape, Shape::Map(_)))
    }

    /// Whether a field always has a value. False for an `Option` and for a field with a serde
    /// default.
    pub fn is_required(&self, name: &str) -> bool {
        self.root.field(name).is_some_and(|field| field.required)
    }

    /// This shape as outputs have it: what holds a secret anywhere is secret as a whole. Languages that hand an object on as one value
    /// would lose marks inside it.
    #[must_use]
    pub(crate) fn sealed(mut self) -> Self {
        let sealed: Vec<bool> =
            self.root.fields.iter().map(|(_, field)| self.holds_secret(field, &mut Vec::new())).collect();
        for ((_, field), secret) in self.root.fields.iter_mut().zip(sealed) {
            field.secret = secret;
        }
        self
    }

    fn holds_secret<'a>(&'a self, field: &'a Field, seen: &mut Vec<&'a str>) -> bool {
        if field.secret {
            return true;
        }
        let Shape::Named(name) = field.shape.innermost() else { return false };
        if seen.contains(&name.as_str()) {
            return false;
        }
        seen.push(name);
        let fields = self.object(field.shape.innermost()).map(|kind| kind.fields.as_slice()).unwrap_or_default();
        fields.iter().any(|(_, inner)| self.holds_secret(inner, seen))
    }

    /// What an output holds where there is nothing: null, but of a struct whose fields are all optional an object of nulls, so that a
    /// program may reach into it.
    pub(crate) fn nothing(&self, field: &Field) -> Value {
        let kind = self.object(&field.shape).filter(|kind| kind.fields.iter().all(|(_, field)| !field.required));
        let nulls = |kind: &ObjectType| kind.fields.iter().map(|(name, _)| (name.clone(), Value::Null)).collect();
        kind.map_or(Value::Null, |kind| Value::Object(nulls(kind)))
    }

    pub(crate) fn root(&self) -> &ObjectType {
        &self.root
    }

    /// The struct behind a shape, if it is one.
    pub(crate) fn object(&self, shape: &Shape) -> Option<&ObjectType> {
        let Shape::Named(name) = shape else {
            return None;
        };
        match &self.types.get(name)?.kind {
            NamedKind::Object(object) => Some(object),
            NamedKind::Enum { .. } => None,
        }
    }
}

impl Shape {
    /// What a list or map holds in the end; anything else is that itself.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(inner) => inner.innermost(),
            other => other,
        }
    }
}

impl ObjectType {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, field)| field)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }
}
