//! The configuration of a JWT mount, as it is read and written whole.

use rotation::{Effect, Error, ErrorKind, KeyId};
use serde_json::{Map, Value};

use super::jwk::{JwtAlgorithm, kid};
use super::mark::{self, Standing, Unreadable};
use crate::config_lock::Config;

/// A public key that is published.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) kid: KeyId,
    pub(crate) standing: Standing,
    /// The whole text, with what stands before the key.
    pub(crate) entry: String,
}

/// What names the keys; the field that every configuration of a JWT mount has.
pub(crate) const KEYS: &str = "jwt_validation_pubkeys";
const ALGORITHMS: &str = "jwt_supported_algs";
/// What a mount may have in the place of keys (OpenBao's and Vault's API documentation, "Configure" of the JWT method).
const INSTEAD: [&str; 4] = ["oidc_discovery_url", "jwks_url", "jwks_pairs", "provider_config"];

impl Config {
    /// This one.
    pub(crate) fn new(fields: Map<String, Value>) -> Self {
        Self(Some(fields))
    }

    /// Whether it is one of a JWT mount, as far as that shows.
    pub(crate) fn is_jwt(&self) -> bool {
        self.0.as_ref().is_none_or(|fields| fields.contains_key(KEYS))
    }

    /// The published keys, in their order.
    pub(crate) fn keys(&self) -> Result<Vec<Published>, Error> {
        let entries = self.0.as_ref().and_then(|fields| fields.get(KEYS)).and_then(Value::as_array);
        let entries = entries.into_iter().flatten().filter_map(Value::as_str);
        entries.map(published).collect()
    }

    /// The same with these keys.
    pub(crate) fn with_keys(&self, entries: Vec<String>) -> Self {
        let mut fields = self.0.clone().unwrap_or_default();
        fields.insert(KEYS.to_owned(), entries.into());
        Self(Some(fields))
    }

    /// What is sent to make it so.
    pub(crate) fn fields(&self) -> Option<&Map<String, Value>> {
        self.0.as_ref()
    }

    /// Insists that the mount fetches its keys from there, and that one for this algorithm would let tokens in.
    pub(crate) fn must_fetch(&self, mount: &str, url: &str, algorithm: JwtAlgorithm) -> Result<(), Error> {
        let Some(fields) = &self.0 else { return Ok(()) };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let instead = match text("jwks_url") {
            Some(set) if set == url => return self.must_sign(mount, algorithm),
            Some(set) => {
                format!(
                    "fetches its keys from {set:?}, not from {url:?} (`jwksUrl`): let both name one place [KR-VAULT-056]"
                )
            }
            None if !self.list(KEYS).is_empty() => {
                format!(
                    "has published keys ({KEYS}) and fetches none: leave out `jwksUrl`, or name another mount [KR-VAULT-057]"
                )
            }
            None => format!(
                "gets its keys by {}, not from a set (jwks_url), and their end could not be proven: name another mount [KR-VAULT-058]",
                self.instead()
            ),
        };
        Err(refusal(format!("the mount \"auth/{mount}\" (`mount`) {instead}. Nothing was changed")))
    }

    /// Insists that a key for this algorithm, published there, would let tokens in.
    pub(crate) fn must_take(&self, mount: &str, algorithm: JwtAlgorithm) -> Result<(), Error> {
        if self.0.is_some() && self.list(KEYS).is_empty() {
            let setting = self.instead();
            let hint = if setting == "jwks_url" { "set `jwksUrl` to that, or " } else { "" };
            let message = format!(
                "the mount \"auth/{mount}\" (`mount`) gets its keys by {setting} and takes no {KEYS} beside it, so nothing was changed: {hint}name a mount that has published keys, or none yet [KR-VAULT-059]"
            );
            return Err(refusal(message));
        }
        self.must_sign(mount, algorithm)
    }

