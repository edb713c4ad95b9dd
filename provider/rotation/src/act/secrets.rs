//! What becomes of secrets that stores hold.

use crate::decide::{Stores, World};
use crate::{Goal, Key, KeyId, KeyState, Material, SecretPlace, Target};

/// A version in a store was asked for the secret of a key.
pub(super) fn recalled(world: &mut World, id: &KeyId, version: (String, String), material: Option<Material>) {
    let Some(material) = material else {
        world.run.unread.insert(version);
        return;
    };
    for key in world.state.keys_mut().filter(|key| key.id == *id) {
        (key.secret_in, key.material) = (SecretPlace::State, Some(material.clone()));
    }
    world.run.recalled.insert(id.clone());
}

/// No store gives it back.
pub(super) fn lost(state: &mut KeyState, id: &KeyId) {
    state.keys_mut().filter(|key| key.id == *id).for_each(|key| key.secret_in = SecretPlace::Lost);
}

/// What a run leaves in the state, where that keeps no secret which a store holds. A superseded key is handed over no more.
pub(super) fn leave_to_stores(world: &mut World, goal: &Goal) {
    let World { state, stores, run, .. } = world;
    if goal.keeps_secret {
        return;
    }
    state.retiring.iter_mut().for_each(|old| old.key.leave_secret_to_stores());
    let known = state.current.iter_mut().chain(&mut state.pending).filter(|key| key.can_be_delivered());
    for key in known.filter(|key| run.recalled.contains(&key.id) || is_held(key, stores, &goal.deliveries)) {
        key.leave_secret_to_stores();
    }
}

/// Whether a wanted store holds the key, and gives its secret back.
fn is_held(key: &Key, stores: &Stores, wanted: &[Target]) -> bool {
    wanted.iter().filter(|target| target.keeps_secrets).any(|target| {
        let head = stores.head(target);
        let staged = head.pending.iter().filter(|_| target.holds_staged);
        head.current.iter().chain(staged).any(|version| stores.is_delivery(version, (key, target)))
    })
}
