//! What must hold of secrets where the state keeps none that a store holds.

use super::Watch;
use crate::testing::Outcome;
use crate::{Delivered, DeliveryStage, Key, KeyState, SecretPlace};

impl Watch<'_> {
    /// After a run no secret stands in the state that a store holds, and none comes back into it.
    pub(super) fn secrets_are_left(&self, before: Option<&KeyState>, outcome: &Outcome) {
        let Some(state) = self.stack.state().filter(|_| !self.stack.keeps_now(self.rig)) else { return };
        if !matches!(outcome, Outcome::Done | Outcome::Failed(_)) {
            return;
        }
        let had = |key: &Key| before.is_none_or(|before| before.keys().any(|had| had.id == key.id && had.has_secret()));
        for old in state.retiring.iter().filter(|old| !had(&old.key) || matches!(outcome, Outcome::Done)) {
            assert!(!old.key.has_secret(), "the state holds the secret of the previous key {}: {state:#?}", old.key.id);
        }
        let kept = state.current.iter().chain(&state.pending).filter(|key| key.has_secret());
        for key in kept {
            let is_new = !before.is_some_and(|before| before.knows(&key.id));
            assert!(is_new || had(key), "the secret of {} came back into the state: {state:#?}", key.id);
            // A run that fails at its first look only notes what is revoked, and the account.
            let is_held = state.deliveries.iter().any(|delivered| self.holds(delivered, key));
            assert!(
                !is_held || before.is_some_and(|before| is_unseen(before, state)),
                "a store holds {}, and so does the state: {state:#?}",
                key.id
            );
        }
    }

    /// When nothing is left to do no key in the state has a secret, and none has lost it.
    pub(super) fn no_secret_is_at_rest(&self) {
        let Some(state) = self.stack.state().filter(|_| !self.stack.kept_secret()) else { return };
        // A state that is older than reality delivers nothing until a new key is there.
        let is_behind = !state.unrecorded.is_empty();
        let undelivered = state.current.as_ref().filter(|_| is_behind && state.deliveries.is_empty());
        for key in state.keys().filter(|key| Some(*key) != undelivered) {
            assert!(!key.has_secret(), "the secret of {} stands in the state at rest: {state:#?}", key.id);
        }
        let is_lost = state.current.as_ref().is_some_and(|key| key.secret_in == SecretPlace::Lost);
        assert!(!is_lost || state.deferred.is_some(), "no store has the secret of the current key: {state:#?}");
    }

    fn holds(&self, delivered: &Delivered, key: &Key) -> bool {
        let store = self.stack.stores().find(|name| **name == delivered.identity);
        let store = store.and_then(|name| self.rig.store_named(name));
        let is_readable = store.is_some_and(|store| store.keeps_secrets());
        is_readable && delivered.key_id == key.id && delivered.stage != DeliveryStage::Drifted
    }
}

fn is_unseen(before: &KeyState, after: &KeyState) -> bool {
    let plain = |state: &KeyState| KeyState { revoking: Vec::new(), account: None, ..state.clone() };
    plain(before) == plain(after)
}
