//! What stands in the stores.

use super::actor::Run;
use crate::decide::{Shelf, Stores, World};
use crate::store::plain_label;
use crate::{Error, Event, Goal, OwnerId, Store, Target};

/// Asks each store once.
///
/// # Errors
/// A store gave no definite answer.
pub async fn look_into_stores(owner: &OwnerId, stores: &[&dyn Store]) -> Result<Stores, Error> {
    let mut shelves = Vec::new();
    for store in stores {
        shelves.push(Shelf { target: Target::of(*store), head: store.head().await? });
    }
    Ok(Stores::new(owner.clone(), shelves))
}

impl Run<'_> {
    /// Asks them again, as after a wait.
    pub(super) async fn look_into_stores(&mut self) -> Result<(), Error> {
        let mut seen = look_into_stores(self.context.owner, self.context.stores).await?;
        // What this run left is not come back to.
        let left: Vec<_> = seen.shelves().map(|shelf| shelf.target.identity.clone()).collect();
        left.iter().filter(|identity| self.world.stores.shelf(identity).is_none()).for_each(|left| seen.remove(left));
        let now = self.context.clock.now();
        self.fold(Event::StoresSeen(seen, now));
        Ok(())
    }

    /// What is left of stores that are no longer wanted is another spelling of those that are, or was never delivered to.
    pub(super) fn leave_other_spellings(&mut self, goal: &Goal) {
        let is_wanted = |target: &Target| goal.deliveries.iter().any(|wanted| wanted.identity == target.identity);
        let all = self.world.stores.shelves().map(|shelf| shelf.target.clone());
        let others: Vec<_> = all.filter(|target| !is_wanted(target)).collect();
        others.into_iter().for_each(|target| self.fold(Event::Withdrawn(target)));
    }

    /// Warns of what was delivered to stores that nothing tells how to reach any more: the state is about to forget them.
    pub(super) fn announce_unreached(&self) {
        let World { state, stores, .. } = &self.world;
        for left in state.deliveries.iter().filter(|delivered| stores.shelf(&delivered.identity).is_none()) {
            let (store, id) = (plain_label(&left.store), &left.key_id);
            (self.context.warn)(format!(
                "the plugin can no longer reach {store}, because neither inputs nor state say how. Key {id} stays there: move its consumers before that key is deleted, then remove it by hand"
            ));
        }
    }

    /// The store with this identity.
    pub(super) fn store(&self, target: &Target) -> Option<&dyn Store> {
        self.context.stores.iter().copied().find(|store| store.identity() == target.identity)
    }
}
