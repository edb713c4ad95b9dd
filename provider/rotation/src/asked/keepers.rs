use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// Keepers, with values that may be secret and are never shown.
#[derive(Clone, Default)]
pub struct Keepers(BTreeMap<String, SecretString>);

impl Keepers {
    pub(crate) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// From plain entries.
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name, value.into())).collect())
    }

    #[expect(clippy::disallowed_methods, reason = "keepers are compared and hashed here; neither result reveals them")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret()))
    }
}

impl<'de> Deserialize<'de> for Keepers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, Keeper>::deserialize(deserializer)?;
        Ok(Self(entries.into_iter().map(|(name, Keeper(value))| (name, value)).collect()))
    }
}

/// One value as its text. Stack configuration turns `42` and `true` into a number and a boolean before a program can quote them.
struct Keeper(SecretString);

impl<'de> Deserialize<'de> for Keeper {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeeperVisitor)
    }
}

struct KeeperVisitor;

impl Visitor<'_> for KeeperVisitor {
    type Value = Keeper;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_str<E>(self, text: &str) -> Result<Keeper, E> {
        Ok(Keeper(text.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }
}

impl PartialEq for Keepers {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

impl fmt::Debug for Keepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keepers", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RotationInputs;

    #[test]
    fn keepers_hide_their_values() {
        let keepers = Keepers::new([("db".to_owned(), "hunter2".to_owned())]);
        assert!(!format!("{keepers:?}").contains("hunter2"));
        assert_eq!(keepers, Keepers::new([("db".to_owned(), "hunter2".to_owned())]));
        assert_ne!(keepers, Keepers::default());
    }

    #[test]
    fn a_keeper_may_be_written_as_a_number_or_a_boolean() {
        let inputs: RotationInputs =
            serde_json::from_str(r#"{"keepers": {"release": 42, "half": 0.5, "live": true}}"#).unwrap();
        let texts = [("half", "0.5"), ("live", "true"), ("release", "42")];
        assert_eq!(inputs.keepers.unwrap(), Keepers::new(texts.map(|(name, text)| (name.to_owned(), text.to_owned()))));
        assert!(serde_json::from_str::<RotationInputs>(r#"{"keepers": {"list": []}}"#).is_err());
    }
}
