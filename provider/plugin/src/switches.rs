//! What the provider configuration says about every resource, whenever that is known.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::config::General;

/// Names the variable that accepts an account. The configuration has the same as `acceptAccount`.
pub(crate) const ACCEPT: &str = "KEYROTATION_ACCEPT_ACCOUNT";

/// Shared by all resources of a provider.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    refreshes: AtomicBool,
    accepted: RwLock<BTreeSet<String>>,
}

impl Switches {
    /// Takes over another configuration.
    pub(crate) fn configure(&self, config: &General) {
        self.refreshes.store(config.refresh_before_update.unwrap_or(false), Ordering::Relaxed);
        let accepted = ids(config.accept_account.as_deref().unwrap_or_default()).collect();
        *self.accepted.write().unwrap_or_else(PoisonError::into_inner) = accepted;
    }

    /// Whether every update reads its resource first.
    pub(crate) fn refreshes(&self) -> bool {
        self.refreshes.load(Ordering::Relaxed)
    }

    /// Whether the user said, in the configuration or the environment, that this account may hold keys of another one.
    pub(crate) fn accepts(&self, account: &str) -> bool {
        let configured = self.accepted.read().unwrap_or_else(PoisonError::into_inner);
        configured.contains(account) || ids(&std::env::var(ACCEPT).unwrap_or_default()).any(|id| id == account)
    }
}

fn ids(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_b1_an_account_is_accepted_by_name_only() {
        let switches = Switches::default();
        assert!(!switches.accepts("222222222222"));
        let config = General { accept_account: Some("111111111111, 222222222222,".to_owned()), ..General::default() };
        switches.configure(&config);
        assert!(switches.accepts("111111111111") && switches.accepts("222222222222"));
        assert!(!switches.accepts("") && !switches.accepts("333333333333"));
        switches.configure(&General::default());
        assert!(!switches.accepts("111111111111"), "another configuration replaces it");
    }
}
