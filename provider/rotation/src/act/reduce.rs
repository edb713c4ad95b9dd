use jiff::{SignedDuration, Timestamp};

use super::{deliveries, secrets};
use crate::decide::{Stores, World};
use crate::{
    Deferred, Expiry, ForeignKey, HistoryEvent, Key, KeyId, KeyState, KeyStatus, LastUse, Ledger, Material, Minted,
    Observed, ObservedKey, OwnerId, Retiring, Target, Trigger, UnrecordedKey,
};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The system was asked.
    Observed(Observed),
    /// Last use was asked.
    Inspected(KeyId, LastUse),
    /// The ledger was written; none: removed.
    LedgerWritten(Option<Ledger>),
    /// The mark under a former URN was removed.
    FormerDropped(OwnerId),
    /// A claim of this run stands, perhaps with the name of the key to be made.
    Claimed(String, Option<KeyId>),
    /// A mint begins: from here on a key may exist.
    MintBegan,
    /// The system refused the mint for certain.
    MintRefused,
    /// A key was made for this trigger.
    Minted(Minted, Trigger),
    /// The pending key was accepted often enough.
    Verified(Timestamp),
    /// The pending key was not accepted in time.
    NotVerified,
    /// More time was asked for; none: the key has ended.
    Renewed(KeyId, Option<Expiry>),
    /// A superseded key was disabled.
    Disabled(KeyId, Timestamp),
    /// Users have not published the pending key yet.
    NotPublished,
    /// A key was withdrawn from the published key set; the outputs of the run show it.
    Unlisted(KeyId, Timestamp),
    /// A key was removed by this run, or found gone.
    Removed(KeyId),
    /// The mark is about to call the pending key promoted.
    Closing(Timestamp),
    /// The pending key is promoted in the mark, and stays although another key is wanted.
    Completed(KeyId, Timestamp),
    /// The pending key was already promoted and now counts as unrecorded.
    Disowned(KeyId, Timestamp),
    /// The stores were asked.
    StoresSeen(Stores, Timestamp),
    /// A key was staged in a store, as this version.
    Staged(Target, KeyId, String, Timestamp),
    /// Consumers of a store read what was staged there.
    PromotedIn(Target, Timestamp),
    /// A store gave back a key that the state did not contain, for a run that wants this trigger; none: it could not.
    ReadBack(Target, KeyId, Option<Material>, Trigger),
    /// This version in this store was asked for the secret of a key; none: it does not hold it.
    Recalled(KeyId, (String, String), Option<Material>),
    /// No store gives back the secret of a key.
    SecretLost(KeyId),
    /// What was staged in a store was taken out.
    Unstaged(Target, Timestamp),
    /// Nothing of this resource is left in a store.
    Withdrawn(Target),
    /// The run succeeded: its outputs reach consumers and publishers.
    Answered {
        /// When.
        at: Timestamp,
        /// Whether the pending key is ready to become current.
        promotes: bool,
    },
    /// What the run leaves waiting, if anything.
    Deferred(Option<Deferred>),
    /// A new key was made only because unrecorded keys were found.
    Behind(Timestamp),
    /// A wait was cut short by so much, because its end is by another clock.
    Skipped(SignedDuration),
    /// Something for the history.
    Recorded(HistoryEvent),
}

