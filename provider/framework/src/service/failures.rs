//! Keeps values out of what the user is told.

use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use crate::redact::Redactor;
use crate::resource::{CheckFailure, Error, Failure, Partial};
use crate::schema::ObjectSchema;
use crate::status;
use crate::value::{Object, Value};
use crate::wire::WireError;

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
pub(super) fn cleaned(failure: Failure, schema: &ObjectSchema, redactor: &mut Redactor) -> Failure {
    match failure {
        Failure::Failed(error) => Failure::Failed(redactor.error(&error)),
        Failure::Partial(partial) => {
            let Partial { id, outputs, inputs, reasons, error, refresh_before_update } = *partial;
            let mut parts = outputs.clone();
            schema.unseal(&mut parts);
            redactor.learn([&parts]);
            let mut reasons: Vec<String> = reasons.iter().map(|reason| redactor.redact(reason)).collect();
            let error = redactor.error(&error);
            if reasons.is_empty() {
                reasons.push(error.message.clone());
            }
            Failure::Partial(Box::new(Partial { id, outputs, inputs, reasons, error, refresh_before_update }))
        }
    }
}
