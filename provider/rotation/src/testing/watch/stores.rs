//! What must hold of the stores that consumers read keys from.

use std::collections::BTreeMap;

use super::Watch;
use crate::{KeyId, Proof, SecretPlace};

impl Watch<'_> {
    /// What consumers of the stores read, and whether it works.
    pub(super) fn served(&self) -> BTreeMap<String, (Option<KeyId>, bool)> {
        let read = |name: String| {
            let id = self.rig.read_store(&name);
            let works = id.as_ref().is_some_and(|id| self.rig.works(id));
            (name, (id, works))
        };
        self.stack.reached_stores().into_iter().map(read).collect()
    }

    /// I8: what consumers of a store read works after a run if it did before, and a key that has come to a store works.
    pub(super) fn consumers_read(&self, served: &BTreeMap<String, (Option<KeyId>, bool)>) {
        // A first key that users have yet to publish: nothing can prove it before, and no consumer had another one that worked.
        let is_proven_late = self.rig.issuer().capability().proof == Proof::OncePublished;
        for name in self.stack.stores() {
            let read = self.rig.read_store(name);
            if read.as_ref().is_some_and(|id| self.harmed.contains(id)) {
                continue;
            }
            let works = read.as_ref().is_some_and(|id| self.rig.works(id));
            assert!(
                works || served.get(name).is_none_or(|before| !before.1 && (before.0 == read || is_proven_late)),
                "I8: consumers of {name} read {read:?}, which does not work: {:#?}",
                self.stack.state()
            );
        }
    }

    /// After a quiet run consumers of every store read the current key, and nothing else is staged there.
    pub(super) fn stores_are_current(&self) {
        let Some(current) = self.stack.state().and_then(|state| state.current.as_ref()) else { return };
        // A store may be ahead of a state whose rotation waits.
        let is_behind = self.stack.state().is_some_and(|state| !state.unrecorded.is_empty());
        let is_unknown = current.secret_in == SecretPlace::State && !current.can_be_delivered();
        if is_unknown || is_behind {
            return;
        }
        for name in self.stack.stores() {
            let read = self.rig.read_store(name);
            assert_eq!(
                read.as_ref(),
                Some(&current.id),
                "consumers of {name} do not read the current key: {:#?}",
                self.stack.state()
            );
        }
    }
}
