//! Before anything is done: whether this is the place where the keys are, and whether a Create replaces a resource on the same principal.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use pulumi_provider::{Context, Error, Object, Urn};
use rotation::{KeyIssuer, KeyState, Observed, System};

use super::account::{Accounts, Standing, is_proven};
use super::{Rotating, errors, inputs};

impl<S: System> Rotating<S> {
    /// Everything that replaces the resource, in one spelling; none while it is not known.
    pub(super) fn identity(&self, inputs: &Object) -> Option<String> {
        inputs::identity_args::<S>(&self.names, inputs).map(|args| self.system.identity(&args))
    }

    pub(super) fn compared(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Warns before a replacement on the same principal, which kills the key that is in use.
    pub(super) fn warn_without_overlap(&self, inputs: &Object, context: &Context) {
        let before = self.compared().get(context.urn().as_str()).cloned();
        if before.is_some() && before == self.identity(inputs) {
            context.log().warning(
                "this replaces the resource on the same principal: the old key is deleted in the same run, without overlap, and whatever still uses it fails. For a new key with overlap, change `keepers` instead".to_owned(),
            );
        }
    }

    /// Insists, before anything is changed, that the keys of the state are where the plugin's credentials lead, and notes where that is.
    /// `is_update`: where neither state nor system tells, an Update goes on.
    pub(super) async fn must_be_the_place(
        &self,
        issuer: &dyn KeyIssuer,
        state: &mut KeyState,
        is_update: bool,
        urn: &Urn,
    ) -> Result<(), Error> {
        let (reached, unanswered) = reach(issuer).await;
        let standing = self.accounts(&issuer.principal(), state, reached.as_deref()).standing(&self.switches);
        if standing != Standing::Same {
            issuer.recall(state);
            let observed = self.seen_at(standing, issuer, urn).await?;
            let is_untold = reached.is_none() && state.account.is_none();
            if !is_proven(standing, state, observed.as_ref()) {
                if is_update && is_untold {
                    return Ok(());
                }
                let refusal = || self.accounts(&issuer.principal(), state, reached.as_deref()).refusal();
                return Err(unanswered.unwrap_or_else(refusal));
            }
        }
        state.account = reached.or(state.account.take());
        Ok(())
    }

    fn accounts<'a>(&self, principal: &'a str, state: &'a KeyState, reached: Option<&'a str>) -> Accounts<'a> {
        Accounts { noun: S::ACCOUNT, principal, recorded: state.account.as_deref(), reached }
    }

    /// What stands on the principal, for a refresh, and notes in the state where that is. None if the principal is gone from the place where
    /// it was.
    ///
    /// # Errors
    /// Also that this is, or may be, another place.
    pub(super) async fn look(
        &self,
        issuer: &dyn KeyIssuer,
        state: &mut KeyState,
        urn: &Urn,
    ) -> Result<Option<Observed>, Error> {
        let (reached, unanswered) = reach(issuer).await;
        let principal = issuer.principal();
        let standing = self.accounts(&principal, state, reached.as_deref()).standing(&self.switches);
        let observed = self.seen_at(standing, issuer, urn).await?;
        if !is_proven(standing, state, observed.as_ref()) {
            let refusal = || self.accounts(&principal, state, reached.as_deref()).refusal();
            return Err(unanswered.unwrap_or_else(refusal));
        }
        state.account = reached.or(state.account.take());
        Ok(observed)
    }

    /// What stands on the principal. In another account a failure says nothing but that our mark was not found there.
    async fn seen_at(&self, standing: Standing, issuer: &dyn KeyIssuer, urn: &Urn) -> Result<Option<Observed>, Error> {
        match self.observe(issuer, urn).await {
            Err(_) if standing == Standing::Other => Ok(None),
            seen => seen,
        }
    }
}

/// The account that the plugin's credentials reach, or why that could not be learned: then the keys themselves have to prove the place.
pub(super) async fn reach(issuer: &dyn KeyIssuer) -> (Option<String>, Option<Error>) {
    match issuer.account().await {
        Ok(reached) => (reached, None),
        Err(error) => (None, Some(errors::public(error))),
    }
}
