//! The stores of a stack, and where its secrets are.

use std::collections::BTreeSet;

use futures::future::{Either, select};

use super::Stack;
use super::reach::{reach_stores, targets};
use super::saved::Opened;
use crate::testing::Rig;
use crate::{Goal, Store, Stores, Target, look_into_stores};

impl Stack {
    /// From now on these stores are to receive each generation.
    pub fn set_stores(&mut self, names: &[&str]) {
        self.stores = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// From now on the state keeps no secret that a store holds, or it does again.
    pub fn set_keeps_secret(&mut self, keeps_secret: bool) {
        self.keeps_secret = keeps_secret;
    }

    /// Whether the inputs that the stack has recorded keep secrets in the state.
    pub fn kept_secret(&self) -> bool {
        self.saved.as_ref().is_none_or(|saved| saved.opened.keeps_secret)
    }

    /// The stores that are to receive each generation, and that the stack has recorded.
    pub fn stores(&self) -> impl Iterator<Item = &String> {
        let recorded = |name: &&String| self.saved.as_ref().is_some_and(|saved| saved.opened.stores.contains(name));
        self.stores.iter().filter(recorded)
    }

    /// Every store that may hold something of this stack, as far as it knows.
    pub fn reached_stores(&self) -> BTreeSet<String> {
        let saved = self.saved.iter().flat_map(|saved| saved.reached.iter().chain(&saved.opened.stores));
        let replaced = self.replaced_stores.iter().flatten();
        saved.chain(replaced).chain(&self.stores).cloned().collect()
    }

    pub(super) async fn look_into_stores(&self, rig: &dyn Rig) -> Option<Stores> {
        let all = reach_stores(rig, &self.saved.as_ref()?.reached);
        let all: Vec<_> = all.iter().map(|store| &**store).collect();
        let look = std::pin::pin!(look_into_stores(&self.owner, &all));
        match select(look, rig.death()).await {
            Either::Left((seen, _)) => seen.ok(),
            Either::Right(_) => None,
        }
    }

    pub(super) fn targets(&self, rig: &dyn Rig) -> Vec<Target> {
        targets(&reach_stores(rig, &self.stores))
    }

    /// Check refuses to leave secrets to stores that do not give them back.
    pub(in crate::testing) fn keeps_now(&self, rig: &dyn Rig) -> bool {
        self.keeps_secret || !self.targets(rig).iter().any(|target| target.keeps_secrets)
    }

    /// What the inputs say of stores.
    pub(super) fn opened(&self, rig: &dyn Rig) -> Opened {
        let stores = reach_stores(rig, &self.stores);
        let shapes = self.stores.iter().cloned().zip(stores.iter().map(|store| store.shape())).collect();
        let (targets, keeps_secret) = (targets(&stores), self.keeps_now(rig));
        Opened { stores: self.stores.clone(), targets, shapes, keeps_secret }
    }

    pub(super) fn goal(&self, rig: &dyn Rig, goal: Goal, reached: &BTreeSet<String>) -> Goal {
        let mut readers = targets(&reach_stores(rig, reached));
        readers.extend(targets(&self.readers(rig)));
        goal.delivering(self.targets(rig)).reading(readers).keeping_secret(self.keeps_now(rig))
    }

    /// The stores in the shapes of the recorded inputs.
    pub(super) fn readers(&self, rig: &dyn Rig) -> Vec<Box<dyn Store>> {
        let shapes = self.saved.iter().flat_map(|saved| &saved.opened.shapes);
        shapes.filter_map(|(name, shape)| rig.store_in_shape(name, shape)).collect()
    }
}
