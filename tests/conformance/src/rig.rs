//! The one rig for every real system and stand-in: keys that stand somewhere, and a way to them on which calls fail on demand.

use std::sync::{Arc, Mutex};

use cloud::Deliverable;
use futures::FutureExt;
use futures::future::BoxFuture;
use localcloud::{Faults, locked};
use rotation::testing::{ContestedRig, Fault, ManualClock, Rig};
use rotation::{Key, KeyId, KeyIssuer, Known, Material, Store};

use crate::stores::{Shop, all};

/// What a rig can do beyond holding keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// It counts calls, and fails and hangs on demand.
    Faults,
    /// It refuses a new key for a while.
    Delays,
    /// It accepts a new key and refuses it again before it settles.
    Flickers,
    /// It can be reached with wrong credentials, and not be reached at all.
    Network,
    /// It allows a few keys only.
    Quota,
    /// It can disable a key.
    Disables,
    /// It tells when a key was last used.
    TellsUse,
    /// Marks stand on the principal, with claims.
    Claims,
    /// A new key can be tried.
    Tries,
    /// Each mark stands on its key, from the key's birth.
    MarksOnKeys,
    /// It knows a key's name before the key is made.
    Foresees,
    /// Lists show keys that strangers made.
    Strangers,
    /// Keys can be delivered to stores.
    Stores,
    /// They can be delivered to stores of every kind.
    AllStores,
}

/// A rig with other ways to reach its system.
pub trait ReachableRig: Rig {
    /// The keys of a principal that does not exist.
    fn nobody(&self) -> Box<dyn KeyIssuer>;

    /// The principal's keys as wrong credentials reach them; none without [`Feature::Network`].
    fn refused(&self) -> Option<Box<dyn KeyIssuer>>;

    /// The principal's keys where nobody listens; none without [`Feature::Network`].
    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>>;

    /// Somebody puts a value of their own into a store, where there are stores.
    fn edit_store(&self, name: &str) {
        unreachable!("{name} cannot be edited, and no trial that needs it is run here");
    }
}

/// The way from the plugin's code to a system. Calls are counted on it, and fail on demand.
pub trait Way: Send + Sync {
    /// The plugin's time.
    fn clock(&self) -> &ManualClock;

    /// The names of all calls so far.
    fn calls(&self) -> Vec<String>;

    /// What goes wrong on the way.
    fn faults(&self) -> &Faults;

    /// The stores that keys are delivered to.
    fn shop(&self) -> &Shop;

    /// A fault in the words of the API at its end.
    fn fault(&self, fault: Fault) -> localcloud::Fault;
}

/// A way to the keys of a place, by the plugin's own code.
pub trait WayTo<P>: Way {
    /// As a newly started process reaches them, whose state knows these.
    fn issuer(&self, place: &P, known: Known<'_>) -> Box<dyn KeyIssuer>;

    /// See [`ReachableRig::nobody`].
    fn nobody(&self, place: &P) -> Box<dyn KeyIssuer>;

    /// See [`ReachableRig::refused`].
    fn refused(&self, place: &P) -> Box<dyn KeyIssuer>;

    /// The keys as they are reached at this address, where nobody listens.
    fn unreachable(&self, place: &P, nowhere: &str) -> Box<dyn KeyIssuer>;
}

/// Where keys stand, as an administrator sees them, whose calls are not counted. Clones are the same place.
pub trait Place: Clone + Send + Sync + Sized + 'static {
    /// How the plugin reaches it.
    type Way: WayTo<Self>;

    /// A call's name without what is another in each run of a test program.
    fn plain(&self, call: String) -> String {
        call
    }

    /// Every key, the oldest first.
    fn keys(&self) -> Vec<KeyId>;

    /// Whether the key would be accepted once everything has settled.
    fn works(&self, id: &KeyId) -> bool {
        self.keys().contains(id)
    }

    /// A stranger makes a key. At quota it is refused, and has done nothing.
    fn mint(&self) -> Option<KeyId>;

    /// Somebody deletes a key.
    fn delete(&self, id: &KeyId);

    /// Somebody disables a key, where that can be.
    fn disable(&self, id: &KeyId) {
        unreachable!("{id} cannot be disabled, and no trial that needs it is run here");
    }