/// The world after an event. Pure.
pub fn reduce(mut world: World, event: Event) -> World {
    match event {
        Event::Observed(observed) => observe(&mut world, observed),
        Event::Inspected(id, last_use) => inspected(&mut world, &id, last_use),
        Event::LedgerWritten(ledger) => {
            if ledger.as_ref().is_none_or(|ledger| ledger.open.is_none()) {
                (world.run.claim, world.run.foreseen) = (None, None);
                world.state.claim_open = false;
            }
            world.run.merged = false;
            world.observed.ledgers.own = ledger;
        }
        Event::FormerDropped(owner) => world.observed.ledgers.former.retain(|former| *former != owner),
        Event::Claimed(nonce, key) => {
            (world.run.claim, world.run.foreseen, world.run.prepared) = (Some(nonce), key, true);
        }
        Event::MintBegan => (world.state.claim_open, world.run.prepared) = (true, false),
        Event::MintRefused => world.state.claim_open = false,
        Event::Minted(minted, trigger) => add_minted(&mut world, minted, trigger),
        Event::Verified(at) => {
            if let Some(pending) = &mut world.state.pending {
                pending.verified_at = Some(at);
            }
        }
        Event::NotVerified => {
            if let Some(pending) = &mut world.state.pending {
                pending.attempts += 1;
            }
        }
        Event::Renewed(id, expiry) => renew(&mut world, id, expiry),
        Event::Disabled(id, at) => {
            for retiring in world.state.retiring.iter_mut().filter(|retiring| retiring.key.id == id) {
                retiring.disabled_at = Some(at);
                retiring.key.status = KeyStatus::Inactive;
            }
        }
        Event::NotPublished => world.state.pending.iter_mut().for_each(|key| key.offered_at = None),
        Event::Unlisted(id, at) => unlist(&mut world, id, at),
        Event::Removed(id) => remove(&mut world, &id),
        Event::Closing(now) => {
            world.state.pending.iter_mut().for_each(|key| key.promoted_at = key.promoted_at.or(Some(now)));
        }
        Event::Completed(id, now) => {
            world.state.pending.iter_mut().for_each(|key| key.promoted_at = Some(now));
            world.run.completes = Some(id);
        }
        Event::Disowned(id, now) => disown(&mut world, &id, now),
        Event::StoresSeen(stores, now) => deliveries::seen(&mut world, stores, now),
        Event::Staged(target, id, version, now) => deliveries::staged(&mut world, &target, &id, version, now),
        Event::PromotedIn(target, now) => deliveries::promoted(&mut world, &target, now),
        Event::ReadBack(target, id, material, trigger) => {
            deliveries::read_back(&mut world, &target, &id, (material, trigger));
        }
        Event::Recalled(id, version, material) => secrets::recalled(&mut world, &id, version, material),
        Event::SecretLost(id) => secrets::lost(&mut world.state, &id),
        Event::Unstaged(target, now) => deliveries::unstaged(&mut world, &target, now),
        Event::Withdrawn(target) => deliveries::withdrawn(&mut world, &target),
        Event::Answered { at, promotes } => {
            if promotes {
                promote(&mut world, at);
            }
            offer(&mut world, at);
            drop_revoked_that_are_gone(&mut world.state, &world.observed);
            deliveries::answered(&mut world, at);
        }
        Event::Deferred(deferred) => world.state.deferred = deferred,
        Event::Behind(now) => world.state.behind_at = Some(now),
        Event::Skipped(by) => world.run.skipped = world.run.skipped.saturating_add(by),
        Event::Recorded(event) => world.state.record(event),
    }
    world
}

fn observe(world: &mut World, observed: Observed) {
    world.observed = observed;
    world.observed.ledgers.take_former(&world.state.instance);
    world.run.merged = !world.observed.ledgers.former.is_empty();
    for id in &world.run.removed {
        world.observed.keys.remove(id);
    }
    world.state.claim_open = world.observed.ledgers.own_claim().is_some();
    mirror(&mut world.state, &world.observed);
}

/// Takes over what lists and marks show: the status of our keys, promoted keys that the state does not contain, and the keys that are not ours.
pub(super) fn mirror(state: &mut KeyState, observed: &Observed) {
    for key in state.keys_mut() {
        if let Some(shown) = observed.keys.get(&key.id) {
            key.status = shown.status;
            key.expires_at = shown.expiry.map(|expiry| expiry.at);
        }
    }
    note_unrecorded(state, observed);
    drop_revoked_that_are_gone(state, observed);
    let foreign = observed.keys.values().filter(|key| !observed.ledgers.is_ours(state, &key.id));
    let foreign = foreign.map(|key| ForeignKey { id: key.id.clone(), created_at: key.created_at, status: key.status });
    state.foreign_keys = foreign.collect();
}

/// A revoked key that neither the state nor the mark names was deleted without this resource, or was never its own: there is nothing left to do.
fn drop_revoked_that_are_gone(state: &mut KeyState, observed: &Observed) {
    let mut revoking = std::mem::take(&mut state.revoking);
    revoking.retain(|id| observed.ledgers.is_ours(state, id));
    state.revoking = revoking;
}

/// Notes promoted keys that the state does not contain. One that is older than the current key is superseded from now on: whoever had it was
/// given the current one. A Create notes none: the keys of another instance may be those that it replaces.
fn note_unrecorded(state: &mut KeyState, observed: &Observed) {
    let now = observed.asked_at();
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    for (id, entry) in entries {
        let Some(shown) = observed.keys.get(id).filter(|_| entry.is_unrecorded(id, state)) else { continue };
        let may_be_replaced = state.generation == 0 && entry.instance != state.instance;
        if may_be_replaced || state.has_unrecorded(id) {
            continue;
        }
        let found = UnrecordedKey {
            id: id.clone(),
            generation: entry.generation.unwrap_or_default(),
            created_at: shown.created_at,
            promoted_at: entry.promoted_at,
            noted_at: now,
        };
        if state.current.as_ref().is_some_and(|current| current.created_at > shown.created_at) {
            state.retiring.insert(0, Retiring::new(found.into_key(shown.status), now));
        } else {
            state.unrecorded.push(found);
        }
    }
}

