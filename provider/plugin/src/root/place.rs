//! Whether this is the cluster that keeps the secret.

use rotation::{ErrorKind, Standing};
use system_vault::Root;

use super::RotatingRoot;
use super::state::RootState;
use crate::rotating::account::Accounts;

impl RotatingRoot {
    /// Insists that the secret of the state is where the plugin's credentials lead. Gives the cluster; none if the server does not say.
    ///
    /// The access key of an AWS engine is the only one of its name, so it proves that a cluster with another id is the same one, restored.
    pub(super) async fn place(&self, root: &Root, state: &RootState) -> Result<Option<String>, rotation::Error> {
        let reached = root.account().await?;
        let principal = format!("{:?} (`path`)", root.path());
        let recorded = state.account.as_deref();
        let standing = Standing::of(recorded, reached.as_deref(), &|account| self.switches.accepts(account));
        if standing == Standing::Other {
            let is_restored = state.evidence.access_key_id.is_some()
                && root.look().await?.is_some_and(|seen| seen.evidence.access_key_id == state.evidence.access_key_id);
            if !is_restored {
                let noun = "Vault cluster";
                let accounts = Accounts { noun, principal: &principal, recorded, reached: reached.as_deref() };
                return Err(rotation::Error::new(ErrorKind::Blocked, "", accounts.refusal().message));
            }
        }
        Ok(reached)
    }
}