    /// Somebody removes every mark that can be removed.
    fn strip(&self);

    /// How many marks stand.
    fn marks(&self) -> usize;

    /// Users publish these keys and no others, where they do that.
    fn publish(&self, _keys: &[&Key]) {}

    /// What of its keys is delivered: stores can be read back where this names it.
    fn deliverable(&self) -> Deliverable {
        all()
    }
}

/// Keys with these two fields, the second of which is secret.
pub(crate) fn pair(public: &str, secret: &str) -> Deliverable {
    let (names, secrets) = (vec![public.to_owned(), secret.to_owned()], vec![secret.to_owned()]);
    Deliverable { names, secrets, ..Deliverable::default() }
}

/// A place, and the plugin's own code as its client.
pub struct PlaceRig<P: Place> {
    pub(crate) way: P::Way,
    pub(crate) place: P,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

impl<P: Place> PlaceRig<P> {
    pub(crate) fn on(way: P::Way, place: P) -> Self {
        Self { way, place, intruders: Arc::default() }
    }

    /// The place.
    pub fn place(&self) -> &P {
        &self.place
    }
}

impl<P: Place> ReachableRig for PlaceRig<P> {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.way.nobody(&self.place)
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        Some(self.way.refused(&self.place))
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        Some(self.way.unreachable(&self.place, &nowhere()?))
    }

    fn edit_store(&self, name: &str) {
        self.way.shop().edit(name);
    }
}

impl<P: Place> Rig for PlaceRig<P> {
    fn clock(&self) -> &ManualClock {
        self.way.clock()
    }

    fn issuer_for(&self, known: Known<'_>) -> Box<dyn KeyIssuer> {
        self.way.issuer(&self.place, known)
    }

    fn calls(&self) -> Vec<String> {
        self.way.calls().into_iter().map(|call| self.place.plain(call)).collect()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.way.faults().strike_call(call, self.way.fault(fault));
    }

    fn stranger_at(&self, call: usize) {
        let (place, intruders) = (self.place.clone(), Arc::clone(&self.intruders));
        let act = move || locked(&intruders).extend(place.mint());
        self.way.faults().strike_call(call, localcloud::Fault::stranger(act));
    }

    fn calm(&self) {
        self.way.faults().clear();
    }

    fn unfired(&self) -> usize {
        self.way.faults().unfired()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        self.way.faults().death().boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.place.keys()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.place.works(id)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        self.place.mint()
    }

    fn delete(&self, id: &KeyId) {
        self.place.delete(id);
    }

    fn disable(&self, id: &KeyId) {
        self.place.disable(id);
    }

    fn strip_marks(&self) {
        self.place.strip();
    }

    fn marks(&self) -> usize {
        self.place.marks()
    }

    fn store_named(&self, name: &str) -> Option<Box<dyn Store>> {
        Some(self.way.shop().store(name, self.place.deliverable()))
    }

    fn read_store(&self, name: &str) -> Option<KeyId> {
        self.way.shop().read(name)
    }

    fn read_material(&self, name: &str) -> Option<Material> {
        self.way.shop().read_material(name)
    }

    fn is_store_left(&self, name: &str) -> bool {
        self.way.shop().is_left(name)
    }

    fn publish(&self, keys: &[&Key]) {
        self.place.publish(keys);
    }
}

impl<P: Place> ContestedRig for PlaceRig<P> {
    fn strip_at(&self, call: usize) {
        let place = self.place.clone();
        self.way.faults().strike_call(call, localcloud::Fault::stranger(move || place.strip()));
    }

    fn intruders(&self) -> Vec<KeyId> {
        locked(&self.intruders).clone()
    }

    fn hold_at(&self, call: usize) {
        self.way.faults().hold_call(call);
    }

    fn until_held(&self, call: usize) -> BoxFuture<'_, ()> {
        self.way.faults().until_call_is_held(call).boxed()
    }

    fn release(&self, call: usize) {
        self.way.faults().release_call(call);
    }
}

/// An address where nobody listens.
pub(crate) fn nowhere() -> Option<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
    Some(format!("http://{}", listener.local_addr().ok()?))
}
