use futures::future::BoxFuture;
use jiff::SignedDuration;
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, ManualClock, Rig};
use rotation::{KeyId, KeyIssuer};

use crate::bench::{Bench, Power};

/// The reference system in memory.
pub struct Memory(InMemoryCloud);

impl Memory {
    /// What it can do.
    pub const POWERS: &[Power] = &[
        Power::Strangers,
        Power::Faults,
        Power::Delays,
        Power::Quota,
        Power::Disables,
        Power::TellsUse,
        Power::Claims,
        Power::Tries,
    ];

    /// A fresh one, like AWS.
    pub fn new() -> Self {
        Self(cloud())
    }

    /// The same, where a new key works at once.
    pub fn immediate() -> Self {
        let rules =
            InMemoryRules { accepts_after: SignedDuration::ZERO, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
        Self(InMemoryCloud::new(rules, ManualClock::new(crate::aws::START)))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Bench for Memory {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        let cloud = cloud();
        cloud.delete_principal();
        cloud.issuer()
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        None
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        None
    }
}

impl Rig for Memory {
    fn clock(&self) -> &ManualClock {
        self.0.clock()
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        self.0.issuer()
    }

    fn calls(&self) -> Vec<String> {
        self.0.calls()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.0.inject(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        self.0.stranger_at(call);
    }

    fn calm(&self) {
        self.0.calm();
    }

    fn unfired(&self) -> usize {
        self.0.unfired()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        self.0.death()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.0.keys()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.0.works(id)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        self.0.mint_as_stranger()
    }

    fn delete(&self, id: &KeyId) {
        self.0.delete(id);
    }

    fn disable(&self, id: &KeyId) {
        self.0.disable(id);
    }

    fn strip_marks(&self) {
        self.0.strip_marks();
    }

    fn marks(&self) -> usize {
        self.0.marks()
    }
}

fn cloud() -> InMemoryCloud {
    InMemoryCloud::new(InMemoryRules::like_aws(SignedDuration::ZERO), ManualClock::new(crate::aws::START))
}
