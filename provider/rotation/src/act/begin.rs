//! What a run, and a preview, begin with.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::reduce::{Event, reduce};
use crate::decide::{Knowledge, Stores, World};
use crate::{
    Delivered, DeliveryStage, Entry, Expiry, ForeignKey, Key, KeyId, KeyState, KeyStatus, LastUse, Ledger, Ledgers,
    Mark, Observed, ObservedKey, Retiring, StoredVersion, Target, UnrecordedKey,
};

impl World {
    /// A run's start.
    pub fn new(state: KeyState, observed: Observed) -> Self {
        let run = Knowledge { first_look: observed.at, ..Knowledge::default() };
        let stores = Stores::default();
        reduce(Self { state, observed: observed.clone(), run, stores }, Event::Observed(observed))
    }

    /// What a preview assumes: the system shows just what the state says, and superseded keys were used last when a run was last told.
    pub fn assumed(state: KeyState, now: Timestamp) -> Self {
        let shown = |id: &KeyId, created_at, status, last_use| ObservedKey {
            id: id.clone(),
            created_at,
            status,
            last_use,
            expiry: None,
        };
        let ours = |key: &Key, last_use| ObservedKey {
            expiry: key.expires_at.map(|at| Expiry { at, renew_at: key.renew_at }),
            ..shown(&key.id, key.created_at, key.status, last_use)
        };
        let unknown = Some(LastUse::Unknown);
        let retiring = |old: &Retiring| ours(&old.key, old.last_used_at.map(LastUse::At));
        let served = state.current.iter().chain(&state.pending).map(|key| ours(key, unknown));
        let foreign = |key: &ForeignKey| shown(&key.id, key.created_at, key.status, unknown);
        let unrecorded = |key: &UnrecordedKey| shown(&key.id, key.created_at, KeyStatus::Active, unknown);
        let others = state.foreign_keys.iter().map(foreign).chain(state.unrecorded.iter().map(unrecorded));
        let keys = state.retiring.iter().map(retiring).chain(served).chain(others);
        let keys: BTreeMap<_, _> = keys.map(|key| (key.id.clone(), key)).collect();
        let mut own = Ledger::for_state(&state, None, |_, _| false);
        let noted = |key: &UnrecordedKey| (key.id.clone(), Entry::of(&state.instance, Mark::Promoted, key.created_at));
        own.keys.extend(state.unrecorded.iter().map(noted));
        // The mark calls a new key promoted only when its run has come so far: before that it may be deleted.
        if let Some(key) = state.pending.as_ref().filter(|key| key.promoted_at.is_none()) {
            own = own.with_minting(key, &state.instance);
        }
        let ledgers = Ledgers::new(Some(own), Vec::new());
        let stores = assumed_stores(&state);
        let mut world = Self::new(state, Observed { keys, ledgers, at: now, ahead: Default::default() });
        world.run.first_look = Timestamp::MIN;
        world.stores = stores;
        world
    }
}

/// The stores show what the last run or refresh saw in them.
fn assumed_stores(state: &KeyState) -> Stores {
    let mut stores = Stores::default();
    for delivered in &state.deliveries {
        let Delivered { identity, store, shape, key_id, generation, .. } = delivered.clone();
        let target =
            Target { identity, label: store, shape, reads_back: false, keeps_secrets: false, holds_staged: true };
        let key = Key::new(key_id, generation, Timestamp::UNIX_EPOCH);
        let delivery = Some(stores.delivery(&key, &target));
        let version = StoredVersion { version: delivered.version.clone(), delivery };
        let head = stores.head_mut(&target);
        head.exists = true;
        match delivered.stage {
            DeliveryStage::Pending => head.pending = Some(version),
            DeliveryStage::Current => head.current = Some(version),
            DeliveryStage::Drifted => head.current = None,
        }
    }
    stores
}
