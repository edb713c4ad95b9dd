use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::next::later;
use crate::words::refreshed;
use crate::{
    Capability, Entry, Expiry, ForeignKey, Key, KeyId, KeyState, KeyStatus, LastUse, Ledger, Ledgers, Mark, Minted,
    Observed, ObservedKey, OwnerId, RetiredKey, Retiring, Trigger,
};

/// What one run knows: the state, what the system showed, and what this run itself did.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// What will be saved.
    pub state: KeyState,
    /// What the system shows.
    pub observed: Observed,
    /// The nonce of the claim that this run holds.
    pub claim: Option<String>,
    /// The key that the mint under way will make, if its name is known.
    pub foreseen: Option<KeyId>,
    /// Keys that this run removed: the ledger and late lists may still name them.
    pub removed: BTreeSet<KeyId>,
    /// Keys for which this run asked for more time.
    pub renewed: BTreeSet<KeyId>,
}

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
    /// A key was removed by this run, or found gone.
    Removed(KeyId),
    /// The run ends well: the pending key, if it is ready, becomes current.
    Answered(Timestamp),
}

impl World {
    /// A run's start.
    pub fn new(state: KeyState, observed: Observed) -> Self {
        let none = BTreeSet::new;
        let world =
            Self { state, observed: observed.clone(), claim: None, foreseen: None, removed: none(), renewed: none() };
        reduce(world, Event::Observed(observed))
    }

    /// What a preview assumes: the system shows just what the state says.
    pub fn assumed(state: KeyState, now: Timestamp) -> Self {
        let shown = |key: &Key| ObservedKey {
            id: key.id.clone(),
            created_at: key.created_at,
            status: key.status,
            last_use: None,
            expiry: key.expires_at.map(|at| Expiry { at, renew_at: key.renew_at }),
        };
        let foreign = |key: &ForeignKey| ObservedKey {
            id: key.id.clone(),
            created_at: key.created_at,
            status: key.status,
            last_use: None,
            expiry: None,
        };
        let keys = state.keys().map(shown).chain(state.foreign_keys.iter().map(foreign));
        let keys: BTreeMap<_, _> = keys.map(|key| (key.id.clone(), key)).collect();
        let own = Ledger::for_state(&state, None, |_, _| false);
        let observed = Observed { keys, ledgers: Ledgers { own: Some(own), others: Vec::new() }, at: now };
        Self::new(state, observed)
    }

    /// The ledger that the state calls for once nothing is under way.
    pub(crate) fn wanted_ledger(&self, capability: &Capability) -> Ledger {
        let may_stand = |id: &KeyId, entry: &Entry| !self.removed.contains(id) && !self.is_gone(id, entry, capability);
        Ledger::for_state(&self.state, self.observed.ledgers.own.as_ref(), may_stand)
    }

    /// Whether a key that the ledger names exists no more: not listed, although a list can be believed by now.
    pub(crate) fn is_gone(&self, id: &KeyId, entry: &Entry, capability: &Capability) -> bool {
        !self.observed.keys.contains_key(id) && later(entry.since, capability.settle) <= self.observed.at
    }
}

/// The world after an event. Pure.
pub fn reduce(mut world: World, event: Event) -> World {
    match event {
        Event::Observed(observed) => observe(&mut world, observed),
        Event::Inspected(id, last_use) => {
            if let Some(key) = world.observed.keys.get_mut(&id) {
                key.last_use = Some(last_use);
            }
        }
        Event::LedgerWritten(ledger) => {
            if ledger.as_ref().is_none_or(|ledger| ledger.open.is_none()) {
                (world.claim, world.foreseen) = (None, None);
                world.state.claim_open = false;
            }
            world.observed.ledgers.own = ledger;
        }
        Event::FormerDropped(owner) => world.observed.ledgers.others.retain(|other| other.owner != owner),
        Event::Claimed(nonce, key) => (world.claim, world.foreseen) = (Some(nonce), key),
        Event::MintBegan => world.state.claim_open = true,
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
        Event::Removed(id) => remove(&mut world, &id),
        Event::Answered(now) => promote(&mut world.state, now),
    }
    world
}

