//! Keeps values out of what the user is told.

use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use crate::resource::{CheckFailure, Error, Failure, Partial};
use crate::status;
use crate::value::{Object, Output, Value};
use crate::wire::WireError;

/// Shorter texts are part of too many words to be taken out of a message.
const SHORTEST: usize = 4;

/// The secrets of a call, to take out of its messages. The last line of defence: messages should not
/// hold them.
#[derive(Default)]
pub(super) struct Redactor(Vec<zeroize::Zeroizing<String>>);

impl Redactor {
    pub(super) fn of<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let mut redactor = Self::default();
        redactor.learn(objects);
        redactor
    }

    pub(super) fn learn<'a>(&mut self, objects: impl IntoIterator<Item = &'a Object>) {
        for object in objects {
            object.values().for_each(|value| self.collect(value, false));
        }
        self.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    pub(super) fn redact(&self, message: &str) -> String {
        self.0.iter().fold(message.to_owned(), |message, secret| message.replace(secret.as_str(), "[secret]"))
    }

    pub(super) fn error(&self, error: &Error) -> Error {
        Error::new(error.code, self.redact(&error.message))
    }

    fn collect(&mut self, value: &Value, secret: bool) {
        match value {
            Value::Secret(inner) => self.collect(inner.value(), true),
            Value::Output(Output { value: Some(inner), secret: own, .. }) => self.collect(inner, secret || *own),
            Value::Array(elements) => elements.iter().for_each(|element| self.collect(element, secret)),
            Value::Object(entries) => entries.values().for_each(|entry| self.collect(entry, secret)),
            Value::String(text) if secret && text.len() >= SHORTEST => self.0.push(text.clone().into()),
            _ => {}
        }
    }
}

/// Check failures as the wire has them. The engine prints the value of the property that a failure
/// names; where that is or holds a secret, the reason names the property instead.
pub(super) fn on_wire(failures: Vec<CheckFailure>, inputs: &Object) -> Vec<rpc::CheckFailure> {
    let redactor = Redactor::of([inputs]);
    let write = |failure: CheckFailure| {
        let reason = redactor.redact(&failure.reason);
        if shows_secret(&failure.property, inputs) {
            return rpc::CheckFailure { reason: format!("{}: {reason}", failure.property), property: String::new() };
        }
        rpc::CheckFailure { property: failure.property, reason }
    };
    failures.into_iter().map(write).collect()
}

/// Whether printing the value of a property would show a secret. A path that is not understood counts
/// as each property.
fn shows_secret(property: &str, inputs: &Object) -> bool {
    if property.is_empty() {
        return false;
    }
    let named = |key: &str| {
        let quoted = format!("[\"{}\"]", key.replace('"', "\\\""));
        let rest = property.strip_prefix(&quoted).or_else(|| property.strip_prefix(key));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let plain = property.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    let mut matching = inputs.iter().filter(|(key, _)| named(key)).peekable();
    if matching.peek().is_none() && !plain {
        return inputs.values().any(Value::contains_secret);
    }
    matching.any(|(_, value)| value.contains_secret())
}

/// A request that cannot be read: the engine's mistake or another version's value.
pub(super) fn unreadable(error: &WireError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// An error of a resource.
pub(super) fn failed(error: &Error, redactor: &Redactor) -> Status {
    status::error(&redactor.error(error))
}

/// A failure of a resource with nothing secret in its words; those of a partial one are never empty.
pub(super) fn cleaned(failure: Failure, redactor: &mut Redactor) -> Failure {
    match failure {
        Failure::Failed(error) => Failure::Failed(redactor.error(&error)),
        Failure::Partial(partial) => {
            let Partial { id, outputs, inputs, reasons, error, refresh_before_update } = *partial;
            redactor.learn([&outputs]);
            let mut reasons: Vec<String> = reasons.iter().map(|reason| redactor.redact(reason)).collect();
            let error = redactor.error(&error);
            if reasons.is_empty() {
                reasons.push(error.message.clone());
            }
            Failure::Partial(Box::new(Partial { id, outputs, inputs, reasons, error, refresh_before_update }))
        }
    }
}
