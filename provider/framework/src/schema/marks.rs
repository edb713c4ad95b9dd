//! What the framework does to values because their fields are marked.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use serde_json::Value as Json;

use super::{ObjectSchema, ObjectType, Shape};
use crate::value::{Object, Value};
use crate::wire;

impl ObjectSchema {
    /// Wraps the values of fields that are marked secret, at every depth, where they are not
    /// wrapped yet.
    ///
    /// The framework does this in every answer. A test that compares values may need it too.
    ///
    /// ```
    /// use pulumi_provider::{Object, ObjectSchema, SecretString, Value};
    ///
    /// #[derive(schemars::JsonSchema)]
    /// #[expect(dead_code, reason = "only its schema is used")]
    /// struct State {
    ///     password: SecretString,
    /// }
    ///
    /// let mut outputs: Object = [("password".into(), Value::from("hunter2"))].into();
    /// ObjectSchema::of::<State>().wrap_secrets(&mut outputs);
    /// assert!(outputs["password"].contains_secret());
    /// ```
    pub fn wrap_secrets(&self, object: &mut Object) {
        self.wrap_object(&self.root, object);
    }

    /// Wraps each output that holds a secret anywhere as a whole: by its type, or because a value inside it is secret. One wrapper is
    /// left, around it all; programs in YAML cannot read what is wrapped inside a wrapped object. What no schema names keeps its wrappers
    /// where they are, because no program reads it.
    pub(crate) fn seal(&self, outputs: &mut Object) {
        for (name, field) in &self.root.fields {
            let Some(value) = outputs.get_mut(name).filter(|value| !value.is_null()) else { continue };
            if field.secret || value.contains_secret() {
                let whole = std::mem::replace(value, Value::Null);
                *value = Value::secret(whole.opened());
            }
        }
    }

    /// Undoes [`seal`](Self::seal) where the type says which parts are secret: the others, a key's id for example, are public to a
    /// resource and in messages.
    pub(crate) fn unseal(&self, outputs: &mut Object) {
        for (name, field) in self.root.fields.iter().filter(|(_, field)| field.secret) {
            if self.object(field.shape.innermost()).is_none() {
                continue;
            }
            if let Some(value) = outputs.get_mut(name) {
                let mut parts = std::mem::replace(value, Value::Null).opened();
                self.wrap_value(&field.shape, &mut parts);
                *value = parts;
            }
        }
    }

    /// Replaces JSON text by the value that it stands for, in fields that do not hold text.
    /// SDKs and stack configuration send a provider's configuration in this form.
    ///
    /// Text that is not valid JSON stays, and decoding reports it. Below the top, a field may
    /// have its name in Python (`secret_key`), because the Python SDK writes dictionaries into
    /// such text as they are.
    pub fn read_json_texts(&self, object: &mut Object) {
        self.read_object(&self.root, object);
    }

    fn wrap_object(&self, kind: &ObjectType, object: &mut Object) {
        for (name, field) in &kind.fields {
            let Some(value) = object.get_mut(name).filter(|value| !value.is_null()) else {
                continue;
            };
            if field.secret {
                let plain = std::mem::replace(value, Value::Null);
                *value = Value::secret(plain);
            } else {
                self.wrap_value(&field.shape, value);
            }
        }
    }

    fn wrap_value(&self, shape: &Shape, value: &mut Value) {
        match (shape, value) {
            (Shape::List(shape), Value::Array(elements)) => {
                elements.iter_mut().for_each(|element| self.wrap_value(shape, element));
            }
            (Shape::Map(shape), Value::Object(entries)) => {
                entries.values_mut().for_each(|entry| self.wrap_value(shape, entry));
            }
            (shape, Value::Object(entries)) => {
                if let Some(kind) = self.object(shape) {
                    self.wrap_object(kind, entries);
                }
            }
            _ => {}
        }
    }

    fn read_object(&self, kind: &ObjectType, object: &mut Object) {
        for (name, field) in &kind.fields {
            if let Some(value) = object.get_mut(name) {
                self.read_value(&field.shape, value);
            }
        }
    }

    fn read_value(&self, shape: &Shape, value: &mut Value) {
        if self.is_text(shape) {
            return;
        }
        match value {
            Value::Secret(inner) => {
                let mut opened = inner.value().clone();
                self.read_value(shape, &mut opened);
                *value = Value::secret(opened);
            }
            Value::String(text) => {
                if let Some(read) = from_json(text) {
                    *value = read;
                    self.read_inside(shape, value);
                }
            }
            _ => self.read_inside(shape, value),
        }
    }

    fn read_inside(&self, shape: &Shape, value: &mut Value) {
        match (shape, value) {
            (Shape::List(shape), Value::Array(elements)) => {
                elements.iter_mut().for_each(|element| self.read_value(shape, element));
            }
            (Shape::Map(shape), Value::Object(entries)) => {
                entries.values_mut().for_each(|entry| self.read_value(shape, entry));
            }
            (shape, Value::Object(entries)) => {
                if let Some(kind) = self.object(shape) {
                    kind.rename_from_python(entries);
                    self.read_object(kind, entries);
                }
            }
            _ => {}
        }
    }

    /// Whether text is what the field holds, so that none of it is JSON. An enum is text too.
    fn is_text(&self, shape: &Shape) -> bool {
        match shape {
            Shape::String | Shape::Any | Shape::Reference(_) => true,
            Shape::Named(_) => self.object(shape).is_none(),
            Shape::Boolean | Shape::Integer | Shape::Number | Shape::List(_) | Shape::Map(_) => false,
        }
    }
}

impl ObjectType {
    /// Gives fields that have their names in Python their own, unless that is there as well.
    fn rename_from_python(&self, object: &mut Object) {
        let named = |key: &str| {
            let joined = key.replace('_', "");
            let field = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(&joined))?;
            (key.contains('_') && !self.has(key) && !object.contains_key(&field.0)).then(|| field.0.clone())
        };
        let renamed: Vec<_> = object.keys().filter_map(|key| Some((key.clone(), named(key)?))).collect();
        for (key, name) in renamed {
            if let Some(value) = object.remove(&key) {
                object.insert(name, value);
            }
        }
    }
}

/// Reads JSON text by way of the wire's form, so that unknowns and secrets inside it are seen.
fn from_json(text: &str) -> Option<Value> {
    let json: Json = serde_json::from_str(text).ok()?;
    let fields = [(String::new(), to_wire(json))].into();
    wire::from_struct(Struct { fields }).ok()?.remove("")
}

fn to_wire(json: Json) -> Wire {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(elements) => Kind::ListValue(ListValue { values: elements.into_iter().map(to_wire).collect() }),
        Json::Object(entries) => {
            let fields = entries.into_iter().map(|(key, value)| (key, to_wire(value))).collect();
            Kind::StructValue(Struct { fields })
        }
    };
    Wire { kind: Some(kind) }
}
