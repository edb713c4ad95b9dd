use std::collections::BTreeMap;

use crate::{DeliveryId, Head, Key, KeyId, OwnerId, StoredVersion, Target, Trigger};

/// The observed contents of one resource's stores.
#[derive(Clone, Debug, PartialEq)]
pub struct Stores {
    /// Whose deliveries are ours.
    owner: OwnerId,
    /// By [`Target::identity`].
    shelves: BTreeMap<String, Shelf>,
}

/// One store as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    /// The store.
    pub target: Target,
    /// What stands there.
    pub head: Head,
}

impl Default for Stores {
    fn default() -> Self {
        Self { owner: OwnerId { hash: String::new(), label: String::new() }, shelves: BTreeMap::new() }
    }
}

impl Stores {
    /// What was seen in the stores of this resource.
    pub fn new(owner: OwnerId, shelves: impl IntoIterator<Item = Shelf>) -> Self {
        let named = shelves.into_iter().map(|shelf| (shelf.target.identity.clone(), shelf));
        Self { owner, shelves: named.collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shelves.is_empty()
    }

    /// Every store.
    pub fn shelves(&self) -> impl Iterator<Item = &Shelf> {
        self.shelves.values()
    }

    /// The store with this identity.
    pub(crate) fn shelf(&self, identity: &str) -> Option<&Shelf> {
        self.shelves.get(identity)
    }

    /// What stands in it; nothing where it was not asked.
    pub(crate) fn head(&self, target: &Target) -> Head {
        self.shelf(&target.identity).map(|shelf| shelf.head.clone()).unwrap_or_default()
    }

    /// The same, to be changed.
    pub(crate) fn head_mut(&mut self, target: &Target) -> &mut Head {
        let empty = || Shelf { target: target.clone(), head: Head::default() };
        &mut self.shelves.entry(target.identity.clone()).or_insert_with(empty).head
    }

    /// The store is none of this resource's any more.
    pub(crate) fn remove(&mut self, identity: &str) {
        self.shelves.remove(identity);
    }

    /// The delivery of this key to this store.
    pub fn delivery(&self, key: &Key, target: &Target) -> DeliveryId {
        DeliveryId::of(&self.owner, key, target)
    }

    /// Whether a version hands over this key as this store wants it.
    pub(crate) fn is_delivery(&self, version: &StoredVersion, (key, target): (&Key, &Target)) -> bool {
        version.delivery.as_ref().is_some_and(|delivery| delivery.is_like(&self.delivery(key, target)))
    }

    /// Whether this delivery hands over this key, in whatever shape. A generation of 0 is one that nothing tells: then `highest` is the last that it may be.
    pub(crate) fn is_of(&self, delivery: &DeliveryId, (id, generation): (&KeyId, u64), highest: u64) -> bool {
        let all = if generation > 0 { generation..=generation } else { 1..=highest };
        let name = |generation| DeliveryId::new(&self.owner, (id, generation), "", None);
        all.into_iter().any(|generation| name(generation).is_of_key_of(delivery))
    }

    /// Whether a version was delivered by this resource, or by one that had its URN.
    pub(crate) fn is_of_owner(&self, version: &StoredVersion) -> bool {
        let own = DeliveryId::new(&self.owner, (&KeyId(String::new()), 0), "", None);
        version.delivery.as_ref().is_some_and(|delivery| delivery.is_of_owner_of(&own))
    }

    /// Whether the key of this version was minted for this trigger.
    pub(crate) fn serves(&self, version: &StoredVersion, key: (&KeyId, u64), trigger: &Trigger) -> bool {
        version.delivery.as_ref().is_some_and(|delivery| delivery.serves(&self.owner, key, trigger))
    }

    /// Whether the consumers of any store read this key.
    pub(crate) fn read(&self, key: (&KeyId, u64), highest: u64) -> bool {
        let current = self.shelves.values().filter_map(|shelf| shelf.head.current.as_ref()?.delivery.as_ref());
        current.into_iter().any(|delivery| self.is_of(delivery, key, highest))
    }
}