    fn list(&self, name: &str) -> &[Value] {
        self.0.as_ref().and_then(|fields| fields.get(name)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// What the mount has in the place of published keys.
    fn instead(&self) -> &'static str {
        let is_set = |name: &&str| self.0.as_ref().and_then(|fields| fields.get(*name)).is_some_and(|it| !is_empty(it));
        INSTEAD.into_iter().find(is_set).unwrap_or("a setting that is not shown")
    }

    fn must_sign(&self, mount: &str, algorithm: JwtAlgorithm) -> Result<(), Error> {
        let list = self.list(ALGORITHMS);
        if !list.is_empty() && !list.contains(&algorithm.name().into()) {
            let names: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            let message = format!(
                "the mount \"auth/{mount}\" (`mount`) takes {} only ({ALGORITHMS}), so nothing was changed: add {} there, or choose another `algorithm` [KR-VAULT-060]",
                names.join(", "),
                algorithm.name()
            );
            return Err(refusal(message));
        }
        Ok(())
    }
}

fn refusal(message: String) -> Error {
    Error::new(ErrorKind::Invalid, "vault read config", message).effect(Effect::None)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn published(entry: &str) -> Result<Published, Error> {
    let kid = kid(mark::pem(entry));
    let standing = mark::read(&kid, entry).map_err(|Unreadable| unreadable(&kid))?;
    Ok(Published { kid, standing, entry: entry.to_owned() })
}

fn unreadable(kid: &KeyId) -> Error {
    let message = format!(
        "the mark before the public key {kid} in {KEYS} is not one that this version of the plugin writes, so nothing was changed: upgrade the plugin, or remove the mark if it was put there by hand [KR-VAULT-061]"
    );
    Error::new(ErrorKind::Unexpected, "vault read config", message).effect(Effect::None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(fields: Value) -> Config {
        Config::new(fields.as_object().unwrap().clone())
    }

    #[test]
    fn what_stands_in_the_place_of_keys_is_named() {
        for (setting, value) in [
            ("oidc_discovery_url", json!("https://a")),
            ("jwks_url", json!("https://a")),
            ("jwks_pairs", json!([{"jwks_url": "https://a"}])),
            ("provider_config", json!({"provider": "kubernetes"})),
        ] {
            let mut fields = json!({"jwt_validation_pubkeys": [], "jwks_url": "", "oidc_discovery_url": ""});
            fields[setting] = value;
            let error = config(fields).must_take("team/jwt", JwtAlgorithm::Rs256).unwrap_err();
            assert!(error.message.contains(setting) && error.message.contains("auth/team/jwt"), "{error}");
            assert!(error.kind == ErrorKind::Invalid && error.effect == Effect::None);
        }
        assert!(config(json!({})).must_take("jwt", JwtAlgorithm::Rs256).is_err());
        assert!(Config::default().must_take("jwt", JwtAlgorithm::Rs256).is_ok());
    }

    #[test]
    fn a_set_is_fetched_from_where_it_is_published() {
        let must_fetch = |fields| config(fields).must_fetch("jwt", "https://a/jwks", JwtAlgorithm::EdDsa);
        assert!(must_fetch(json!({"jwt_validation_pubkeys": [], "jwks_url": "https://a/jwks"})).is_ok());
        assert!(Config::default().must_fetch("jwt", "https://a/jwks", JwtAlgorithm::EdDsa).is_ok());
        for (fields, words) in [
            (json!({"jwks_url": "https://b"}), "not from \"https://a/jwks\""),
            (json!({"jwks_url": "", "jwt_validation_pubkeys": ["x"]}), "leave out `jwksUrl`"),
            (json!({"jwks_url": "", "oidc_discovery_url": "https://a"}), "oidc_discovery_url"),
            (json!({"jwks_url": "https://a/jwks", "jwt_supported_algs": ["RS256"]}), "jwt_supported_algs"),
        ] {
            let error = must_fetch(fields).unwrap_err();
            assert!(error.message.contains(words) && error.effect == Effect::None, "{error}");
        }
    }

    #[test]
    fn an_algorithm_that_the_mount_does_not_take_is_refused() {
        let with =
            |algorithms: Value| config(json!({"jwt_validation_pubkeys": ["x"], "jwt_supported_algs": algorithms}));
        for free in [json!(null), json!([]), json!(["EdDSA", "ES256"])] {
            assert!(with(free).must_take("jwt", JwtAlgorithm::EdDsa).is_ok());
        }
        let error = with(json!(["EdDSA", "ES256"])).must_take("jwt", JwtAlgorithm::Rs256).unwrap_err();
        for words in ["jwt_supported_algs", "EdDSA, ES256", "RS256", "`algorithm`"] {
            assert!(error.message.contains(words), "{error}");
        }
    }

    #[test]
    fn other_keys_and_fields_stay_in_their_order() {
        let read = config(json!({"z": {"b": 1, "a": null}, "jwt_validation_pubkeys": ["one", " two\n"], "c": [1.5]}));
        let entries: Vec<_> = read.keys().unwrap().into_iter().map(|key| key.entry).collect();
        assert_eq!(read.with_keys(entries), read);
        let text = serde_json::to_string(read.with_keys(vec!["new".to_owned()]).fields().unwrap()).unwrap();
        assert_eq!(text, r#"{"z":{"b":1,"a":null},"jwt_validation_pubkeys":["new"],"c":[1.5]}"#);
    }

    #[test]
    fn a_mark_that_cannot_be_read_names_its_key() {
        let error = config(json!({"jwt_validation_pubkeys": ["keyrotation 9\n-----BEGIN X-----"]})).keys().unwrap_err();
        assert!(error.message.contains("sha256-") && error.effect == Effect::None, "{error}");
    }
}
