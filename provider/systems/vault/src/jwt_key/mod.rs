//! `vault:RotatingJwtKey`: a key that signs tokens for a JWT mount, which checks them with its published public half.
//!
//! What is peculiar to it: the private half never leaves this machine, a mark stands as text before the public half, and the server
//! knows the published keys as one list in a configuration that is written whole. See `crate::gate` for how nothing of it is lost.

mod args;
mod config;
mod fetched;
mod issuer;
mod jwk;
mod keypair;
mod mark;
mod mount;
mod probes;
mod seen;

use std::sync::Arc;

use cloud::{ImportedInputs, RotatingResource};
use rotation::{Capability, Error, ErrorKind, KeyId, KeyIssuer, Known, Material, Problem};
use secrecy::SecretString;

pub use args::{JwtKey, JwtKeyArgs};
use fetched::FetchedIssuer;
use issuer::JwtKeyIssuer;
pub use jwk::JwtAlgorithm;

use crate::config::plain;
use crate::{Vault, namespace_problem, within};

/// The system behind `vault:RotatingJwtKey`.
pub struct VaultJwtKey(Arc<Vault>);

impl VaultJwtKey {
    /// On this server.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self(vault)
    }
}

impl RotatingResource for VaultJwtKey {
    type Args = JwtKeyArgs;
    type Key = JwtKey;
    const TOKEN: &'static str = "vault:RotatingJwtKey";
    const DELIVERED: &'static [&'static str] = &["kid", "privateKeyPem"];
    const LIST_TOKEN: &'static str = "vault:listJwtKeys";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "Vault cluster";
    const REPLACE_ON: &'static [&'static str] = &["jwksUrl"];

    fn capability(&self, args: Option<&JwtKeyArgs>) -> Capability {
        match args.and_then(|args| args.jwks_url.as_ref()) {
            Some(_) => fetched::capability(),
            None => issuer::capability(),
        }
    }

    fn principal(&self, args: &JwtKeyArgs) -> String {
        within(&args.namespace, format!("{}/{}", args.mount, args.name))
    }

    fn identity(&self, args: &JwtKeyArgs) -> String {
        let set = args.jwks_url.as_deref().map(one_spelling).unwrap_or_default();
        within(&args.namespace, format!("{}/{}#{set}", plain(&args.mount), args.name))
    }

    fn check(&self, args: &JwtKeyArgs) -> Vec<Problem> {
        namespace_problem(&args.namespace).into_iter().chain(args::check(args)).collect()
    }

    fn import(&self, _: &str) -> Result<ImportedInputs, Error> {
        let message = "a JWT key cannot be imported, because the mount holds its public half only: leave the import option out and the first `pulumi up` makes a key beside those that stand there; `adopt` takes over one of them [KR-VAULT-073]";
        Err(Error::new(ErrorKind::Invalid, "", message))
    }

    fn imported(&self, _: &JwtKeyArgs, key: &KeyId, secret: Option<SecretString>) -> Material {
        args::imported(key, secret)
    }

    fn shared_outputs(&self, published: &[&Material]) -> Material {
        args::shared_outputs(published)
    }

    fn issuer(&self, args: &JwtKeyArgs, known: Known<'_>) -> Box<dyn KeyIssuer> {
        let session = self.0.session().below(args.namespace.as_deref());
        match args.jwks_url.clone() {
            Some(url) => Box::new(FetchedIssuer::new(session, args.clone(), url, known)),
            None => Box::new(JwtKeyIssuer::new(session, args.clone())),
        }
    }
}

/// A URL as it is sent, whatever the case of its host and whether its port is written.
fn one_spelling(url: &str) -> String {
    url.parse().map_or_else(|_| url.to_owned(), |url: outbound::Url| url.to_string())
}

#[cfg(test)]
mod tests {
    use cloud::Cloud;
    use rotation::testing::ManualClock;

    use super::*;

    #[test]
    fn an_import_is_refused_with_its_reason() {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let system = VaultJwtKey::new(Arc::new(Vault::new(clock)));
        for id in ["jwt/payments", "jwt/payments/kid", ""] {
            let error = system.import(id).unwrap_err();
            assert!(error.message.contains("public half only"), "{error}");
        }
    }

    #[test]
    fn what_is_told_of_a_mount_is_what_its_issuer_can_do() {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let system = VaultJwtKey::new(Arc::new(Vault::new(clock)));
        for (url, lists_all) in [(None, true), (Some("https://keys.example/jwks.json"), false)] {
            let args = serde_json::json!({"mount": "jwt", "name": "payments", "jwksUrl": url});
            let args: JwtKeyArgs = serde_json::from_value(args).unwrap();
            let told = system.capability(Some(&args));
            assert_eq!((told.lists_all, told), (lists_all, system.issuer(&args, Known::default()).capability()));
        }
        assert!(system.capability(None).lists_all, "adopt is in the schema, because it works without jwksUrl");
    }

    #[test]
    fn lesson_a4_spellings_of_one_set_have_one_identity() {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let system = VaultJwtKey::new(Arc::new(Vault::new(clock)));
        let identity = |mount: &str, url: Option<&str>| {
            let args = serde_json::json!({"mount": mount, "name": "payments", "jwksUrl": url});
            system.identity(&serde_json::from_value(args).unwrap())
        };
        let url = "https://keys.example/jwks.json";
        assert_eq!(identity("jwt", Some(url)), identity("/jwt/", Some("HTTPS://Keys.Example:443/jwks.json")));
        assert_ne!(identity("jwt", Some(url)), identity("jwt", Some("https://keys.example/JWKS.json")));
        assert_ne!(identity("jwt", Some(url)), identity("jwt", None));
        assert_ne!(identity("jwt", None), identity("jwt2", None));
    }
}
