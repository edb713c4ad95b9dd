//! `vault:RotatingApiKey`: a value that the plugin makes and keeps as a version of a KV path.
//!
//! What is peculiar to KV: a key's name is the number of its version, known before it is written; a write takes effect only if that
//! number is still free (check-and-set); and what was written can be read again. So a lost answer leaves a key that is known to be ours,
//! or proven not to be: see `ledger`.

mod args;
mod fields;
mod issuer;
mod ledger;
mod limits;
mod memory;
mod path;
mod plan;
mod value;

use std::sync::Arc;

use cloud::{ImportedInputs, RotatingResource};
use rotation::{Capability, Error, ErrorKind, KeyId, KeyIssuer, Known, Material, Problem};
use secrecy::SecretString;

pub(crate) use args::ALPHANUMERIC;
pub use args::{ApiKeyArgs, KvVersion};
use issuer::KvIssuer;
pub(crate) use path::{Found, KvPath, Patched};
pub(crate) use value::{Shape, fits, print};

use crate::config::plain;
use crate::{Vault, namespace_of, namespace_problem, within};

/// The system behind `vault:RotatingApiKey`.
pub struct VaultApiKey(Arc<Vault>);

impl VaultApiKey {
    /// On this server.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self(vault)
    }
}

impl RotatingResource for VaultApiKey {
    type Args = ApiKeyArgs;
    type Key = KvVersion;
    const TOKEN: &'static str = "vault:RotatingApiKey";
    const LIST_TOKEN: &'static str = "vault:listApiKeys";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "Vault cluster";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
        issuer::capability()
    }

    fn principal(&self, args: &ApiKeyArgs) -> String {
        within(&args.namespace, format!("{}/{}", args.mount, args.path))
    }

    fn identity(&self, args: &ApiKeyArgs) -> String {
        within(&args.namespace, format!("{}/{}", plain(&args.mount), plain(&args.path)))
    }

    fn check(&self, args: &ApiKeyArgs) -> Vec<Problem> {
        namespace_problem(&args.namespace).into_iter().chain(args::check(args)).collect()
    }

    fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
        let (namespace, id) = namespace_of(id);
        let (place, version) = match id.split_once('#') {
            Some((place, version)) => (place, Some(version)),
            None => (id, None),
        };
        let is_number = |text: &str| text.parse::<u64>().is_ok_and(|number| number > 0 && number.to_string() == text);
        let parts = place.split_once('/').filter(|_| crate::config::is_path(place));
        match parts {
            Some((mount, path)) if version.is_none_or(is_number) => {
                let inputs =
                    [("mount", mount), ("path", path)].into_iter().chain(namespace.map(|name| ("namespace", name)));
                let inputs = inputs.map(|(name, text)| (name.to_owned(), text.to_owned()));
                Ok((inputs.collect(), version.map(|version| KeyId(version.to_owned()))))
            }
            _ => {
                let message = "an import id is a mount, a path, and where the path has several versions the number of one, such as \"secret/app\" or \"secret/app#3\" [KR-VAULT-014]";
                Err(Error::new(ErrorKind::Invalid, "", message))
            }
        }
    }

    fn import_id(&self, principal: &str, key: &KeyId) -> String {
        format!("{principal}#{key}")
    }

    fn imported(&self, _: &ApiKeyArgs, key: &KeyId, secret: Option<SecretString>) -> Material {
        args::material(key, secret.unwrap_or_default())
    }

    fn issuer(&self, args: &ApiKeyArgs, known: Known<'_>) -> Box<dyn KeyIssuer> {
        Box::new(KvIssuer::new(self.0.session().below(args.namespace.as_deref()), args.clone(), known))
    }
}

#[cfg(test)]
mod tests {
    use cloud::Cloud;
    use rotation::testing::ManualClock;

    use super::*;

    #[test]
    fn an_import_id_names_a_path_and_perhaps_a_version() {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let system = VaultApiKey::new(Arc::new(Vault::new(clock)));
        let (inputs, key) = system.import("secret/team/app#12").unwrap();
        assert_eq!((inputs["mount"].as_str(), inputs["path"].as_str()), ("secret", "team/app"));
        assert_eq!(key, Some(KeyId("12".to_owned())));
        assert_eq!(system.import_id("secret/team/app", &KeyId("12".to_owned())), "secret/team/app#12");
        assert_eq!(system.import("secret/app").unwrap().1, None);
        for wrong in
            ["", "secret", "/app", "secret/", "secret//app", "secret/app#", "secret/app#0", "secret/app#x", "a/../b"]
        {
            assert!(system.import(wrong).is_err(), "{wrong:?}");
        }
    }
}
