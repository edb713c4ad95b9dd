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
mod lease;
mod ledger;
mod login;
mod offers;
mod redirect;
mod request;
mod root;
mod secret_id;
mod session;
mod settings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud::{CallerIdentity, SessionCell};
use rotation::Clock;

pub use api_key::{ApiKeyArgs, KvVersion, VaultApiKey};
pub use config::{
    AuthLoginAppRole, AuthLoginAws, AuthLoginAzure, AuthLoginCert, AuthLoginGcp, AuthLoginJwt, AuthLoginKubernetes,
    AuthLoginLdap, AuthLoginUserpass, VaultConfig,
};
pub use jwt_key::{JwtAlgorithm, JwtKey, JwtKeyArgs, VaultJwtKey};
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
        let session = Session::new(VaultConfig::default(), Arc::clone(&clock), Arc::clone(&environment));
        Self { clock, environment, aws: None, session: SessionCell::new(session), former: Mutex::default() }
    }

    /// The same, with AWS for logins by its identities. Nothing is configured any more.
    #[must_use]
    pub fn with_aws(self, aws: Arc<dyn CallerIdentity>) -> Self {
        let session = Session::new(VaultConfig::default(), Arc::clone(&self.clock), Arc::clone(&self.environment));
        let session = SessionCell::new(session.with_aws(Some(Arc::clone(&aws))));
        Self { aws: Some(aws), session, ..self }
    }

    fn session(&self) -> Arc<Session> {
        self.session.get()
    }

    fn former(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mount or a path without the slashes at its ends, which mean nothing.
fn plain(path: &str) -> &str {
    path.trim_matches('/')
}
