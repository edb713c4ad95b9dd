//! `vault:RotatingLease`: a credential that an engine makes for whoever reads its path, and that ends with its lease.
//!
//! What is peculiar to leases: a lease dies with the token that read it. So each credential is read by a holder token of its own,
//! which outlives the plugin's login and is used for nothing else. The holder's accessor is the key's name. It is known before the
//! path is read, so the claim holds it, and whatever becomes of the answer, revoking the holder revokes the credential.

mod args;
mod asking;
mod credential;
mod holder;
mod issuer;
mod keep;
mod mark;

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::{ImportedInputs, RotatingResource};
use rotation::{Capability, Error, ErrorKind, KeyId, KeyIssuer, Known, Material, Problem};
use secrecy::SecretString;

pub use args::{Lease, LeaseArgs};
use issuer::LeaseIssuer;

use crate::config::plain;
use crate::{Vault, namespace_problem, within};

/// The system behind `vault:RotatingLease`.
pub struct VaultLease(Arc<Vault>);

impl VaultLease {
    /// On this server.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self(vault)
    }
}

impl RotatingResource for VaultLease {
    type Args = LeaseArgs;
    type Key = Lease;
    const TOKEN: &'static str = "vault:RotatingLease";
    const DELIVERED: &'static [&'static str] = &["data"];
    const LIST_TOKEN: &'static str = "vault:listLeases";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "Vault cluster";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
        issuer::capability()
    }

    fn principal(&self, args: &LeaseArgs) -> String {
        args.principal()
    }

    fn identity(&self, args: &LeaseArgs) -> String {
        within(&args.namespace, format!("{}#{}", plain(&args.path), args.name))
    }

    fn check(&self, args: &LeaseArgs) -> Vec<Problem> {
        namespace_problem(&args.namespace).into_iter().chain(args::check(args)).collect()
    }

    fn import(&self, _: &str) -> Result<ImportedInputs, Error> {
        let message = "a lease cannot be imported: nobody can read its credential again, and it ends with the token that read it. Declare the resource without the option import: it reads a credential of its own [KR-VAULT-100]";
        Err(Error::new(ErrorKind::Invalid, "", message))
    }

    /// Never asked for: neither import nor `adopt` is possible.
    fn imported(&self, _: &LeaseArgs, key: &KeyId, _: Option<SecretString>) -> Material {
        args::material(key, String::new(), BTreeMap::new())
    }

    fn issuer(&self, args: &LeaseArgs, known: Known<'_>) -> Box<dyn KeyIssuer> {
        Box::new(LeaseIssuer::new(self.0.session().below(args.namespace.as_deref()), args.clone(), known))
    }
}