/// The state after a refresh: statuses as listed, foreign keys as they stand, keys of earlier instances named, keys that are gone for certain left out, and
/// a mint that a dead run left noted as an open claim.
pub fn refresh(mut state: KeyState, observed: &Observed, capability: &Capability) -> KeyState {
    let is_gone = |id: &KeyId, since: Timestamp| {
        !observed.keys.contains_key(id) && later(since, capability.settle) <= observed.at
    };
    let gone: Vec<_> = state.keys().filter(|key| is_gone(&key.id, key.created_at)).map(|key| key.id.clone()).collect();
    for id in gone {
        forget(&mut state, &id);
    }
    state.claim_open = is_unfinished(&state, observed);
    mirror(&mut state, observed);
    state.warnings = refreshed(&state, observed, |id, entry| !is_gone(id, entry.since));
    state
}

/// Whether the ledger tells of a mint that the state knows nothing of: its run died, and the inputs may have gone back since.
fn is_unfinished(state: &KeyState, observed: &Observed) -> bool {
    let lost = |(id, entry): (&KeyId, &Entry)| {
        let ours = entry.mark == Mark::Minting || entry.instance == state.instance;
        ours && !state.knows(id) && observed.keys.contains_key(id)
    };
    observed.ledgers.own.as_ref().is_some_and(|ledger| ledger.open.is_some() || ledger.keys.iter().any(lost))
}

/// How many removed keys the state remembers.
const REMEMBERED: usize = 5;

fn observe(world: &mut World, observed: Observed) {
    world.observed = observed;
    for id in &world.removed {
        world.observed.keys.remove(id);
    }
    world.state.claim_open = world.observed.ledgers.own_claim().is_some();
    mirror(&mut world.state, &world.observed);
}

/// Takes over what lists show: status of our keys, and the keys that are not ours.
fn mirror(state: &mut KeyState, observed: &Observed) {
    for key in state.keys_mut() {
        if let Some(shown) = observed.keys.get(&key.id) {
            key.status = shown.status;
            key.expires_at = shown.expiry.map(|expiry| expiry.at);
        }
    }
    let foreign =
        observed.keys.values().filter(|key| !state.knows(&key.id) && observed.ledgers.own_entry(&key.id).is_none());
    let foreign = foreign.map(|key| ForeignKey { id: key.id.clone(), created_at: key.created_at, status: key.status });
    state.foreign_keys = foreign.collect();
}

fn add_minted(world: &mut World, minted: Minted, trigger: Trigger) {
    let Minted { id, created_at, material, expiry } = minted;
    let shown = ObservedKey { id: id.clone(), created_at, status: Default::default(), last_use: None, expiry };
    world.observed.keys.insert(id.clone(), shown);
    world.state.claim_open = true;
    world.state.pending = Some(Key {
        id,
        generation: world.state.generation + 1,
        created_at,
        verified_at: None,
        attempts: 0,
        trigger: Some(trigger),
        status: Default::default(),
        expires_at: expiry.map(|expiry| expiry.at),
        renew_at: None,
        material: Some(material),
    });
}

fn renew(world: &mut World, id: KeyId, expiry: Option<Expiry>) {
    if let (Some(shown), Some(_)) = (world.observed.keys.get_mut(&id), expiry) {
        shown.expiry = expiry;
    }
    for key in world.state.keys_mut().filter(|key| key.id == id) {
        key.expires_at = expiry.map_or(key.expires_at, |expiry| Some(expiry.at));
    }
    world.renewed.insert(id);
}

fn remove(world: &mut World, id: &KeyId) {
    world.observed.keys.remove(id);
    world.removed.insert(id.clone());
    forget(&mut world.state, id);
}

fn forget(state: &mut KeyState, id: &KeyId) {
    let known =
        state.keys().find(|key| key.id == *id).map(|key| RetiredKey { id: key.id.clone(), generation: key.generation });
    state.retired.extend(known);
    let surplus = state.retired.len().saturating_sub(REMEMBERED);
    state.retired.drain(..surplus);
    state.retiring.retain(|retiring| retiring.key.id != *id);
    state.current.take_if(|key| key.id == *id);
    state.pending.take_if(|key| key.id == *id);
    state.revoking.retain(|revoked| revoked != id);
    state.foreign_keys.retain(|key| key.id != *id);
}

fn promote(state: &mut KeyState, now: Timestamp) {
    let Some(pending) = state.pending.take() else {
        return;
    };
    let superseded = state.current.take().map(|key| Retiring { key, superseded_at: now, disabled_at: None });
    state.retiring.extend(superseded);
    state.generation = pending.generation;
    state.current = Some(pending);
}
