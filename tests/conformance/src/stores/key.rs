use rotation::{DeliveryId, Error, Field, KeyId, Material, Payload, Store};

use super::shelves::owner;

/// A key of the resource, and what it is made of.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) generation: u64,
    pub(super) material: Material,
}

impl Key {
    pub(super) fn new(generation: u64) -> Self {
        let secret = Field::Secret(format!("secret {generation}").into());
        let material = [("id".to_owned(), Field::Plain(format!("key{generation}"))), ("secret".to_owned(), secret)];
        Self { id: KeyId(format!("key{generation}")), generation, material: material.into() }
    }

    pub(super) fn delivery(&self, store: &dyn Store) -> DeliveryId {
        let target = rotation::Target::of(store);
        DeliveryId::new(&owner(), (&self.id, self.generation), &target.shape, None)
    }

    pub(super) async fn stage(&self, store: &dyn Store) -> Result<String, Error> {
        let delivery = self.delivery(store);
        let Self { id, generation, material } = self;
        let payload = Payload { delivery: &delivery, generation: *generation, key: id, material };
        store.stage(&payload, &store.head().await?).await
    }

    pub(super) async fn deliver(&self, store: &dyn Store) -> Result<String, Error> {
        let version = self.stage(store).await?;
        store.promote(&version, &store.head().await?).await?;
        Ok(version)
    }

    pub(super) fn text(&self) -> String {
        let Self { generation, .. } = self;
        format!("{{\"id\":\"key{generation}\",\"secret\":\"secret {generation}\"}}")
    }
}
