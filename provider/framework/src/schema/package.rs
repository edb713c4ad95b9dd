//! Writes a package's schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::shape::{Field, NamedKind, NamedType, ObjectSchema, ObjectType, Shape};
use crate::provider::Provider;
use crate::resource::{FunctionSpec, ResourceSpec};

/// Why the types of a package cannot be written as a Pulumi schema. It holds every problem,
/// not only the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct SchemaError {
    /// One line for each problem, with the type and the field.
    pub problems: Vec<String>,
}

/// The package schema of a provider, as pretty-printed JSON with a newline at its end. The
/// same provider gives the same bytes.
///
/// Inputs are outputs as well. The schema contains no default values, because each SDK
/// would apply them in its own way; state them in the description.
///
/// A released provider commits the result and compares it in a test, so that a change of
/// the public interface shows in a diff.
///
/// # Errors
///
/// [`SchemaError`] with everything that a Pulumi schema cannot express: unions and tuples,
/// two resources with one token, and two different types with one token.
pub fn build_schema(provider: &dyn Provider) -> Result<String, SchemaError> {
    let mut writer = Writer { package: provider.name().to_owned(), types: BTreeMap::new(), problems: Vec::new() };
    let config = provider.config();
    let mut resources = BTreeMap::new();
    for resource in provider.resources() {
        let spec = resource.spec();
        let token = writer.token(&spec.token);
        let written = writer.resource(&spec);
        if resources.insert(token.clone(), written).is_some() {
            writer.problems.push(format!("two resources are called {token}"));
        }
    }
    let mut functions = BTreeMap::new();
    for function in provider.functions() {
        let spec = function.spec();
        let written = writer.function(&spec);
        functions.insert(writer.token(&spec.token), written);
    }
    let config_properties = writer.properties(&config, config.root());
    let provider_resource = provider_resource(&config, &config_properties);
    if !writer.problems.is_empty() {
        return Err(SchemaError { problems: writer.problems });
    }
    let mut document = header(provider);
    document.insert("config".into(), json!({ "variables": config_properties }));
    document.insert("types".into(), json!(writer.types));
    document.insert("provider".into(), provider_resource);
    document.insert("resources".into(), json!(resources));
    document.insert("functions".into(), json!(functions));
    document.retain(|_, value| !is_empty(value));
    Ok(format!("{:#}\n", Json::Object(document)))
}

/// The token as the protocol has it: package, module, name.
pub(crate) fn full_token(package: &str, token: &str) -> String {
    match token.split_once(':') {
        Some(_) => format!("{package}:{token}"),
        None => format!("{package}:index:{token}"),
    }
}

fn header(provider: &dyn Provider) -> Map<String, Json> {
    let about = provider.metadata();
    let texts = [
        ("name", provider.name()),
        ("displayName", &about.display_name),
        ("version", provider.version()),
        ("description", &about.description),
        ("homepage", &about.homepage),
        ("license", &about.license),
        ("repository", &about.repository),
        ("publisher", &about.publisher),
        ("namespace", &about.namespace),
        ("logoUrl", &about.logo_url),
        ("pluginDownloadURL", &about.plugin_download_url),
    ];
    let mut document: Map<_, _> = texts.into_iter().map(|(key, text)| (key.to_owned(), json!(text))).collect();
    document.insert("keywords".into(), json!(about.keywords));
    document.insert("meta".into(), json!({ "supportPack": true }));
    document.insert("language".into(), Json::Object(about.language));
    document
}

/// The provider as a resource: its inputs, and those that are texts as outputs.
fn provider_resource(config: &ObjectSchema, properties: &Json) -> Json {
    let all = properties.as_object().into_iter().flatten();
    let texts = all.filter(|(_, property)| property["type"] == "string");
    let texts: Map<_, _> = texts.map(|(name, property)| (name.clone(), property.clone())).collect();
    object([
        ("description", json!(config.root().description)),
        ("properties", Json::Object(texts)),
        ("inputProperties", properties.clone()),
        ("requiredInputs", required(config.root())),
    ])
}

struct Writer {
    package: String,
    types: BTreeMap<String, Json>,
    problems: Vec<String>,
}

impl Writer {
    fn token(&self, token: &str) -> String {
        full_token(&self.package, token)
    }

