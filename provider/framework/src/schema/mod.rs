//! From Rust types to facts about properties, and to a Pulumi package schema.
//!
//! A type's JSON schema (schemars) says names, kinds, what is required and the documentation. What it
//! cannot say is said with `#[schemars(extend("…" = …))]`:
//!
//! | mark | on | meaning |
//! | --- | --- | --- |
//! | `x-secret = true` | a field | the value is secret; [`SecretString`](crate::SecretString) says so itself |
//! | `x-replace = true` | a field | a change needs a new resource |
//! | `x-ignored = true` | a field | the value is taken and ignored: a change is no change |
//! | `x-deprecated = "why"` | a field | not to be used any more |
//! | `x-ref = "pulumi.json#/Asset"` | a field | a type of Pulumi's own |
//! | `x-module = "net"` | a type | the module its token stands in; the root without it |
//! | `x-name = "Config"` | a type | its name in its token, where types of other modules have the same one in Rust |

mod marks;
mod metadata;
mod package;
mod parse;
mod shape;

pub use metadata::Metadata;
pub(crate) use package::full_token;
pub use package::{SchemaError, build_schema};
pub use shape::ObjectSchema;
pub(crate) use shape::{Field, ObjectType, Shape};

#[cfg(test)]
mod tests;
