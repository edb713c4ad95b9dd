//! `vault:RotatingSecretId`: a secret-id of an AppRole, which machines log in with.
//!
//! What is peculiar to AppRole: the plugin chooses the secret-id itself, the server names it by an accessor, and what is noted at it
//! never changes. See `marks` for how it is known all the same which are ours.

mod args;
mod issuer;
mod marks;
mod role;

use std::sync::Arc;

use cloud::{ImportedInputs, RotatingResource};
use rotation::{Capability, Error, ErrorKind, KeyId, KeyIssuer, Known, Material, Problem};
use secrecy::SecretString;

pub use args::{AppRoleSecretId, SecretIdArgs};
use issuer::SecretIdIssuer;

use crate::config::plain;
use crate::{Vault, namespace_of, namespace_problem, within};

/// The system behind `vault:RotatingSecretId`.
pub struct VaultSecretId(Arc<Vault>);

impl VaultSecretId {
    /// On this server.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self(vault)
    }
}

impl RotatingResource for VaultSecretId {
    type Args = SecretIdArgs;
    type Key = AppRoleSecretId;
    const TOKEN: &'static str = "vault:RotatingSecretId";
    const LIST_TOKEN: &'static str = "vault:listSecretIds";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "Vault cluster";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
        issuer::capability()
    }

    fn principal(&self, args: &SecretIdArgs) -> String {
        within(&args.namespace, format!("{}/{}", args.mount, args.role))
    }

    fn identity(&self, args: &SecretIdArgs) -> String {
        within(&args.namespace, format!("{}/{}", plain(&args.mount), plain(&args.role)))
    }

    fn check(&self, args: &SecretIdArgs) -> Vec<Problem> {
        namespace_problem(&args.namespace).into_iter().chain(args::check(args)).collect()
    }

    fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
        let (namespace, id) = namespace_of(id);
        let (place, accessor) = match id.rsplit_once('/') {
            Some((place, last)) if is_accessor(last) => (place, Some(KeyId(last.to_owned()))),
            _ => (id, None),
        };
        match place.rsplit_once('/').filter(|_| crate::config::is_path(place)) {
            Some((mount, role)) => {
                let inputs =
                    [("mount", mount), ("role", role)].into_iter().chain(namespace.map(|name| ("namespace", name)));
                let inputs = inputs.map(|(name, text)| (name.to_owned(), text.to_owned()));
                Ok((inputs.collect(), accessor))
            }
            None => {
                let message = "an import id is a mount, a role, and where the role has several secret-ids the accessor of one, such as \"approle/ci\" or \"approle/ci/6f1c0f0a-9d4e-4a58-8d5b-0a6f8f9b7c11\" [KR-VAULT-140]";
                Err(Error::new(ErrorKind::Invalid, "", message))
            }
        }
    }

    fn imported(&self, _: &SecretIdArgs, key: &KeyId, secret: Option<SecretString>) -> Material {
        args::material(key, secret.unwrap_or_default())
    }

    fn issuer(&self, args: &SecretIdArgs, _: Known<'_>) -> Box<dyn KeyIssuer> {
        Box::new(SecretIdIssuer::new(self.0.session().below(args.namespace.as_deref()), args.clone()))
    }
}

/// Accessors are UUIDs, which no role is likely to be called.
fn is_accessor(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use cloud::Cloud;
    use rotation::testing::ManualClock;

    use super::*;

    const ACCESSOR: &str = "6f1c0f0a-9d4e-4a58-8d5b-0a6f8f9b7c11";

    #[test]
    fn an_import_id_names_a_role_and_perhaps_an_accessor() {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let system = VaultSecretId::new(Arc::new(Vault::new(clock)));
        for (mount, accessor) in [("approle", None), ("approle", Some(ACCESSOR)), ("team/approle", Some(ACCESSOR))] {
            let key = accessor.map(|accessor| KeyId(accessor.to_owned()));
            let principal = format!("{mount}/ci");
            let id = key.as_ref().map_or_else(|| principal.clone(), |key| system.import_id(&principal, key));
            let (inputs, found) = system.import(&id).unwrap();
            assert_eq!((inputs["mount"].as_str(), inputs["role"].as_str(), found), (mount, "ci", key), "{id}");
        }
        for wrong in ["", "approle", "/ci", "approle/", "approle//ci", ACCESSOR, "a/../b"] {
            assert!(system.import(wrong).is_err(), "{wrong:?}");
        }
    }
}