    fn resource(&mut self, spec: &ResourceSpec) -> Json {
        let all = spec.inputs.clone().merge(spec.outputs.clone()).sealed();
        let aliases: Vec<Json> = spec.aliases.iter().map(|alias| json!({ "type": self.token(alias) })).collect();
        object([
            ("description", json!(spec.description)),
            ("properties", self.properties(&all, all.root())),
            ("required", required(all.root())),
            ("inputProperties", self.properties(&spec.inputs, spec.inputs.root())),
            ("requiredInputs", required(spec.inputs.root())),
            ("stateInputs", self.inputs(spec.state_inputs.as_ref())),
            ("listInputs", self.inputs(spec.list_inputs.as_ref())),
            ("aliases", json!(aliases)),
            ("deprecationMessage", json!(spec.deprecation)),
        ])
    }

    fn function(&mut self, spec: &FunctionSpec) -> Json {
        object([
            ("description", json!(spec.description)),
            ("inputs", self.inputs(Some(&spec.inputs))),
            ("outputs", self.inputs(Some(&spec.outputs))),
            ("deprecationMessage", json!(spec.deprecation)),
        ])
    }

    fn inputs(&mut self, schema: Option<&ObjectSchema>) -> Json {
        schema.map_or(Json::Null, |schema| self.object_type(schema, schema.root()))
    }

    fn object_type(&mut self, schema: &ObjectSchema, kind: &ObjectType) -> Json {
        let mut written = object([
            ("description", json!(kind.description)),
            ("properties", self.properties(schema, kind)),
            ("required", required(kind)),
        ]);
        written["type"] = json!("object");
        written
    }

    fn properties(&mut self, schema: &ObjectSchema, kind: &ObjectType) -> Json {
        for problem in &schema.problems {
            if !self.problems.contains(problem) {
                self.problems.push(problem.clone());
            }
        }
        let mut properties = Map::new();
        for (name, field) in &kind.fields {
            properties.insert(name.clone(), self.property(schema, field));
        }
        Json::Object(properties)
    }

    fn property(&mut self, schema: &ObjectSchema, field: &Field) -> Json {
        let mut written = self.shape(schema, &field.shape);
        let marks = object([
            ("description", json!(field.description)),
            ("secret", json!(field.secret.then_some(true))),
            ("willReplaceOnChanges", json!(field.replace.then_some(true))),
            ("deprecationMessage", json!(field.deprecated)),
        ]);
        if let (Json::Object(written), Json::Object(marks)) = (&mut written, marks) {
            written.extend(marks);
        }
        written
    }

    fn shape(&mut self, schema: &ObjectSchema, shape: &Shape) -> Json {
        match shape {
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Integer => json!({ "type": "integer" }),
            Shape::Number => json!({ "type": "number" }),
            Shape::String => json!({ "type": "string" }),
            Shape::Any => json!({ "$ref": "pulumi.json#/Any" }),
            Shape::Reference(reference) => json!({ "$ref": reference }),
            Shape::List(items) => json!({ "type": "array", "items": self.shape(schema, items) }),
            Shape::Map(values) => json!({ "type": "object", "additionalProperties": self.shape(schema, values) }),
            Shape::Named(name) => json!({ "$ref": format!("#/types/{}", self.named(schema, name)) }),
        }
    }

    /// Writes a type once and answers its token.
    fn named(&mut self, schema: &ObjectSchema, name: &str) -> String {
        let Some(named) = schema.types.get(name) else {
            self.problems.push(format!("{name} is not described"));
            return name.to_owned();
        };
        let token = format!("{}:{}:{}", self.package, named.module, named.name);
        let before = self.types.insert(token.clone(), Json::Null);
        if before == Some(Json::Null) {
            return token;
        }
        let written = self.named_type(schema, named);
        if before.is_some_and(|before| before != written) {
            self.problems.push(format!("two different types are called {token}"));
        }
        self.types.insert(token.clone(), written);
        token
    }

    fn named_type(&mut self, schema: &ObjectSchema, named: &NamedType) -> Json {
        match &named.kind {
            NamedKind::Object(kind) => self.object_type(schema, kind),
            NamedKind::Enum { description, values } => object([
                ("type", json!("string")),
                ("description", json!(description)),
                ("enum", Json::Array(values.iter().map(enum_value).collect())),
            ]),
        }
    }
}

fn enum_value((value, description): &(String, String)) -> Json {
    object([("name", json!(name_of(value))), ("value", json!(value)), ("description", json!(description))])
}

/// A name in Pascal case for an enum's value.
fn name_of(value: &str) -> String {
    let words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    words.map(capital).collect()
}

fn required(kind: &ObjectType) -> Json {
    let names: Vec<&str> =
        kind.fields.iter().filter(|(_, field)| field.required).map(|(name, _)| name.as_str()).collect();
    json!(names)
}

/// An object without its empty entries.
fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    let kept = entries.into_iter().filter(|(_, value)| !is_empty(value));
    Json::Object(kept.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}
