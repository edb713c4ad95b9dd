use std::task::Poll;

use futures::FutureExt;
use futures::future::{BoxFuture, poll_fn};

use crate::{Key, KeyId, KeyIssuer, KeyStatus, Known, Material, Proof, Store};

use super::cloud::Hold;
use super::stored_entry::{StoredEntry, material_of};
use super::{ContestedRig, Fault, InMemoryCloud, InMemoryIssuer, ManualClock, Rig};

impl Rig for InMemoryCloud {
    fn asks_account(&self) -> bool {
        true
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn use_key(&self, id: &KeyId) {
        let now = self.now();
        if let Some(key) = self.lock().keys.get_mut(id) {
            key.last_use = Some(now);
        }
    }

    fn issuer_for(&self, known: Known<'_>) -> Box<dyn KeyIssuer> {
        Box::new(InMemoryIssuer::new(self.clone(), known))
    }

    fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.lock().faults.insert(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        self.lock().strangers.insert(call);
    }

    fn calm(&self) {
        let mut inner = self.lock();
        inner.faults.clear();
        inner.strangers.clear();
        inner.strips.clear();
    }

    fn unfired(&self) -> usize {
        self.lock().faults.len()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        poll_fn(|context| {
            let mut inner = self.lock();
            if std::mem::take(&mut inner.died) {
                return Poll::Ready(());
            }
            inner.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.living().keys.iter().filter(|(_, key)| key.is_accepted).map(|(id, _)| id.clone()).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.living().keys.get(id).is_some_and(|key| key.status == KeyStatus::Active && key.is_accepted)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        let (now, quota) = (self.now(), self.rules.capability.quota);
        let mut inner = self.lock();
        inner.has_room(quota).then(|| inner.add(None, None, now, None))
    }

    fn delete(&self, id: &KeyId) {
        self.lock().keys.remove(id);
    }

    fn disable(&self, id: &KeyId) {
        if let Some(key) = self.lock().keys.get_mut(id) {
            key.status = KeyStatus::Inactive;
        }
    }

    fn strip_marks(&self) {
        self.lock().strip();
    }

    fn marks(&self) -> usize {
        self.lock().marks().len()
    }

    fn store_named(&self, name: &str) -> Option<Box<dyn Store>> {
        Some(Box::new(self.store(name)))
    }

    fn store_in_shape(&self, name: &str, shape: &str) -> Option<Box<dyn Store>> {
        Some(Box::new(self.store(name).shaped(shape)))
    }

    fn read_store(&self, name: &str) -> Option<KeyId> {
        self.lock().shelves.get(name)?.read().cloned()
    }

    fn read_material(&self, name: &str) -> Option<Material> {
        self.read_store(name).map(|id| material_of(&id))
    }

    fn is_store_left(&self, name: &str) -> bool {
        self.lock().shelves.get(name).is_none_or(StoredEntry::is_left)
    }

    fn publish(&self, keys: &[&Key]) {
        let mut inner = self.lock();
        if inner.ignores_users || self.rules.capability.proof == Proof::Direct {
            return;
        }
        for (id, key) in &mut inner.keys {
            key.is_published = keys.iter().any(|published| published.id == *id);
            key.is_accepted |= key.is_published;
        }
    }
}

impl ContestedRig for InMemoryCloud {
    fn strip_at(&self, call: usize) {
        self.lock().strips.insert(call);
    }

    fn intruders(&self) -> Vec<KeyId> {
        self.lock().intruders.clone()
    }

    fn hold_at(&self, call: usize) {
        self.lock().holds.insert(call, Hold::Awaited);
    }

    fn until_held(&self, call: usize) -> BoxFuture<'_, ()> {
        poll_fn(move |context| {
            let mut inner = self.lock();
            if inner.holds.get(&call) == Some(&Hold::Held) {
                return Poll::Ready(());
            }
            inner.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .boxed()
    }

    fn release(&self, call: usize) {
        let mut inner = self.lock();
        inner.holds.remove(&call);
        inner.wake();
    }
}
