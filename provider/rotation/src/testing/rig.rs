use futures::future::BoxFuture;

use crate::{Key, KeyId, KeyIssuer, Known, Material, Store};

use super::ManualClock;

/// How one call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused; nothing was done.
    Before,
    /// Done, and answered with a failure.
    After,
    /// Too many calls; nothing was done.
    Throttled,
    /// Nothing was done and no answer comes until the time-out.
    Hang,
    /// Done, and no answer comes until the time-out.
    HangAfter,
    /// Done, and the answer breaks off in the middle.
    Cut,
    /// The process dies before the call has an effect.
    DieBefore,
    /// The process dies once the call was done, before its answer.
    DieAfter,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Before,
        Self::After,
        Self::Throttled,
        Self::Hang,
        Self::HangAfter,
        Self::Cut,
        Self::DieBefore,
        Self::DieAfter,
    ];
}

/// A system on a bench: one principal, calls that are counted and fail on demand, and the truth about its keys.
pub trait Rig: Sync {
    /// Its time.
    fn clock(&self) -> &ManualClock;

    /// The keys of the principal as a newly started process reaches them, whose state knows these.
    fn issuer_for(&self, known: Known<'_>) -> Box<dyn KeyIssuer>;

    /// The same for a process whose state knows nothing.
    fn issuer(&self) -> Box<dyn KeyIssuer> {
        self.issuer_for(Known::default())
    }

    /// Whether a stack asks for the account first, as the plugin does. Rigs on which calls are numbered leave it to trials of their own.
    fn asks_account(&self) -> bool {
        false
    }

    /// The names of all calls so far, by every process.
    fn calls(&self) -> Vec<String>;

    /// Lets the call with this number, counted from 0 over all, fail.
    fn inject(&self, call: usize, fault: Fault);

    /// Lets a stranger make a key just before the call with this number.
    fn stranger_at(&self, call: usize);

    /// Takes back every fault and stranger that has not come yet.
    fn calm(&self);

    /// How many faults have not come yet.
    fn unfired(&self) -> usize;

    /// Completes when a fault kills the process.
    fn death(&self) -> BoxFuture<'_, ()>;

    /// Every key that exists, whoever manages it.
    fn keys(&self) -> Vec<KeyId>;

    /// Whether the key would be accepted once everything has settled.
    fn works(&self, id: &KeyId) -> bool;

    /// Somebody uses a key, where the system tells that.
    fn use_key(&self, _id: &KeyId) {}

    /// A stranger makes a key; none if there is no place.
    fn mint_as_stranger(&self) -> Option<KeyId>;

    /// Somebody deletes a key.
    fn delete(&self, id: &KeyId);

    /// Somebody disables a key.
    fn disable(&self, id: &KeyId);

    /// Somebody removes every mark.
    fn strip_marks(&self);

    /// How many marks stand.
    fn marks(&self) -> usize;

    /// The entry of a store with this name, as a newly started process reaches it; none where there are no stores.
    fn store_named(&self, _name: &str) -> Option<Box<dyn Store>> {
        None
    }

    /// The same in the shape of former inputs; none where shapes do not change.
    fn store_in_shape(&self, _name: &str, _shape: &str) -> Option<Box<dyn Store>> {
        None
    }

    /// The key that consumers of a store read; none where they read none of ours.
    fn read_store(&self, _name: &str) -> Option<KeyId> {
        None
    }

    /// What consumers of a store read, if it is a key of ours.
    fn read_material(&self, _name: &str) -> Option<Material> {
        None
    }

    /// Whether neither what is current in a store nor what is staged there is of ours.
    fn is_store_left(&self, _name: &str) -> bool {
        true
    }

    /// Users publish these keys and no others, where they do that.
    fn publish(&self, _keys: &[&Key]) {}
}

/// A rig on which others act in the middle of a run.
pub trait ContestedRig: Rig {
    /// Lets somebody remove every mark just before the call with this number.
    fn strip_at(&self, call: usize);

    /// The keys that [`Rig::stranger_at`] has made so far; a principal without a place gets none.
    fn intruders(&self) -> Vec<KeyId>;

    /// Holds the call with this number, before it has an effect, until it is released.
    fn hold_at(&self, call: usize);

    /// Completes when that call has come.
    fn until_held(&self, call: usize) -> BoxFuture<'_, ()>;

    /// Lets a held call go on.
    fn release(&self, call: usize);
}
