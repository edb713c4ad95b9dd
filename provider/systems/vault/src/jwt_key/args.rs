use std::fmt;

use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::jwk::{self, JwtAlgorithm};
use super::keypair::Pair;
use crate::config::is_path;

/// What `vault:RotatingJwtKey` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JwtKeyArgs {
    /// The namespace that the resource is in, below that of the provider, such as `"team"`. Default: the provider's own. Another namespace replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub namespace: Option<String>,
    /// Where the JWT method is mounted, without `auth/`, such as `"jwt"`. Another mount replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub mount: String,
    /// What the key is called, such as `"payments"`: several keys, each with a name of its own, can stand at one mount. Another name replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub name: String,
    /// The algorithm of the key. Default: `"RS256"`. A change takes effect at the next rotation.
    #[serde(default)]
    pub algorithm: Option<JwtAlgorithm>,
    /// The `jwks_url` of a mount that fetches its keys: publish the output `jwks` there. Default: none; the plugin then publishes the key itself, in `jwt_validation_pubkeys` of the mount. A change replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub jwks_url: Option<String>,
}

impl JwtKeyArgs {
    /// What the key signs with.
    pub(crate) fn algorithm(&self) -> JwtAlgorithm {
        self.algorithm.unwrap_or_default()
    }
}

impl fmt::Display for JwtKeyArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the JWT mount {:?} of the key {:?} (`mount`, `name`)", self.mount, self.name)
    }
}

/// A key that signs tokens.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "vault"))]
pub struct JwtKey {
    /// The key's name for the header of tokens: the thumbprint of its public half by RFC 7638.
    pub kid: String,
    /// What signs: PKCS#8 in PEM.
    pub private_key_pem: SecretProperty,
    /// What the mount checks signatures with, in PEM.
    pub public_key_pem: String,
    /// The public halves of all keys that the mount must accept, as a JSON Web Key Set (RFC 7517): the content of `jwksUrl`.
    #[schemars(extend("x-shared-output" = true))]
    pub jwks: String,
}

pub(crate) const KID: &str = "kid";
pub(crate) const PRIVATE_KEY_PEM: &str = "privateKeyPem";
pub(crate) const PUBLIC_KEY_PEM: &str = "publicKeyPem";
const JWKS: &str = "jwks";

/// The fields of a key as users read them. A private half that nobody knows is empty.
pub(crate) fn material(kid: &KeyId, private: SecretString, public: String) -> Material {
    let fields = [
        (KID, Field::Plain(kid.0.clone())),
        (PRIVATE_KEY_PEM, Field::Secret(private)),
        (PUBLIC_KEY_PEM, Field::Plain(public)),
    ];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}

/// What all keys have together.
pub(crate) fn shared_outputs(published: &[&Material]) -> Material {
    let publics = published.iter().filter_map(|material| match material.get(PUBLIC_KEY_PEM) {
        Some(Field::Plain(public)) => Some(public.as_str()),
        _ => None,
    });
    [(JWKS.to_owned(), Field::Plain(jwk::set(publics)))].into()
}

/// The fields of a key that was made elsewhere, its private half as the plugin writes it. One that is not the key's is nobody's.
pub(crate) fn imported(kid: &KeyId, secret: Option<SecretString>) -> Material {
    let pair = secret.as_ref().and_then(Pair::from_pem).filter(|pair| pair.kid() == kid);
    let halves = pair.and_then(|pair| Some((pair.private_pem().ok()?, pair.public_pem().ok()?)));
    let (private, public) = halves.unwrap_or_default();
    material(kid, private, public)
}

/// The pair of a key, if its private half is known.
pub(crate) fn pair(material: &Material) -> Option<Pair> {
    match material.get(PRIVATE_KEY_PEM) {
        Some(Field::Secret(private)) => Pair::from_pem(private),
        _ => None,
    }
}

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &JwtKeyArgs) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |property: &str, reason: &str| {
        problems.push(problem(property, reason));
    };
    if !is_path(&args.mount) || args.mount.starts_with("auth/") {
        add("mount", "is not a mount's path: write one such as \"jwt\", without auth/ [KR-VAULT-053]");
    }
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    let name = &args.name;
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(allowed) || !is_path(name) {
        add(
            "name",
            "is not the name of a key: write up to 64 letters, digits, \"-\", \"_\" and \".\", such as \"payments\" [KR-VAULT-054]",
        );
    }
    if args.jwks_url.as_deref().is_some_and(|url| !is_url(url)) {
        add(
            "jwksUrl",
            "is not a URL: write the mount's jwks_url, such as \"https://keys.example.com/jwks.json\" [KR-VAULT-055]",
        );
    }
    problems
}

const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(inputs: Value) -> Vec<String> {
        let mut all = json!({"mount": "jwt", "name": "payments"});
        all.as_object_mut().unwrap().extend(inputs.as_object().unwrap().clone());
        let args: JwtKeyArgs = serde_json::from_value(all).unwrap();
        check(&args).into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn a_key_has_the_fields_that_its_schema_promises() {
        let schema = schemars::schema_for!(JwtKey);
        let fields = material(&KeyId("a".to_owned()), "hidden".into(), "shown".to_owned());
        let promised = schema.as_value()["properties"].as_object().unwrap();
        let own = promised.iter().filter(|(_, field)| field.get("x-shared-output").is_none()).map(|(name, _)| name);
        assert!(fields.keys().eq(own.collect::<std::collections::BTreeSet<_>>()));
        let shared_outputs = shared_outputs(&[]);
        assert!(
            shared_outputs.keys().all(|name| promised[name].get("x-shared-output").is_some())
                && shared_outputs.len() == 1
        );
        let is_secret = |name: &str| promised[name].get("x-secret").is_some();
        assert!(is_secret(PRIVATE_KEY_PEM) && !is_secret(PUBLIC_KEY_PEM) && !is_secret(KID));
    }

    #[test]
    fn right_inputs_are_accepted() {
        assert!(properties(json!({})).is_empty());
        assert!(properties(json!({"mount": "team/jwt", "name": "a-b_c.1", "algorithm": "EdDSA"})).is_empty());
    }

    #[test]
    fn wrong_inputs_are_named() {
        for mount in ["", "/a", "a/", "a//b", "..", "auth/jwt"] {
            assert_eq!(properties(json!({"mount": mount})), ["mount"], "{mount:?}");
        }
        for name in ["", "a/b", "..", "a b", "ä", "a\nb", &"a".repeat(65)] {
            assert_eq!(properties(json!({"name": name})), ["name"], "{name:?}");
        }
        for url in ["", "jwks.json", "ftp://a"] {
            assert_eq!(properties(json!({"jwksUrl": url})), ["jwksUrl"], "{url:?}");
        }
        let wrong = serde_json::from_value::<JwtKeyArgs>(json!({"mount": "a", "name": "b", "algorithm": "HS256"}));
        assert!(wrong.is_err());
    }

    #[test]
    fn an_imported_private_half_must_be_the_keys() {
        let (one, two) = (Pair::generate(JwtAlgorithm::EdDsa).unwrap(), Pair::generate(JwtAlgorithm::EdDsa).unwrap());
        let secret = || Some(one.private_pem().unwrap());
        assert!(pair(&imported(one.kid(), secret())).is_some());
        for material in [imported(two.kid(), secret()), imported(one.kid(), None)] {
            assert!(pair(&material).is_none() && material[PUBLIC_KEY_PEM] == Field::Plain(String::new()));
        }
    }
}
