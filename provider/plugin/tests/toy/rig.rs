//! A shelf as a rig of the conformance suite.

use std::sync::Arc;

use cloud::Cloud;
use conformance::{Feature, ReachableRig};
use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use jiff::Timestamp;
use rotation::testing::{Fault, ManualClock, Rig};
use rotation::{Clock, KeyId, KeyIssuer, Known};

use crate::issuer::{Kind, Shelf};
use crate::toy::{ShelfArgs, Toy};

pub(crate) const SHELF: &str = "top";

pub(crate) struct ToyRig {
    kind: &'static Kind,
    clock: ManualClock,
    toy: Toy,
}

impl ToyRig {
    pub(crate) fn new(kind: &'static Kind) -> Self {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let toy = Toy::new(Arc::new(clock.clone()));
        toy.service.add_shelf(SHELF);
        Self { kind, clock, toy }
    }

    pub(crate) fn features(kind: &Kind) -> Vec<Feature> {
        let quota = kind.quota.map(|_| Feature::Quota);
        [Feature::Claims, Feature::Tries, Feature::Strangers].into_iter().chain(quota).collect()
    }

    fn keys_of(&self, shelf: &str) -> Box<dyn KeyIssuer> {
        self.toy.issuer(self.kind, &ShelfArgs { shelf: shelf.to_owned() })
    }

    fn on<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> T {
        self.toy.service.on(SHELF, work).unwrap()
    }
}

impl ReachableRig for ToyRig {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.keys_of("none")
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        None
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        None
    }
}

/// A service without calls has none that fail.
impl Rig for ToyRig {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn issuer_for(&self, _: Known<'_>) -> Box<dyn KeyIssuer> {
        self.keys_of(SHELF)
    }

    fn calls(&self) -> Vec<String> {
        Vec::new()
    }

    fn inject(&self, _: usize, fault: Fault) {
        panic!("a trial of faults ({fault:?}) without the feature for it");
    }

    fn stranger_at(&self, _: usize) {
        panic!("a trial of calls without the feature for it");
    }

    fn calm(&self) {}

    fn unfired(&self) -> usize {
        0
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        pending().boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.on(|shelf| shelf.keys.keys().cloned().collect())
    }

    fn works(&self, id: &KeyId) -> bool {
        self.on(|shelf| shelf.keys.contains_key(id))
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        let (most, now) = (self.kind.quota, self.clock.now());
        self.on(|shelf| most.is_none_or(|most| shelf.keys.len() < most).then(|| shelf.make(now)))
    }

    fn delete(&self, id: &KeyId) {
        self.on(|shelf| shelf.keys.remove(id));
    }

    fn disable(&self, id: &KeyId) {
        panic!("a trial that disables {id} without the feature for it");
    }

    fn strip_marks(&self) {
        self.on(|shelf| shelf.marks.clear());
    }

    fn marks(&self) -> usize {
        self.on(|shelf| shelf.marks.len())
    }
}
