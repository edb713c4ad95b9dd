//! Errors as gRPC statuses, with the details that the engine understands.
//!
//! grpc-go turns a status whose inner code differs from the outer one into an error that prints all
//! details, secrets included, and the engine then forgets the resource. So both codes are made here, together.

use prost::Message;
use prost_types::{Any, Struct};
use pulumi_proto::google::rpc;
use pulumi_proto::pulumirpc::{ConfigureErrorMissingKeys, ErrorResourceInitFailed, configure_error_missing_keys};
use tonic::{Code as GrpcCode, Status};

use crate::provider::MissingKey;
use crate::resource::{Code, Error};

/// A status without details, for an error that left nothing behind.
pub fn error(error: &Error) -> Status {
    Status::new(grpc_code(error.code), message(error))
}

/// What a call that failed halfway leaves behind, in the form that the engine saves.
#[derive(Clone, Default)]
pub struct InitFailed {
    /// The resource's id.
    pub id: String,
    /// The outputs to save, as the wire has them.
    pub properties: Struct,
    /// The inputs to save; Read only.
    pub inputs: Option<Struct>,
    /// What the user reads.
    pub reasons: Vec<String>,
    /// Read the resource before the next preview, update or destroy.
    pub refresh_before_update: bool,
}

/// A status for a failure after the first effect. The engine saves what the details carry,
/// and forces an update in the next run.
///
/// ```
/// use pulumi_provider::status::{self, InitFailed};
/// use pulumi_provider::{Code, Error};
///
/// let cause = Error::new(Code::Unavailable, "the service did not answer");
/// let left = InitFailed { id: "deployer".into(), ..InitFailed::default() };
/// let status = status::partial(&cause, left);
/// assert_eq!(status.code(), tonic::Code::Unavailable);
/// assert!(!status.details().is_empty());
/// ```
pub fn partial(cause: &Error, left: InitFailed) -> Status {
    let detail = ErrorResourceInitFailed {
        id: left.id,
        properties: Some(left.properties),
        reasons: left.reasons,
        inputs: left.inputs,
        refresh_before_update: left.refresh_before_update,
    };
    detailed(cause, "pulumirpc.ErrorResourceInitFailed", &detail)
}

/// A status for a configuration that lacks keys. The engine tells the user how to set each
/// of them.
pub fn missing_keys(package: &str, keys: &[MissingKey]) -> Status {
    let written = |key: &MissingKey| configure_error_missing_keys::MissingKey {
        name: format!("{package}:{}", key.name),
        description: key.description.clone(),
    };
    let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let cause = Error::new(Code::InvalidArgument, format!("missing configuration: {}", names.join(", ")));
    let detail = ConfigureErrorMissingKeys { missing_keys: keys.iter().map(written).collect() };
    detailed(&cause, "pulumirpc.ConfigureErrorMissingKeys", &detail)
}

fn detailed(cause: &Error, name: &str, detail: &impl Message) -> Status {
    let code = grpc_code(cause.code);
    let message = message(cause);
    let any = Any { type_url: format!("type.googleapis.com/{name}"), value: detail.encode_to_vec() };
    let inner = rpc::Status { code: code.into(), message: message.clone(), details: vec![any] };
    Status::with_details(code, message, inner.encode_to_vec().into())
}

fn message(error: &Error) -> String {
    if error.message.is_empty() {
        return "the provider gave no reason".to_owned();
    }
    error.message.clone()
}

fn grpc_code(code: Code) -> GrpcCode {
    match code {
        Code::Unknown => GrpcCode::Unknown,
        Code::InvalidArgument => GrpcCode::InvalidArgument,
        Code::NotFound => GrpcCode::NotFound,
        Code::AlreadyExists => GrpcCode::AlreadyExists,
        Code::FailedPrecondition => GrpcCode::FailedPrecondition,
        Code::PermissionDenied => GrpcCode::PermissionDenied,
        Code::Unauthenticated => GrpcCode::Unauthenticated,
        Code::ResourceExhausted => GrpcCode::ResourceExhausted,
        Code::Aborted => GrpcCode::Aborted,
        Code::DeadlineExceeded => GrpcCode::DeadlineExceeded,
        Code::Cancelled => GrpcCode::Cancelled,
        Code::Unavailable => GrpcCode::Unavailable,
        Code::Unimplemented => GrpcCode::Unimplemented,
        Code::Internal => GrpcCode::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(status: &Status) -> rpc::Status {
        rpc::Status::decode(status.details()).unwrap()
    }

    #[test]
    fn a_partial_failure_says_the_same_code_inside_and_out() {
        let codes = [
            Code::Unknown,
            Code::InvalidArgument,
            Code::NotFound,
            Code::AlreadyExists,
            Code::FailedPrecondition,
            Code::PermissionDenied,
            Code::Unauthenticated,
            Code::ResourceExhausted,
            Code::Aborted,
            Code::DeadlineExceeded,
            Code::Cancelled,
            Code::Unavailable,
            Code::Unimplemented,
            Code::Internal,
        ];
        for code in codes {
            let status = partial(&Error::new(code, "stopped"), InitFailed { id: "i".into(), ..InitFailed::default() });
            let inner = decoded(&status);
            assert_eq!((inner.code, inner.message.as_str()), (i32::from(status.code()), status.message()));
            assert_ne!(status.code(), GrpcCode::Ok);
            assert_eq!(inner.details[0].type_url, "type.googleapis.com/pulumirpc.ErrorResourceInitFailed");
            let detail = ErrorResourceInitFailed::decode(inner.details[0].value.as_slice()).unwrap();
            assert_eq!(detail.id, "i");
            assert!(detail.properties.is_some());
        }
    }

    #[test]
    fn missing_keys_carry_the_package_and_what_they_are_for() {
        let key = MissingKey { name: "region".into(), description: "Where to work.".into() };
        let inner = decoded(&missing_keys("example", &[key]));
        let detail = ConfigureErrorMissingKeys::decode(inner.details[0].value.as_slice()).unwrap();
        assert_eq!(detail.missing_keys[0].name, "example:region");
        assert_eq!(detail.missing_keys[0].description, "Where to work.");
    }
}