fn inspected(world: &mut World, id: &KeyId, last_use: LastUse) {
    if let Some(key) = world.observed.keys.get_mut(id) {
        key.last_use = Some(last_use);
    }
    let at = if let LastUse::At(time) = last_use { Some(time) } else { None };
    world.state.retiring.iter_mut().filter(|old| old.key.id == *id).for_each(|old| old.last_used_at = at);
}

fn disown(world: &mut World, id: &KeyId, now: Timestamp) {
    let Some(key) = world.state.pending.take_if(|key| key.id == *id) else { return };
    let Key { id, generation, created_at, promoted_at, .. } = key;
    world.state.unrecorded.push(UnrecordedKey { id, generation, created_at, promoted_at, noted_at: now });
}

fn add_minted(world: &mut World, minted: Minted, trigger: Trigger) {
    let Minted { id, created_at, material, expiry } = minted;
    let generation = world.next_generation();
    let began = world.state.began_at().unwrap_or(created_at);
    world.state.instance_since.get_or_insert(began);
    let shown = ObservedKey { id: id.clone(), created_at, status: Default::default(), last_use: None, expiry };
    world.observed.keys.insert(id.clone(), shown);
    world.state.claim_open = true;
    world.state.pending = Some(Key {
        trigger: Some(trigger),
        expires_at: expiry.map(|expiry| expiry.at),
        material: Some(material),
        ..Key::new(id, generation, created_at)
    });
}

fn renew(world: &mut World, id: KeyId, expiry: Option<Expiry>) {
    if let (Some(shown), Some(_)) = (world.observed.keys.get_mut(&id), expiry) {
        shown.expiry = expiry;
    }
    for key in world.state.keys_mut().filter(|key| key.id == id) {
        key.expires_at = expiry.map_or(key.expires_at, |expiry| Some(expiry.at));
    }
    world.run.renewed.insert(id);
}

fn remove(world: &mut World, id: &KeyId) {
    world.observed.keys.remove(id);
    world.run.removed.insert(id.clone());
    forget(&mut world.state, id);
}

pub(super) fn forget(state: &mut KeyState, id: &KeyId) {
    state.retiring.retain(|retiring| retiring.key.id != *id);
    state.current.take_if(|key| key.id == *id);
    state.pending.take_if(|key| key.id == *id);
    state.unrecorded.retain(|key| key.id != *id);
    state.revoking.retain(|revoked| revoked != id);
    state.foreign_keys.retain(|key| key.id != *id);
}

/// A new key that nobody was given makes place for another one; any other key serves until the answer.
fn unlist(world: &mut World, id: KeyId, at: Timestamp) {
    if let Some(key) = world.state.pending.take_if(|key| key.id == id) {
        // One that no answer offered is in nothing that users publish.
        let withdrawn_at = key.offered_at.is_none().then_some(at);
        world.state.retiring.push(Retiring { withdrawn_at, ..Retiring::new(key, at) });
    }
    world.run.unlisted.insert(id);
}

/// What users learn from the answer about the keys that they publish.
fn offer(world: &mut World, at: Timestamp) {
    let (state, unlisted) = (&mut world.state, &world.run.unlisted);
    state.pending.iter_mut().for_each(|key| key.offered_at = key.offered_at.or(Some(at)));
    let current = state.current.take_if(|key| unlisted.contains(&key.id));
    state.retiring.extend(current.map(|key| Retiring::new(key, at)));
    for old in state.retiring.iter_mut().filter(|old| unlisted.contains(&old.key.id)) {
        old.withdrawn_at = old.withdrawn_at.or(Some(at));
    }
}

fn promote(world: &mut World, now: Timestamp) {
    let state = &mut world.state;
    let Some(pending) = state.pending.take() else { return };
    // The old current key comes last: it is the one that the outputs name as previous. An unrecorded key was listed when it was noted: one
    // that is not listed any more was removed, and the mark remembers it if that is not so.
    for found in std::mem::take(&mut state.unrecorded) {
        if let Some(shown) = world.observed.keys.get(&found.id) {
            state.retiring.push(Retiring::new(found.into_key(shown.status), now));
        }
    }
    state.retiring.extend(state.current.take().map(|key| Retiring::new(key, now)));
    state.generation = pending.generation;
    state.current = Some(Key { promoted_at: pending.promoted_at.or(Some(now)), ..pending });
    world.run.completes = None;
}
