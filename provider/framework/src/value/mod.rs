//! Property values as Pulumi knows them: JSON's kinds, and secrets, unknowns, outputs, references and assets.

mod kinds;
mod plain;
mod same;
mod secret;
mod special;

pub use kinds::{Archive, ArchiveContent, Asset, AssetContent, Object, Output, ResourceRef, Sensitive, Value};
pub use same::same_objects;
pub use secret::SecretString;
pub(crate) use secret::{SECRET_NEWTYPE, expose_while};

#[cfg(test)]
mod tests;
