use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::{Clock, KeyId, KeyState, RotationArgs};

use super::{Outcome, Rig, Stack};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// One stack on one principal, and what must hold after every run. Its methods panic when an invariant is broken.
pub struct Watch<'a> {
    /// The system.
    pub rig: &'a dyn Rig,
    /// The stack.
    pub stack: Stack,
    /// Keys that strangers made.
    pub strangers: BTreeSet<KeyId>,
    /// Keys that the test itself deleted or disabled, and those that inputs revoke.
    pub harmed: BTreeSet<KeyId>,
    /// Keys of lost instances that the warnings name.
    named: BTreeSet<KeyId>,
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
            harmed: BTreeSet::new(),
            named: BTreeSet::new(),
            superseded: BTreeMap::new(),
            overlap,
        }
    }

    /// One run; panics when it broke an invariant.
    pub async fn up(&mut self, args: &RotationArgs) -> Outcome {
        let before = self.stack.state().cloned();
        if args.revoke.as_ref().is_some_and(|revoke| self.stack.revoked() != Some(revoke.incident.as_str())) {
            self.harmed.extend(before.iter().flat_map(|state| state.keys()).map(|key| key.id.clone()));
        }
        let outcome = self.stack.up(self.rig, args).await;
        self.strangers_live();
        self.overlaps_hold();
        let had = before.as_ref().and_then(|state| state.current.as_ref()).map(|key| key.id.clone());
        if let Some(had) = had.filter(|id| !self.harmed.contains(id)) {
            assert!(
                self.rig.works(&had),
                "I1: {had} was current when the run began and does not work at its end: {outcome:?}"
            );
        }
        let after = self.stack.state();
        if let (Outcome::Failed(_) | Outcome::Died, Some(before), Some(after)) = (&outcome, &before, after) {
            let unharmed = before.current.as_ref().filter(|key| !self.harmed.contains(&key.id));
            if let Some(current) = unharmed {
                assert_eq!(
                    Some(&current.id),
                    after.current.as_ref().map(|key| &key.id),
                    "a failed run changed the outputs"
                );
            }
        }
        self.superseded =
            after.iter().flat_map(|state| &state.retiring).map(|old| (old.key.id.clone(), old.superseded_at)).collect();
        outcome
    }

    /// Plain runs, a minute apart, until one has nothing to do; at most four may have.
    pub async fn until_quiet(&mut self, args: &RotationArgs) -> usize {
        let mut log = Vec::new();
        for runs in 0..=4 {
            let before = self.stack.state().cloned();
            let outcome = self.up(args).await;
            if outcome.is_quiet() || self.only_soaks(before.as_ref()) {
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

    /// The exception of I11: runs were too rare to see a soak begin, so the phase is past it while a disabled key still soaks.
    fn only_soaks(&self, before: Option<&KeyState>) -> bool {
        let Some(state) = self.stack.state().filter(|state| Some(*state) == before) else { return false };
        let soaks = state.retiring.iter().any(|retiring| retiring.disabled_at.is_some());
        soaks && state.pending.is_none() && !state.claim_open && state.current.is_some()
    }

    /// I2, I4: every key that exists is in the state or a stranger's, and the other way round. The one exception: a Create that
    /// died when all was done leaves a key of an instance that nobody knows, which the warnings name.
    pub fn nothing_is_left_over(&mut self) {
        if let Some(state) = self.stack.state() {
            let lost = |warning: &&String| warning.contains("an earlier instance");
            let named = |id: &KeyId| state.warnings.iter().filter(lost).any(|warning| warning.contains(&id.0));
            self.named = self.rig.keys().into_iter().filter(named).collect();
        }
        let known: BTreeSet<_> =
            self.stack.state().iter().flat_map(|state| state.keys()).map(|key| key.id.clone()).collect();
        let others = |id: &KeyId| self.strangers.contains(id) || self.named.contains(id);
        let ours: BTreeSet<_> = self.rig.keys().into_iter().filter(|id| !others(id)).collect();
        assert_eq!(ours, known, "keys that exist and keys that the state knows");
        if let Some(state) = self.stack.state() {
            let works = state.current.as_ref().is_some_and(|current| self.rig.works(&current.id));
            assert!(works, "after a quiet run the current key works");
            assert!(state.pending.is_none() && !state.claim_open);
        }
    }

    /// Plain destroys until one succeeds; at most four. Then nothing of ours is left.
    pub async fn destroyed(&mut self) {
        let mut log = Vec::new();
        for _ in 0..4 {
            let outcome = self.stack.destroy(self.rig).await;
            if self.stack.state().is_none() {
                self.nothing_is_left_over();
                let lost = self.rig.keys().iter().any(|id| self.named.contains(id));
                assert_eq!(self.rig.marks(), usize::from(lost), "I12: no mark is left");
                return;
            }
            log.push(format!("{outcome:?}"));
            self.rig.clock().advance(MINUTE);
        }
        assert!(log.is_empty(), "liveness: destroy did not end: {log:#?}");
    }

    /// A stranger makes a key, if there is a place.
    pub fn stranger(&mut self) -> Option<KeyId> {
        let id = self.rig.mint_as_stranger()?;
        self.strangers.insert(id.clone());
        Some(id)
    }

    fn strangers_live(&self) {
        for id in self.strangers.difference(&self.harmed) {
            assert!(self.rig.keys().contains(id), "I5: the stranger's key {id} was deleted");
        }
    }

    fn overlaps_hold(&self) {
        for (id, superseded_at) in &self.superseded {
            let over = *superseded_at + self.overlap <= self.rig.clock().now();
            assert!(
                over || self.harmed.contains(id) || self.rig.works(id),
                "I7: {id} went before its overlap was over"
            );
        }
    }
}
