use pulumi_proto::pulumirpc as rpc;

use super::problem::Problem;
use crate::resource::CheckFailure;
use crate::value::Object;
use crate::wire::{self, Unknowns};

/// Writes what the engine sends.
pub(super) fn send(object: Object) -> Result<prost_types::Struct, Problem> {
    wire::to_struct(object, Unknowns::Allowed).map_err(|error| Problem::Protocol(error.to_string()))
}

/// What a check answers, as the framework has it.
pub(super) fn failures(failures: Vec<rpc::CheckFailure>) -> Vec<CheckFailure> {
    failures.into_iter().map(|failure| CheckFailure::new(failure.property, failure.reason)).collect()
}
