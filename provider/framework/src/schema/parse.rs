//! Reads the documents that schemars makes.

use schemars::JsonSchema;
use serde_json::{Map, Value as Json};

use super::shape::{Field, NamedKind, NamedType, ObjectSchema, ObjectType, Shape};

impl ObjectSchema {
    /// The facts about `T`, a struct with named fields.
    ///
    /// What a Pulumi schema cannot express, such as a union or a tuple, becomes "any value"
    /// here and an error in [`build_schema`](super::build_schema).
    pub fn of<T: JsonSchema>() -> Self {
        Self::from_schema(&schemars::schema_for!(T))
    }

    /// The same of a document that was put together, such as one whose fields are known only when the plugin runs.
    pub fn from_schema(document: &schemars::Schema) -> Self {
        object_schema(document.as_value())
    }
}

/// The shape that a document describes.
fn object_schema(document: &Json) -> ObjectSchema {
    let mut schema = ObjectSchema::default();
    let name = text(document, "title");
    schema.root = object_type(document, &name, &mut schema.problems);
    if document.get("properties").is_none() && text(document, "type") != "object" {
        schema.problems.push(format!("{name} is not a struct with named fields"));
    }
    for (name, definition) in entries(document, "$defs") {
        let named = named_type(definition, name, &mut schema.problems);
        schema.types.insert(name.clone(), named);
    }
    schema
}

fn named_type(definition: &Json, name: &str, problems: &mut Vec<String>) -> NamedType {
    // schemars counts types of one name: `Config`, `Config2`.
    let name_in_token = definition.get("x-name").and_then(Json::as_str).unwrap_or(name).to_owned();
    let module = definition.get("x-module").and_then(Json::as_str).unwrap_or("index").to_owned();
    let kind = match enum_values(definition) {
        Some(values) => NamedKind::Enum { description: text(definition, "description"), values },
        None if text(definition, "type") == "object" => NamedKind::Object(object_type(definition, name, problems)),
        None => {
            problems.push(format!("{name} is neither a struct with named fields nor an enum of plain names"));
            NamedKind::Object(ObjectType::default())
        }
    };
    NamedType { name: name_in_token, module, kind }
}

fn object_type(definition: &Json, name: &str, problems: &mut Vec<String>) -> ObjectType {
    let required: Vec<&str> = list(definition, "required").iter().filter_map(Json::as_str).collect();
    let read_field = |(field_name, property): (&String, &Json)| {
        let place = format!("{name}.{field_name}");
        let field = field(property, required.contains(&field_name.as_str()), &place, problems);
        (field_name.clone(), field)
    };
    let fields = entries(definition, "properties").map(read_field).collect();
    ObjectType { description: text(definition, "description"), fields }
}

fn field(property: &Json, required: bool, place: &str, problems: &mut Vec<String>) -> Field {
    let mark = |name| property.get(name).and_then(Json::as_bool).unwrap_or(false);
    let inner = without_null(property);
    let deprecated = match property.get("x-deprecated").and_then(Json::as_str) {
        Some(why) => Some(why.to_owned()),
        None => mark("deprecated").then(|| "do not use it any more".to_owned()),
    };
    Field {
        description: text(property, "description"),
        shape: shape(property, place, problems),
        required,
        secret: mark("x-secret") || is_secret(inner),
        replace: mark("x-replace"),
        ignored: mark("x-ignored"),
        deprecated,
    }
}

/// Whether a value is marked secret, or the elements of a list or map of such values.
fn is_secret(property: &Json) -> bool {
    let inside = ["items", "additionalProperties"].into_iter().filter_map(|key| property.get(key));
    let marked = property.get("x-secret").and_then(Json::as_bool).unwrap_or(false);
    marked || inside.map(without_null).any(is_secret)
}

fn shape(property: &Json, place: &str, problems: &mut Vec<String>) -> Shape {
    if let Some(reference) = property.get("x-ref").and_then(Json::as_str) {
        return Shape::Reference(reference.to_owned());
    }
    let property = without_null(property);
    if let Some(reference) = property.get("$ref").and_then(Json::as_str) {
        let name = reference.strip_prefix("#/$defs/").unwrap_or(reference);
        return Shape::Named(name.to_owned());
    }
    match main_type(property) {
        Some("boolean") => Shape::Boolean,
        Some("integer") => Shape::Integer,
        Some("number") => Shape::Number,
        Some("string") => Shape::String,
        Some("array") if property.get("items").is_some() => {
            Shape::List(Box::new(shape(&property["items"], place, problems)))
        }
        Some("object") if property.get("additionalProperties").is_some() => {
            Shape::Map(Box::new(shape(&property["additionalProperties"], place, problems)))
        }
        None if is_anything(property) => Shape::Any,
        _ => {
            problems.push(format!("{place} is of a kind that a Pulumi schema cannot say"));
            Shape::Any
        }
    }
}

/// A document that says nothing about the kind of value: `true`, or descriptions and marks only.
fn is_anything(property: &Json) -> bool {
    let says_kind = |key: &String| matches!(key.as_str(), "oneOf" | "anyOf" | "allOf" | "enum" | "const" | "not");
    property.as_bool() == Some(true) || property.as_object().is_some_and(|map| !map.keys().any(says_kind))
}

/// The schema of `T` in that of an `Option<T>`.
fn without_null(property: &Json) -> &Json {
    let is_null = |option: &&Json| text(option, "type") == "null";
    match list(property, "anyOf") {
        [one, other] if is_null(&other) => one,
        [one, other] if is_null(&one) => other,
        _ => property,
    }
}

fn main_type(property: &Json) -> Option<&str> {
    match property.get("type")? {
        Json::String(name) => Some(name),
        Json::Array(names) => {
            let mut named = names.iter().filter_map(Json::as_str).filter(|name| *name != "null");
            named.next().filter(|_| named.next().is_none())
        }
        _ => None,
    }
}

/// The values of an enum and what each means: an `enum`, or a `oneOf` of constants.
fn enum_values(definition: &Json) -> Option<Vec<(String, String)>> {
    let described = |option: &Json| -> Option<Vec<(String, String)>> {
        let description = text(option, "description");
        if let Some(only) = option.get("const") {
            return Some(vec![(only.as_str()?.to_owned(), description)]);
        }
        let values = option.get("enum")?.as_array()?.iter();
        values.map(|value| Some((value.as_str()?.to_owned(), description.clone()))).collect()
    };
    match list(definition, "oneOf") {
        [] => {
            let values = described(definition)?;
            Some(values.into_iter().map(|(value, _)| (value, String::new())).collect())
        }
        options => Some(options.iter().map(described).collect::<Option<Vec<_>>>()?.concat()),
    }
}

fn entries<'a>(document: &'a Json, key: &str) -> impl Iterator<Item = (&'a String, &'a Json)> {
    document.get(key).and_then(Json::as_object).into_iter().flat_map(Map::iter)
}

fn list<'a>(document: &'a Json, key: &str) -> &'a [Json] {
    document.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn text(document: &Json, key: &str) -> String {
    document.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}
