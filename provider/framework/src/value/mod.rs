//! Property values: what JSON has, and the secrets, unknowns, outputs, references and
//! assets that Pulumi adds.
//!
//! A value may be wrapped. `Secret` marks it as secret, `Output` carries the resources that
//! it came from. Resources rarely care about wrappers, so the readers (`as_str`,
//! `as_object`, …) look through them:
//!
//! ```
//! use pulumi_provider::Value;
//!
//! let plain = Value::from("hunter2");
//! let secret = Value::secret("hunter2");
//!
//! assert_eq!(secret.as_str(), Some("hunter2"));
//! assert!(secret.same(&plain), "the user's value is the same");
//! assert_ne!(secret, plain, "the structure differs");
//! assert_eq!(format!("{secret:?}"), "[secret]");
//! ```
//!
//! A value that is not known yet reads as nothing:
//!
//! ```
//! use pulumi_provider::Value;
//!
//! assert_eq!(Value::Unknown.as_str(), None);
//! assert!(Value::Unknown.is_unknown());
//! ```

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
