//! What a resource answers, made fit to be saved.

use prost_types::Struct;
use tonic::Status;

use super::registry::Entry;
use crate::resource::{Code, Error, Failure, Partial};
use crate::schema::{Field, ObjectSchema};
use crate::status::{self, InitFailed};
use crate::value::{Object, Value};
use crate::wire::{self, Unknowns, WireError};

/// Takes over the wrappers of `known`: a value that is the same gets its representation, so that a
/// secret inside a map is still one after a resource read and wrote the map.
pub(super) fn keep_wrappers(answer: &mut Object, known: &Object) {
    for (key, value) in answer.iter_mut() {
        let before = known.get(key).filter(|before| !value.contains_secret() && before.same(value));
        if let Some(before) = before {
            *value = before.clone();
        }
    }
}

/// Keeps the secrets of inputs, also where a resource changed the value around them: one that differs from what the
/// user gave, and has lost its secrets, becomes secret as a whole.
pub(super) fn keep_secrets(answer: &mut Object, inputs: &Object) {
    keep_wrappers(answer, inputs);
    for (key, value) in answer.iter_mut() {
        let held_secret = inputs.get(key).is_some_and(Value::contains_secret);
        if held_secret && !value.contains_secret() && !value.is_null() {
            *value = Value::secret(std::mem::replace(value, Value::Null));
        }
    }
}

/// Completes outputs by the inputs that a resource left out, keeps their secrets, and wraps each output that holds one.
pub(super) fn complete(entry: &Entry, outputs: &mut Object, inputs: &Object) {
    keep_secrets(outputs, inputs);
    for (key, value) in inputs {
        if !outputs.contains_key(key) {
            outputs.insert(key.clone(), value.clone());
        }
    }
    entry.outputs.seal(outputs);
}

/// Completes the outputs of a real run, so that every output of the schema is there, null where there is nothing: one that is
/// absent is unknown to programs in YAML, and fails those that reach into it.
pub(super) fn complete_all(entry: &Entry, outputs: &mut Object, inputs: &Object) {
    complete(entry, outputs, inputs);
    add_absent(entry, outputs, |_| false);
}

/// Adds each output that a preview left out, as not known yet: every one, or those that will have a value. The others, and inputs
/// that nobody gave, are foretold to be null. Null also says so where a resource answers it.
pub(super) fn preview_outputs(entry: &Entry, outputs: &mut Object, every: bool) {
    add_absent(entry, outputs, |field| every || (field.required && entry.outputs.nothing(field).is_null()));
}

fn add_absent(entry: &Entry, outputs: &mut Object, is_unknown: impl Fn(&Field) -> bool) {
    for (name, field) in &entry.outputs.root().fields {
        if outputs.contains_key(name) {
            continue;
        }
        let value = match entry.inputs.root().has(name) {
            true => Value::Null,
            false if is_unknown(field) => Value::Unknown,
            false => entry.outputs.nothing(field),
        };
        outputs.insert(name.clone(), value);
    }
    entry.outputs.seal(outputs);
}

/// Writes a preview's answer or checked inputs.
pub(super) fn preview(outputs: Object) -> Result<Struct, Status> {
    wire::to_struct(outputs, Unknowns::Allowed).map_err(|error| defect(&error))
}

/// The answer of a real run. What must not be saved (unknowns, numbers that are none) is taken out, and told.
pub(super) fn real(mut outputs: Object) -> Result<(Struct, Vec<WireError>), Status> {
    let stripped = wire::strip(&mut outputs);
    let written = wire::to_struct(outputs, Unknowns::Refused).map_err(|error| defect(&error))?;
    Ok((written, stripped))
}

/// The error of a run that succeeded and answered what cannot be saved: the rest is.
pub(super) fn saved_without(stripped: &[WireError], id: String, properties: Struct) -> Status {
    let reasons: Vec<String> =
        stripped.iter().map(|error| format!("a defect of the provider: the output {error}")).collect();
    let cause = Error::new(Code::Internal, reasons.join("; "));
    status::partial(&cause, InitFailed { id, properties, reasons, ..InitFailed::default() })
}

/// The status of a failure, whose outputs are completed and whose words are clean.
pub(super) fn failure(failure: Failure, schema: &ObjectSchema) -> Status {
    let partial = match failure {
        Failure::Failed(error) => return status::error(&error),
        Failure::Partial(partial) => *partial,
    };
    if partial.id.is_empty() {
        return status::error(&without_id(&partial));
    }
    let Partial { id, mut outputs, inputs, mut reasons, error, refresh_before_update } = partial;
    schema.seal(&mut outputs);
    let mut strip = |mut object: Object| {
        let told = wire::strip(&mut object);
        reasons.extend(told.iter().map(|error| format!("a defect of the provider: the output {error}")));
        wire::to_struct(object, Unknowns::Refused).map_err(|error| defect(&error))
    };
    let written = strip(outputs).and_then(|properties| Ok((properties, inputs.map(&mut strip).transpose()?)));
    match written {
        Ok((properties, inputs)) => {
            status::partial(&error, InitFailed { id, properties, inputs, reasons, refresh_before_update })
        }
        Err(status) => status,
    }
}

/// The error of a resource that was made and has no id, which the engine cannot save.
pub(super) fn no_id() -> Error {
    Error::new(
        Code::Internal,
        "a defect of the provider: it answered no id, so the resource cannot be saved, but it may exist",
    )
}

fn without_id(partial: &Partial) -> Error {
    Error::new(partial.error.code, format!("{} ({})", partial.error.message, no_id().message))
}

fn defect(error: &WireError) -> Status {
    status::error(&Error::new(Code::Internal, format!("a defect of the provider: {error}")))
}
