mod secrets;
mod stores;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::{Clock, ErrorKind, KeyId, KeyState, Retiring, RotationArgs};

use super::{InMemoryCloud, Outcome, Rig, Stack};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What is run where the credentials reach another account.
#[derive(Clone, Copy, Debug)]
pub enum Elsewhere {
    /// `pulumi up`.
    Up,
    /// `pulumi refresh`.
    Refresh,
    /// `pulumi destroy`.
    Destroy,
}

impl Elsewhere {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Up, Self::Refresh, Self::Destroy];
}

/// One stack on one principal, and what must hold after every run. Its methods panic when an invariant is broken.
#[derive(Clone)]
pub struct Watch<'a> {
    /// The system.
    pub rig: &'a dyn Rig,
    /// The stack.
    pub stack: Stack,
    /// Keys that strangers made.
    pub strangers: BTreeSet<KeyId>,
    /// Keys that other stacks made; they may go and come as those please.
    pub neighbours: BTreeSet<KeyId>,
    /// No other stack has a mark.
    pub alone: bool,
    /// Keys that the test itself deleted or disabled, and those that inputs revoke or replace.
    pub harmed: BTreeSet<KeyId>,
    /// Keys of lost instances that the warnings name.
    named: BTreeSet<KeyId>,
    /// Keys of instances that were replaced.
    replaced: BTreeSet<KeyId>,
    superseded: BTreeMap<KeyId, Timestamp>,
    overlap: SignedDuration,
}

impl<'a> Watch<'a> {
    /// A stack that holds nothing yet, on this system. `overlap` is what its inputs ask for.
    pub fn new(rig: &'a dyn Rig, overlap: SignedDuration) -> Self {
        let stack = Stack::new("stack/project/key");
        Self {
            rig,
            stack,
            strangers: BTreeSet::new(),
            neighbours: BTreeSet::new(),
            alone: true,
            harmed: BTreeSet::new(),
            named: BTreeSet::new(),
            superseded: BTreeMap::new(),
            replaced: BTreeSet::new(),
            overlap,
        }
    }

