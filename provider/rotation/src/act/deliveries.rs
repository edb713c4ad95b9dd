//! What the state says of stores.

use jiff::Timestamp;

use crate::decide::{Shelf, Stores, World};
use crate::{
    Delivered, DeliveryStage, Key, KeyId, KeyState, Material, Observed, StoredVersion, Target, Trigger, UnrecordedKey,
};

/// Takes over what the stores show: which of them consumers read a key of the state from, and which of them drifted.
pub(crate) fn mirror(state: &mut KeyState, stores: &Stores, now: Timestamp) {
    let shown: Vec<_> = stores.shelves().flat_map(|shelf| shown(state, stores, shelf, now)).collect();
    state.deliveries.retain(|delivered| stores.shelf(&delivered.identity).is_none());
    state.deliveries.extend(shown);
}

/// Takes over what was seen. A key of ours that no state knows and that consumers read in a store is in use, whatever the mark says.
pub(super) fn seen(world: &mut World, stores: Stores, now: Timestamp) {
    world.stores = stores;
    note_read(world, now);
    mirror(&mut world.state, &world.stores, now);
}

/// Notes keys of this instance that consumers read in a store although the state does not contain them: its run died before the mark called
/// them promoted, or the state is older.
fn note_read(world: &mut World, now: Timestamp) {
    let World { state, observed, .. } = &*world;
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let unknown =
        entries.filter(|(id, entry)| entry.instance == state.instance && !state.knows(id) && !state.has_unrecorded(id));
    let read = unknown.filter(|(id, entry)| world.is_read((id, entry.generation.unwrap_or_default())));
    let listed = read.filter_map(|(id, entry)| Some((entry, observed.keys.get(id)?)));
    let found: Vec<_> = listed
        .map(|(entry, shown)| UnrecordedKey {
            id: shown.id.clone(),
            generation: entry.generation.unwrap_or_default(),
            created_at: shown.created_at,
            promoted_at: entry.promoted_at,
            noted_at: now,
        })
        .collect();
    world.state.foreign_keys.retain(|foreign| !found.iter().any(|key| key.id == foreign.id));
    world.state.unrecorded.extend(found);
}

fn shown(state: &KeyState, stores: &Stores, shelf: &Shelf, now: Timestamp) -> Vec<Delivered> {
    let Shelf { target, head } = shelf;
    let before = |stage: fn(DeliveryStage) -> bool| {
        state.deliveries.iter().find(|old| old.identity == target.identity && stage(old.stage)).cloned()
    };
    let key_of = |version: &StoredVersion| state.keys().find(|key| stores.is_delivery(version, (key, target)));
    let noted = |old: Option<Delivered>, version: &StoredVersion, stage| {
        let key = key_of(version)?;
        let is_same =
            |old: &Delivered| (&old.version, &old.key_id) == (&version.version, &key.id) && old.shape == target.shape;
        let at = old.filter(is_same).map_or(now, |old| old.at);
        Some(delivered(target, key, (version.version.clone(), stage), at))
    };
    let last = before(|stage| stage != DeliveryStage::Pending);
    let current = head.current.as_ref().and_then(|version| noted(last.clone(), version, DeliveryStage::Current));
    let drifted = || last.map(|last| Delivered { stage: DeliveryStage::Drifted, ..last });
    let staged = before(|stage| stage == DeliveryStage::Pending);
    let staged_there = head.pending.as_ref().filter(|_| target.holds_staged);
    let pending = staged_there.and_then(|version| noted(staged, version, DeliveryStage::Pending));
    let pending = pending.filter(|pending| current.as_ref().is_none_or(|current| current.version != pending.version));
    current.or_else(drifted).into_iter().chain(pending).collect()
}

fn delivered(target: &Target, key: &Key, (version, stage): (String, DeliveryStage), at: Timestamp) -> Delivered {
    Delivered {
        identity: target.identity.clone(),
        store: target.label.clone(),
        version,
        stage,
        generation: key.generation,
        key_id: key.id.clone(),
        at,
        shape: target.shape.clone(),
    }
}

/// A key was staged as this version.
pub(super) fn staged(world: &mut World, target: &Target, id: &KeyId, version: String, now: Timestamp) {
    let Some(key) = world.state.keys().find(|key| key.id == *id).cloned() else { return };
    let delivery = Some(world.stores.delivery(&key, target));
    let head = world.stores.head_mut(target);
    (head.exists, head.pending) = (true, Some(StoredVersion { version, delivery }));
    mirror(&mut world.state, &world.stores, now);
}

/// Consumers read what was staged.
pub(super) fn promoted(world: &mut World, target: &Target, now: Timestamp) {
    let head = world.stores.head_mut(target);
    let before = head.current.take();
    head.current = head.pending.take();
    head.previous = before.or(head.previous.take());
    mirror(&mut world.state, &world.stores, now);
}

/// A key that was read back becomes the next current one. What it was minted for is known only if that is wanted now.
pub(super) fn read_back(
    world: &mut World,
    target: &Target,
    id: &KeyId,
    (material, wanted): (Option<Material>, Trigger),
) {
    let found = world.state.unrecorded.iter().position(|key| key.id == *id);
    let Some((found, material)) = found.zip(material) else {
        world.run.unreadable.insert(id.clone());
        return;
    };
    let key = world.state.unrecorded.remove(found);
    let current = world.stores.head(target).current;
    let is_wanted = current.is_some_and(|current| world.stores.serves(&current, (&key.id, key.generation), &wanted));
    let trigger = if is_wanted { wanted } else { Trigger { hash: String::new(), window: None } };
    let status = world.observed.keys.get(id).map(|shown| shown.status).unwrap_or_default();
    world.state.pending = Some(Key { trigger: Some(trigger), material: Some(material), ..key.into_key(status) });
}

/// What was staged was taken out.
pub(super) fn unstaged(world: &mut World, target: &Target, now: Timestamp) {
    world.stores.head_mut(target).pending = None;
    mirror(&mut world.state, &world.stores, now);
}

/// Nothing of ours is left in a store.
pub(super) fn withdrawn(world: &mut World, target: &Target) {
    world.stores.remove(&target.identity);
    world.state.deliveries.retain(|delivered| delivered.identity != target.identity);
}

/// What the stores show of the keys as the run leaves them. What stands in a store that nothing tells how to reach any more stays there.
pub(super) fn answered(world: &mut World, now: Timestamp) {
    mirror(&mut world.state, &world.stores, now);
    let stores = &world.stores;
    world.state.deliveries.retain(|delivered| stores.shelf(&delivered.identity).is_some());
}

/// What a look into the stores without a run makes of the state.
pub fn refresh_stores(state: KeyState, observed: &Observed, stores: Stores, now: Timestamp) -> KeyState {
    let mut world = World { state, observed: observed.clone(), run: Default::default(), stores: Stores::default() };
    world.observed.ledgers.take_former(&world.state.instance);
    seen(&mut world, stores, now);
    world.state
}
