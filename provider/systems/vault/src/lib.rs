//! Vault and OpenBao: keys that stand in a KV engine, secret-ids of an AppRole, keys that sign tokens for a JWT mount, credentials
//! of dynamic engines, and secrets that engines keep to themselves.
//!
//! [`Vault`] is one server. It is given the provider's configuration when Pulumi gives it, connects and logs in at the first call, and
//! is closed at the end. Its resources share it.

mod api_key;
mod config;
mod config_lock;
mod error;
mod freshness;
mod jwt_key;
mod kv_store;
mod lease;
mod ledger;
mod link;
mod login;
mod offers;
mod redirect;
mod request;
mod root;
mod secret_id;
mod session;
mod settings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud::{CallerIdentity, SessionCell, problem};
use rotation::{Clock, Problem};

pub use api_key::{ApiKeyArgs, KvVersion, VaultApiKey};
use config::plain;
pub use config::{
    AuthLoginAppRole, AuthLoginAws, AuthLoginAzure, AuthLoginCert, AuthLoginGcp, AuthLoginJwt, AuthLoginKubernetes,
    AuthLoginLdap, AuthLoginUserpass, VaultConfig,
};
pub use jwt_key::{JwtAlgorithm, JwtKey, JwtKeyArgs, VaultJwtKey};
pub use kv_store::{CreateKvPath, VaultKvDelivery};
pub use lease::{Lease, LeaseArgs, VaultLease};
pub use root::{Evidence, Root, RootArgs, Seen, Turned, VaultRoot};
pub use secret_id::{AppRoleSecretId, SecretIdArgs, VaultSecretId};
use session::{Environment, Session};

/// One server, as the provider's configuration reaches it.
pub struct Vault {
    clock: Arc<dyn Clock>,
    environment: Environment,
    aws: Option<Arc<dyn CallerIdentity>>,
    session: SessionCell<Session>,
    /// Those of earlier configurations, which may have logged in.
    former: Mutex<Vec<Arc<Session>>>,
}

impl Vault {
    /// With nothing configured, and other environment variables than those of the process.
    pub fn in_environment(
        clock: Arc<dyn Clock>,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let environment: Environment = Arc::new(environment);
        let session = Session::new(VaultConfig::default(), Arc::clone(&clock), Arc::clone(&environment), None);
        Self { clock, environment, aws: None, session: SessionCell::new(session), former: Mutex::default() }
    }

    /// The same, with AWS for logins by its identities. Nothing is configured any more.
    #[must_use]
    pub fn with_aws(self, aws: Arc<dyn CallerIdentity>) -> Self {
        let (clock, environment) = (Arc::clone(&self.clock), Arc::clone(&self.environment));
        let session = Session::new(VaultConfig::default(), clock, environment, Some(Arc::clone(&aws)));
        let session = SessionCell::new(session);
        Self { aws: Some(aws), session, ..self }
    }

    fn session(&self) -> Arc<Session> {
        self.session.get()
    }

    fn former(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a namespace below the provider's, as identities and ids name it: no path has two slashes in a row.
fn within(namespace: &Option<String>, place: String) -> String {
    match namespace.as_deref().map(plain).filter(|name| !name.is_empty()) {
        Some(namespace) => format!("{namespace}//{place}"),
        None => place,
    }
}

/// The namespace that an import id begins with, if it does, and the place.
fn namespace_of(id: &str) -> (Option<&str>, &str) {
    match id.split_once("//") {
        Some((namespace, place)) => (Some(namespace), place),
        None => (None, id),
    }
}

/// What is wrong with the namespace of a resource.
fn namespace_problem(namespace: &Option<String>) -> Option<Problem> {
    let name = namespace.as_deref().filter(|name| !name.is_empty())?;
    let reason = "is not the name of a namespace below the provider's: write one such as \"team\" or \"team/project\" [KR-VAULT-163]";
    (!config::is_path(plain(name)) || plain(name) == "root").then(|| problem("namespace", reason))
}
