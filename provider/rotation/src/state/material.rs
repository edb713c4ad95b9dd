use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Whether the system accepts a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KeyStatus {
    /// It works.
    #[default]
    Active,
    /// It was disabled.
    Inactive,
}

/// One field of a key that users read.
#[derive(Clone)]
pub enum Field {
    /// Public.
    Plain(String),
    /// Secret.
    Secret(SecretString),
    /// Secret texts by public names.
    SecretMap(BTreeMap<String, SecretString>),
}

impl Field {
    /// Forgets it, if it is secret.
    pub(crate) fn forget(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Secret(secret) => *secret = SecretString::default(),
            Self::SecretMap(texts) => texts.clear(),
        }
    }

    /// Whether it is a secret that is known.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn is_known_secret(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secret(secret) => !is_empty_secret(secret),
            Self::SecretMap(texts) => !texts.is_empty(),
        }
    }

    /// Whether it is a secret that nobody knows: its text is empty.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Secret(secret) if is_empty_secret(secret))
    }
}

/// Whether a secret has no text.
#[expect(clippy::disallowed_methods, reason = "whether a secret is empty is no secret")]
pub fn is_empty_secret(secret: &SecretString) -> bool {
    secret.expose_secret().is_empty()
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("[secret]"),
            Self::SecretMap(texts) => texts.fmt(f),
        }
    }
}

impl PartialEq for Field {
    #[expect(clippy::disallowed_methods, reason = "equality of two secrets reveals neither")]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(two)) => one == two,
            (Self::Secret(one), Self::Secret(two)) => one.expose_secret() == two.expose_secret(),
            (Self::SecretMap(one), Self::SecretMap(two)) => {
                let same = |(name, text): (&String, &SecretString)| {
                    two.get(name).is_some_and(|other| other.expose_secret() == text.expose_secret())
                };
                one.len() == two.len() && one.iter().all(same)
            }
            _ => false,
        }
    }
}

/// The fields of a key that users read, by the names that outputs have.
pub type Material = BTreeMap<String, Field>;
