//! The exported state of a stack, decrypted for the test's eyes only.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;

use crate::leak::Secrets;

/// Marks a wrapped value in a deployment; with this digest, a secret one.
const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
/// A hash by which a key says what it was made for.
const TRIGGER: &str = "trigger";

/// What `pulumi stack export --show-secrets` says.
#[derive(Debug, Clone)]
pub struct State {
    export: Value,
}

impl State {
    /// Reads an export.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { export: serde_json::from_str(text).context("the exported state is no JSON")? })
    }

    /// Every resource.
    pub fn resources(&self) -> impl Iterator<Item = &Value> {
        self.export.pointer("/deployment/resources").and_then(Value::as_array).into_iter().flatten()
    }

    /// The resources of one type.
    pub fn of_type(&self, token: &str) -> Vec<&Value> {
        self.resources().filter(|resource| resource["type"] == token).collect()
    }

    /// An output of the only resource of a type, with secrets opened; `path` is a JSON pointer.
    ///
    /// # Errors
    /// When there is not exactly one such resource. An output that is absent is null.
    pub fn output(&self, token: &str, path: &str) -> Result<Value> {
        let [resource] = self.of_type(token)[..] else {
            anyhow::bail!("state holds {} resources of type {token}, not one", self.of_type(token).len());
        };
        Ok(open(&resource["outputs"]).pointer(path).cloned().unwrap_or_default())
    }

    /// Everything in a message of the protocol that stands outside of secret wrappers.
    pub fn in_clear(message: &Value) -> Value {
        match message {
            Value::Object(fields) if fields.get(SIGNATURE).is_some_and(|signature| signature == SECRET) => Value::Null,
            Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), Self::in_clear(field))).collect(),
            Value::Array(items) => items.iter().map(Self::in_clear).collect(),
            other => other.clone(),
        }
    }

    /// An output of the resource with this name, with secrets opened; `path` is a JSON pointer.
    ///
    /// # Errors
    /// When there is no such resource. An output that is absent is null.
    pub fn output_of(&self, name: &str, path: &str) -> Result<Value> {
        Ok(open(&self.named(name)?["outputs"]).pointer(path).cloned().unwrap_or_default())
    }

    /// The same of its inputs, which are what the last update that succeeded was given.
    ///
    /// # Errors
    /// As [`Self::output_of`].
    pub fn input_of(&self, name: &str, path: &str) -> Result<Value> {
        Ok(open(&self.named(name)?["inputs"]).pointer(path).cloned().unwrap_or_default())
    }

    /// What is wrong with the stored outputs of a resource by the plugin's schema: an output that is not there, or one that may hold a
    /// secret and is not wrapped as a whole.
    ///
    /// # Errors
    /// When there is no such resource, or the schema cannot be read.
    pub fn lacks(&self, name: &str) -> Result<Vec<String>> {
        let schema: Value =
            serde_json::from_str(include_str!("../../../schema.json")).context("schema.json is no JSON")?;
        let resource = self.named(name)?;
        let token = resource["type"].as_str().unwrap_or_default();
        let properties = schema["resources"][token]["properties"].as_object().context("the schema has no such type")?;
        let problem = |(name, property): (&String, &Value)| match resource["outputs"].get(name) {
            None => Some(format!("{name} is absent")),
            Some(value) if property["secret"] == true && !value.is_null() && value[SIGNATURE] != SECRET => {
                Some(format!("{name} is not wrapped"))
            }
            Some(_) => None,
        };
        Ok(properties.iter().filter_map(problem).collect())
    }

    fn named(&self, name: &str) -> Result<&Value> {
        let is_it = |resource: &&Value| resource["urn"].as_str().is_some_and(|urn| urn.ends_with(&format!("::{name}")));
        self.resources().find(is_it).with_context(|| format!("state holds no resource {name}"))
    }

    /// The same where it is text.
    ///
    /// # Errors
    /// When there is no such resource, or no such text.
    pub fn text_of(&self, name: &str, path: &str) -> Result<String> {
        let output = self.output_of(name, path)?;
        output.as_str().map(str::to_owned).with_context(|| format!("{name} has no {path}"))
    }

    /// Operations that an engine began and never finished.
    pub fn pending_operations(&self) -> usize {
        self.export.pointer("/deployment/pending_operations").and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// Adds every secret of the state to `secrets`. Keys are secret as wholes, with their ids and times: what also stands in clear, as the
    /// same text, is none, and neither is a time or what a key was made for.
    pub fn collect(&self, secrets: &mut Secrets) {
        let (mut clear, mut wrapped) = (BTreeSet::new(), BTreeSet::new());
        collect(&self.export, false, &mut clear, &mut wrapped);
        let wrapped = wrapped.difference(&clear).filter(|text| text.parse::<Timestamp>().is_err());
        wrapped.for_each(|text| secrets.add(text));
    }
}

/// A value without its secret wrappers.
fn open(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match plaintext(value) {
            Some(inner) => open(&inner),
            None => fields.iter().map(|(name, field)| (name.clone(), open(field))).collect(),
        },
        Value::Array(items) => items.iter().map(open).collect(),
        other => other.clone(),
    }
}

/// What a secret wrapper holds.
fn plaintext(value: &Value) -> Option<Value> {
    (value[SIGNATURE] == SECRET).then(|| serde_json::from_str(value["plaintext"].as_str()?).ok())?
}

fn collect(value: &Value, secret: bool, clear: &mut BTreeSet<String>, wrapped: &mut BTreeSet<String>) {
    if let Some(inner) = plaintext(value) {
        return collect(&inner, true, clear, wrapped);
    }
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != TRIGGER);
            fields.for_each(|(_, field)| collect(field, secret, clear, wrapped));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, clear, wrapped)),
        Value::String(text) if secret => drop(wrapped.insert(text.clone())),
        Value::String(text) => drop(clear.insert(text.clone())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{"version":3,"deployment":{"pending_operations":[{"type":"creating"}],"resources":[
        {"type":"a:b:C","outputs":{"id":"AKIA1","current":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270",
            "plaintext":"{\"name\":\"nothing-secret\",\"at\":\"2026-01-02T03:04:05Z\",\"secret\":\"wJalrXUtnFEMI\"}"},"clear":"nothing-secret"}},
        {"type":"x:y:Z"}]}}"#;

    #[test]
    fn outputs_are_opened() {
        let state = State::parse(EXPORT).unwrap();
        assert_eq!(state.resources().count(), 2);
        assert_eq!(state.output("a:b:C", "/current/secret").unwrap(), "wJalrXUtnFEMI");
        assert_eq!(state.output("a:b:C", "/id").unwrap(), "AKIA1");
        assert_eq!(state.output("a:b:C", "/absent").unwrap(), Value::Null);
        assert!(state.output("not:a:Type", "/id").is_err());
        assert_eq!(state.pending_operations(), 1);
    }

    #[test]
    fn what_is_wrapped_is_not_in_clear_and_the_rest_is() {
        let resource = State::parse(EXPORT).unwrap().of_type("a:b:C")[0].clone();
        let clear = State::in_clear(&resource).to_string();
        assert!(clear.contains("nothing-secret") && !clear.contains("wJalrXUtnFEMI"), "{clear}");
    }

    #[test]
    fn secrets_are_collected_and_nothing_else() {
        let mut secrets = Secrets::default();
        State::parse(EXPORT).unwrap().collect(&mut secrets);
        assert!(secrets.absent_from_text("here", b"wJalrXUtnFEMI").is_err());
        assert!(secrets.absent_from_text("here", b"nothing-secret at 2026-01-02T03:04:05Z").is_ok());
    }
}
