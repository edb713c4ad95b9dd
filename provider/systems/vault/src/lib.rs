//! Vault and OpenBao: keys that stand in a KV engine, secret-ids of an AppRole, keys that sign tokens for a JWT mount, credentials
//! of dynamic engines, and secrets that engines keep to themselves.
//!
//! [`Vault`] is one server. It is given the provider's configuration when Pulumi gives it, connects and logs in at the first call, and
//! is closed at the end. Each resource is a system of its own on the same server.

mod api_key;
mod config;
mod error;
mod freshness;
mod jwt_key;
mod lease;
mod ledger;
mod login;
mod redirect;
mod request;
mod root;
mod secret_id;
mod session;
mod settings;

use std::sync::{Arc, Mutex};

use outbound::locked;
use rotation::Clock;

pub use api_key::{ApiKeyArgs, KvVersion, VaultApiKey};
pub use config::{AuthLoginAppRole, AuthLoginCert, AuthLoginJwt, AuthLoginKubernetes, VaultConfig};
pub use jwt_key::{JwtAlgorithm, JwtKey, JwtKeyArgs, VaultJwtKey};
pub use lease::{Lease, LeaseArgs, VaultLease};
pub use root::{Evidence, Root, RootArgs, Seen, Turned, VaultRoot};
pub use secret_id::{AppRoleSecretId, SecretIdArgs, VaultSecretId};
use session::{Environment, Session};

/// One server, as the provider's configuration reaches it.
pub struct Vault {
    clock: Arc<dyn Clock>,
    environment: Environment,
    sessions: Mutex<Vec<Arc<Session>>>,
}

impl Vault {
    /// With nothing configured: then everything comes from the standard environment variables and files. Nothing is looked up yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::in_environment(clock, |name| std::env::var(name).ok())
    }

    /// The same with other environment variables than those of the process.
    pub fn in_environment(
        clock: Arc<dyn Clock>,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let vault = Self { clock, environment: Arc::new(environment), sessions: Mutex::default() };
        vault.configure(VaultConfig::default());
        vault
    }

    /// Takes another configuration, for issuers that are asked for from now on. Nothing is looked up yet.
    pub fn configure(&self, config: VaultConfig) {
        let session = self.reached_by(config);
        locked(&self.sessions).push(Arc::new(session));
    }

    /// Revokes every token that was logged in for.
    pub async fn close(&self) {
        let sessions = std::mem::take(&mut *locked(&self.sessions));
        for session in sessions {
            session.close().await;
        }
    }

    fn session(&self) -> Arc<Session> {
        let sessions = locked(&self.sessions);
        let unconfigured = || Arc::new(self.reached_by(VaultConfig::default()));
        sessions.last().map_or_else(unconfigured, Arc::clone)
    }

    fn reached_by(&self, config: VaultConfig) -> Session {
        Session::new(config, Arc::clone(&self.clock), Arc::clone(&self.environment))
    }
}

/// A mount or a path without the slashes at its ends, which mean nothing.
fn plain(path: &str) -> &str {
    path.trim_matches('/')
}
