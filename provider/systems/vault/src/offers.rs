//! The server as one of the plugin's clouds.

use std::sync::Arc;

use cloud::{Cloud, Resources};
use futures::future::BoxFuture;
use rotation::{Clock, Problem};

use crate::session::Session;
use crate::{Vault, VaultApiKey, VaultConfig, VaultJwtKey, VaultLease, VaultSecretId};

impl Cloud for Vault {
    const NAME: &'static str = "vault";
    const ABOUT: &'static str =
        "How the plugin reaches Vault or OpenBao. Unset values fall back to the standard Vault environment variables.";
    type Config = VaultConfig;

    fn new(clock: Arc<dyn Clock>) -> Self {
        Self::in_environment(clock, |name| std::env::var(name).ok())
    }

    fn problems(config: &VaultConfig) -> Vec<Problem> {
        config.problems()
    }

    fn configure(&self, config: VaultConfig) {
        let (clock, environment) = (Arc::clone(&self.clock), Arc::clone(&self.environment));
        let session = Session::new(config, clock, environment, self.aws.clone());
        let former = self.session.replace(session);
        self.former().push(former);
    }

    fn resources(self: Arc<Self>, to: &mut impl Resources) {
        to.add(VaultApiKey::new(Arc::clone(&self)));
        to.add(VaultSecretId::new(Arc::clone(&self)));
        to.add(VaultJwtKey::new(Arc::clone(&self)));
        to.add(VaultLease::new(self));
    }

    /// Revokes every token that was logged in for.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let former = std::mem::take(&mut *self.former());
            for session in former.into_iter().chain([self.session()]) {
                session.close().await;
            }
        })
    }
}