    /// The same stack with all that is remembered of it, on a fork of its system.
    pub fn on<'b>(self, rig: &'b dyn Rig) -> Watch<'b> {
        Watch { rig, ..self }
    }

    /// One run; panics when it broke an invariant.
    pub async fn up(&mut self, args: &RotationArgs) -> Outcome {
        let before = self.stack.state().cloned();
        if args.revoke.as_ref().is_some_and(|revoke| self.stack.revoked() != Some(revoke.incident.as_str())) {
            // `current` names unrecorded keys too, and what this run finds superseded goes first where there is no place.
            let found = self.rig.keys().into_iter();
            self.harmed.extend(found.filter(|id| !self.strangers.contains(id) && !self.neighbours.contains(id)));
        }
        self.expect_ends(before.as_ref());
        let replaced = self.stack.replaced().to_vec();
        self.replaced.extend(replaced.iter().flat_map(KeyState::keys).map(|key| key.id.clone()));
        let held = self.use_held();
        let worked = before.clone().filter(|state| state.current.as_ref().is_some_and(|key| self.rig.works(&key.id)));
        let served = self.served();
        let outcome = self.stack.up(self.rig, args).await;
        self.consumers_read(&served);
        self.secrets_are_left(before.as_ref(), &outcome);
        self.held_lives(held.as_ref(), (before.as_ref(), &replaced), args);
        self.expect_ends(self.stack.state().cloned().as_ref());
        self.strangers_live();
        self.replaced_live(before.as_ref(), &replaced);
        self.overlaps_hold();
        self.current_lives(worked.as_ref(), &outcome);
        let after = self.stack.state();
        let superseded = after.iter().flat_map(|state| &state.retiring).filter(|old| old.withdrawn_at.is_none());
        self.superseded = superseded.map(|old| (old.key.id.clone(), old.superseded_at)).collect();
        outcome
    }

    /// Dependents and the consumers of stores use their key, if it works.
    fn use_held(&self) -> Option<KeyId> {
        let held = self.stack.held().filter(|id| self.rig.works(id)).cloned();
        let read = self.stack.stores().filter_map(|name| self.rig.read_store(name));
        read.chain(held.clone()).filter(|id| self.rig.works(id)).for_each(|id| self.rig.use_key(&id));
        held
    }

    /// A key that dependents use is not removed, unless they had its whole overlap to get another one and the system does not tell that they
    /// still use it.
    fn held_lives(
        &self,
        held: Option<&KeyId>,
        (before, replaced): (Option<&KeyState>, &[KeyState]),
        args: &RotationArgs,
    ) {
        let Some(held) = held.filter(|id| !self.harmed.contains(id) && !self.rig.works(id)) else { return };
        let now = self.rig.clock().now();
        let had_overlap = |old: &Retiring| old.key.id == *held && old.superseded_at + self.overlap <= now;
        let was_over = before.is_some_and(|state| state.retiring.iter().any(had_overlap));
        let is_told = args.retirement.quiet_period.is_some() && self.rig.issuer().capability().tells_last_use;
        // A replacement has no overlap.
        let is_replaced = before
            .is_some_and(|before| self.stack.state().is_none_or(|after| after.instance != before.instance))
            || replaced.iter().flat_map(KeyState::keys).any(|key| key.id == *held);
        assert!(
            self.overlap.is_zero() || is_replaced || (was_over && !is_told),
            "{held} was removed although dependents use it: {:#?}",
            self.stack.state()
        );
    }

    /// An older state is put back.
    pub fn put_back(&mut self, older: &Stack) {
        self.stack.put_back(older);
        // What the newer state promised to superseded keys is forgotten with it; what dependents hold is watched on.
        self.superseded.clear();
    }

    /// The state forgets its keys, and when they were superseded.
    pub fn forget_keys(&mut self) {
        self.stack.forget_keys();
        self.superseded.clear();
    }

    /// The same stack with credentials that reach another account: whichever run it is, the state keeps its keys, and nothing is written there.
    pub async fn elsewhere(&mut self, cloud: &InMemoryCloud, args: &RotationArgs, run: Elsewhere) -> Outcome {
        let (before, replaced) = (self.stack.state().cloned(), self.stack.replaced().to_vec());
        let other = cloud.elsewhere();
        let empty = other.picture();
        let outcome = match run {
            Elsewhere::Up => self.stack.up(&other, args).await,
            Elsewhere::Destroy => self.stack.destroy(&other).await,
            Elsewhere::Refresh => {
                self.stack.refresh(&other).await;
                Outcome::Quiet
            }
        };
        assert!(!outcome.is_done(), "a run succeeded in another account");
        assert_eq!(self.stack.state(), before.as_ref(), "another account changed the state");
        assert_eq!(self.stack.replaced(), replaced, "another account changed what is to be deleted");
        assert_eq!(other.picture(), empty, "something was written in another account");
        outcome
    }

    /// Plain runs, a minute apart, until one has nothing to do; at most four may have.
    pub async fn until_quiet(&mut self, args: &RotationArgs) -> usize {
        let mut log = Vec::new();
        for runs in 0..=4 {
            let before = self.stack.state().cloned();
            let outcome = self.up(args).await;
            if outcome.is_quiet() || self.only_waits(before.as_ref(), args) {
                self.nothing_is_left_over();
                return runs;
            }
            log.push(format!("{outcome:?}"));
            self.rig.clock().advance(MINUTE);
        }
        assert!(
            log.is_empty(),
            "liveness: four runs were not enough: {log:#?}\nstate: {:#?}\nkeys: {:?}",
            self.stack.state(),
            self.rig.keys()
        );
        log.len()
    }

    /// The end of a life in which states were older than reality: plain runs until one is quiet, and their number. Where keys that the state does
    /// not contain fill the quota, a run waits for them, or fails if no key works; where use is told, that is over after `quiet` and the overlap,
    /// and otherwise a person may be needed. A person is needed too where a key that somebody disabled fills it: that is never removed before its
    /// successor is there.
    pub async fn until_over(&mut self, args: &RotationArgs, quiet: SignedDuration) -> usize {
        let tells_use = self.rig.issuer().capability().tells_last_use;
        let mut runs = 0;
        if self.current_works() {
            runs = self.until_quiet(args).await;
        } else {
            let outcome = self.up(args).await;
            let is_blocked = matches!(&outcome, Outcome::Failed(error) if error.kind == ErrorKind::Blocked);
            let disabled = self.rig.keys().into_iter().filter(|id| is_blocked && !self.rig.works(id));
            let disabled: Vec<_> = disabled.collect();
            disabled.iter().for_each(|id| self.rig.delete(id));
            let has_unrecorded = self.stack.state().is_some_and(|state| !state.unrecorded.is_empty());
            if is_blocked && disabled.is_empty() && has_unrecorded && !tells_use {
                return 1;
            }
            self.harmed.extend(disabled);
        }
        self.rig.clock().advance(self.overlap + quiet);
        let runs = runs.max(self.until_quiet(args).await);
        let waits = self.stack.state().is_some_and(|state| state.deferred.is_some());
        assert!(!waits || !tells_use, "a rotation waits for ever: {:#?}", self.stack.state());
        runs
    }

    fn current_works(&self) -> bool {
        self.stack.state().and_then(|state| state.current.as_ref()).is_some_and(|key| self.rig.works(&key.id))
    }

    /// The exceptions of I11: runs were too rare to see a soak begin, so the phase is past it while a disabled key still soaks; the phase is
    /// older than the promotion; a superseded key is in use; a rotation waits for its time.
    fn only_waits(&self, before: Option<&KeyState>, args: &RotationArgs) -> bool {
        let Some(state) = self.stack.state().filter(|state| Some(*state) == before) else { return false };
        let soaks = state.retiring.iter().any(|retiring| retiring.disabled_at.is_some());
        let now = self.rig.clock().now();
        let is_young = |old: &Retiring| old.withdrawn_at.is_none() && old.superseded_at + self.overlap > now;
        let overlaps = !state.retiring.is_empty() && state.retiring.iter().all(is_young);
        let is_used = |old: &Retiring| {
            old.last_used_at.zip(args.retirement.quiet_period).is_some_and(|(at, quiet)| at + quiet > now)
        };
        let in_use = state.retiring.iter().any(is_used);
        let waits = state.deferred.is_some();
        (soaks || overlaps || in_use || waits)
            && state.pending.is_none()
            && !state.claim_open
            && state.current.is_some()
    }

    /// I2, I4: every key that exists is in the state or a stranger's, and the other way round. The one exception: a Create that
    /// died when all was done leaves a key of an instance that nobody knows, which the warnings name.
    pub fn nothing_is_left_over(&mut self) {
        let exist = self.rig.keys();
        if let Some(state) = self.stack.state() {
            let lost = |warning: &&String| warning.contains("an earlier instance");
            let named = |id: &KeyId| state.warnings.iter().filter(lost).any(|warning| warning.contains(&id.0));
            self.named = exist.iter().filter(|id| named(id)).cloned().collect();
        }
        let state = self.stack.state();
        let mut known: BTreeSet<_> = state.iter().flat_map(|state| state.keys()).map(|key| key.id.clone()).collect();
        // A refresh noted the key of a replaced instance whose own Delete then took it.
        known.retain(|id| exist.contains(id) || !self.replaced.contains(id));
        // Unrecorded keys stay only where a rotation waits for them.
        let waits = state.filter(|state| state.deferred.is_some());
        known.extend(waits.iter().flat_map(|state| &state.unrecorded).map(|key| key.id.clone()));
        let others =
            |id: &KeyId| self.strangers.contains(id) || self.neighbours.contains(id) || self.named.contains(id);
        let ours: BTreeSet<_> = exist.into_iter().filter(|id| !others(id)).collect();
        assert_eq!(ours, known, "keys that exist and keys that the state knows");
        if let Some(state) = self.stack.state() {
            let works = state.current.as_ref().is_some_and(|current| self.rig.works(&current.id));
            assert!(works, "after a quiet run the current key works");
            assert!(state.pending.is_none() && !state.claim_open);
            self.stores_are_current();
            self.no_secret_is_at_rest();
        }
    }

    /// Plain destroys until one succeeds; at most four, and their number. Then nothing of ours is left.
    pub async fn destroyed(&mut self) -> usize {
        let mut log = Vec::new();
        let stores = self.stack.reached_stores();
        for runs in 1..=4 {
            let outcome = self.stack.destroy(self.rig).await;
            if self.stack.state().is_none() {
                self.nothing_is_left_over();
                let lost = self.rig.keys().iter().any(|id| self.named.contains(id));
                for name in &stores {
                    assert!(self.rig.is_store_left(name), "I12: something of ours is left in {name}");
                }
                assert!(!self.alone || self.rig.marks() == usize::from(lost), "I12: no mark is left");
                return runs;
            }
            log.push(format!("{outcome:?}"));
            self.rig.clock().advance(MINUTE);
        }
        assert!(log.is_empty(), "liveness: destroy did not end: {log:#?}");
        log.len()
    }

    /// A stranger makes a key, if there is a place.
    pub fn stranger(&mut self) -> Option<KeyId> {
        let id = self.rig.mint_as_stranger()?;
        self.strangers.insert(id.clone());
        Some(id)
    }

    /// A key that has ended by itself is nobody's fault but of whoever let no run come.
    fn expect_ends(&mut self, state: Option<&KeyState>) {
        let now = self.rig.clock().now();
        let ended = state.into_iter().flat_map(KeyState::keys).filter(|key| key.expires_at.is_some_and(|at| at <= now));
        self.harmed.extend(ended.map(|key| key.id.clone()));
    }

    /// I1 for the resource as it was recorded before the run; a failed run leaves its outputs alone.
    fn current_lives(&self, before: Option<&KeyState>, outcome: &Outcome) {
        let after = self.stack.state().filter(|after| before.is_some_and(|before| before.instance == after.instance));
        let had = before.and_then(|state| state.current.as_ref()).map(|key| &key.id);
        let Some((after, had)) = after.zip(had).filter(|(_, id)| !self.harmed.contains(id)) else { return };
        // A state that was proven older than reality may lose its current key for want of room; what dependents use is watched apart.
        let was_older = before.is_some_and(|state| !state.unrecorded.is_empty()) && self.stack.held() != Some(had);
        if self.overlap.is_zero() || was_older {
            return;
        }
        let works = self.rig.works(had);
        assert!(works, "I1: {had} was current when the run began and does not work at its end: {outcome:?}");
        if matches!(outcome, Outcome::Failed(_) | Outcome::Died) {
            let has = after.current.as_ref().map(|key| &key.id);
            assert_eq!(Some(had), has, "a failed run changed the outputs");
        }
    }

    /// I1 for replaced instances: until their successor has a key, theirs works; after that they may go without an overlap.
    fn replaced_live(&mut self, before: Option<&KeyState>, replaced: &[KeyState]) {
        let Some(after) = self.stack.state() else { return };
        if after.current.is_some() {
            let before = before.filter(|before| before.instance != after.instance);
            let may_go = replaced.iter().chain(before).flat_map(KeyState::keys).map(|key| key.id.clone());
            self.harmed.extend(may_go);
            return;
        }
        for key in self.stack.replaced().iter().filter_map(|state| state.current.as_ref()) {
            let works = self.harmed.contains(&key.id) || self.rig.works(&key.id);
            assert!(works, "I1: {} went before its successor was there", key.id);
        }
    }

    fn strangers_live(&self) {
        for id in self.strangers.difference(&self.harmed) {
            assert!(self.rig.keys().contains(id), "I5: the stranger's key {id} was deleted");
        }
    }

    fn overlaps_hold(&self) {
        for (id, superseded_at) in &self.superseded {
            let over = *superseded_at + self.overlap <= self.rig.clock().now();
            let is_published = self.stack.state().is_none_or(|state| !state.is_withdrawn(id));
            assert!(
                over || self.harmed.contains(id) || (self.rig.works(id) && is_published),
                "I7: {id} went before its overlap was over"
            );
        }
    }
}
