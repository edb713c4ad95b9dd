//! Before anything is done: whether this is the place where the keys are, and whether a Create replaces a resource on the same principal.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use cloud::RotatingResource;
use pulumi_provider::{Context, Error, Object, Urn};
use rotation::{KeyIssuer, KeyState, Misplaced, Observed, Place};

use super::account::Accounts;
use super::names::owner;
use super::{Rotating, errors, inputs};

impl<S: RotatingResource> Rotating<S> {
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

    /// Checks, before any change, that the account which the plugin's credentials reach holds the keys of the state, and notes that account.
    pub(super) async fn must_be_the_place(
        &self,
        issuer: &dyn KeyIssuer,
        state: &mut KeyState,
        is_update: bool,
        urn: &Urn,
    ) -> Result<(), Error> {
        let (owner, accepts) = (owner(urn), |account: &str| self.switches.accepts(account));
        let place = Place { issuer, owner: &owner, clock: &*self.clock, accepts: &accepts };
        place.must_hold(state, is_update).await.map_err(|why| refusal::<S>(issuer, state, why))
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
        let (owner, accepts) = (owner(urn), |account: &str| self.switches.accepts(account));
        let place = Place { issuer, owner: &owner, clock: &*self.clock, accepts: &accepts };
        place.look(state).await.map_err(|why| refusal::<S>(issuer, state, why))
    }
}

fn refusal<S: RotatingResource>(issuer: &dyn KeyIssuer, state: &KeyState, why: Misplaced) -> Error {
    match why {
        Misplaced::Failed(error) => errors::public(error),
        Misplaced::Elsewhere { reached } => {
            let (principal, recorded) = (issuer.principal(), state.account.as_deref());
            Accounts { noun: S::ACCOUNT, principal: &principal, recorded, reached: reached.as_deref() }.refusal()
        }
    }
}
