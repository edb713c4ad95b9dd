#![doc = include_str!("../README.md")]

pub mod decode;
pub mod diff;
pub mod encode;
pub mod log;
pub mod path;
pub mod provider;
mod redact;
pub mod resource;
pub mod schema;
pub mod serve;
pub mod service;
pub mod status;
#[cfg(feature = "testing")]
pub mod testing;
pub mod typed;
pub mod value;
pub mod wire;

pub use async_trait::async_trait;
pub use decode::{Decoded, decode, decode_beside, decode_both, field_names};
pub use diff::{ChangeKind, Diff, PropertyChange};
pub use encode::{EncodeError, to_object, to_value};
pub use log::Log;
pub use path::{PropertyPath, Segment};
pub use provider::{ConfigureError, MissingKey, Provider};
pub use resource::{
    Autonaming, AutonamingMode, CheckFailure, CheckRequest, Checked, Code, Context, CreateRequest, Created,
    DeleteRequest, DiffRequest, Error, Failure, Found, Function, FunctionSpec, InvokeFailure, InvokeRequest,
    ListRequest, Listed, Partial, ReadRequest, Resource, ResourceSpec, Stop, StopReason, UpdateRequest, Urn,
};
pub use schema::{Metadata, ObjectSchema, SchemaError, build_schema};
pub use serve::run;
pub use service::Service;
pub use typed::{Typed, TypedResource};
pub use value::{
    Archive, ArchiveContent, Asset, AssetContent, Object, Output, ResourceRef, SecretString, Sensitive, Value,
};
