//! What the rigs of Vault's resources have in common: a place on the real server, reached by the plugin's own code through a proxy.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use cloud::Cloud;
use futures::FutureExt;
use futures::future::{BoxFuture, LocalBoxFuture};
use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, ManualClock, Rig, Stage};
use rotation::{Key, KeyId, KeyIssuer};
use serde_json::{Value, json};
use system_vault::{Vault, VaultConfig};
use vault_servers::{Admin, Proxy};

use super::server::{Ground, ground};
use crate::bench::{Bench, Power};

/// Where the keys of one resource stand, as an administrator sees it who does not go by the proxy. Clones are the same place.
pub trait Place: Clone + Send + Sync + 'static {
    /// What keys there can do.
    const POWERS: &[Power];

    /// A place of its own, without keys.
    ///
    /// # Errors
    /// The server refuses.
    fn new(ground: &VaultGround) -> Result<Self>;

    /// The keys there, by the plugin's own code.
    ///
    /// # Errors
    /// These are no inputs.
    fn issuer(vault: Arc<Vault>, inputs: Value) -> Result<Box<dyn KeyIssuer>>;

    /// The administrator.
    fn admin(&self) -> &Admin;

    /// The inputs that name the place.
    fn inputs(&self) -> Value;

    /// The inputs of a place that does not exist.
    fn nowhere(&self) -> Value;

    /// A call's name without what is another in each run of a test program.
    fn plain(&self, call: String) -> String;

    /// Every key, the oldest first.
    fn keys(&self) -> Vec<KeyId>;

    /// Whether the key is accepted.
    fn works(&self, id: &KeyId) -> bool;

    /// A stranger makes a key.
    fn mint(&self) -> Option<KeyId>;

    /// Somebody deletes a key.
    fn delete(&self, id: &KeyId);

    /// Somebody removes every mark that can be removed.
    fn strip(&self);

    /// How many marks stand.
    fn marks(&self) -> usize;

    /// Users publish these keys and no others, where they do that.
    fn publish(&self, _keys: &[&Key]) {}
}

/// The server on which a place is made.
pub struct VaultGround(pub(super) Ground);

/// A rule that only one resource has.
pub struct OwnTrial<B> {
    /// Its name.
    pub name: &'static str,
    /// Fails, or panics, when the rule is broken.
    pub run: for<'a> fn(&'a B) -> LocalBoxFuture<'a, Result<()>>,
}

/// A place on a real server, and the plugin's own code as its client, by a proxy. The plugin's clock begins at the real time, since
/// the server's does not stand still.
pub struct OnVault<P> {
    clock: ManualClock,
    proxy: Proxy,
    /// What every process of a run is: it shares nothing but connections, which are dear to set up.
    vault: Arc<Vault>,
    place: P,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

impl<P: Place> OnVault<P> {
    /// A place without keys.
    ///
    /// # Errors
    /// The server is not at hand, or does not start.
    pub fn new() -> Result<Self> {
        let ground = ground()?;
        let clock = ManualClock::new(Timestamp::now());
        let proxy = Proxy::start(ground.address, &clock, SignedDuration::from_secs(31))?;
        let place = P::new(&VaultGround(ground))?;
        let vault = Arc::new(Vault::new(Arc::new(clock.clone())));
        let stage = Self { clock, proxy, vault, place, intruders: Arc::default() };
        stage.vault.configure(serde_json::from_value(stage.config())?);
        Ok(stage)
    }

    /// The administrator.
    pub fn admin(&self) -> &Admin {
        self.place.admin()
    }

    /// The proxy.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The place.
    pub fn place(&self) -> &P {
        &self.place
    }

    /// The inputs that name the place.
    pub fn inputs(&self) -> Value {
        self.place.inputs()
    }

    /// The same with others beside them, or in their place.
    pub fn inputs_with(&self, more: &Value) -> Value {
        let mut inputs = self.inputs();
        for (name, value) in more.as_object().into_iter().flatten() {
            inputs[name] = value.clone();
        }
        inputs
    }

    /// The configuration that reaches the server as its administrator.
    pub fn config(&self) -> Value {
        config(&self.proxy, self.admin())
    }

    /// The keys at a place, as a newly started process with this configuration reaches them.
    ///
    /// # Errors
    /// These are no configuration and inputs.
    pub fn issuer_with(&self, config: Value, inputs: Value) -> Result<Box<dyn KeyIssuer>> {
        let vault = Vault::new(Arc::new(self.clock.clone()));
        vault.configure(serde_json::from_value::<VaultConfig>(config)?);
        P::issuer(Arc::new(vault), inputs)
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn reached(&self, config: Value, inputs: Value) -> Box<dyn KeyIssuer> {
        self.issuer_with(config, inputs).expect("a configuration and inputs")
    }
}

/// The configuration that reaches the server as its administrator. There is no TLS on the way, and to read the machine's own certificates
/// would cost each trial more than all its calls.
pub(super) fn config(proxy: &Proxy, admin: &Admin) -> Value {
    json!({"address": proxy.endpoint(), "token": admin.token(), "skipTlsVerify": true})
}

impl<P: Place> Bench for OnVault<P> {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.reached(self.config(), self.place.nowhere())
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        let mut config = self.config();
        config["token"] = "nobody-made-this-token".into();
        Some(self.reached(config, self.inputs()))
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
        let mut config = self.config();
        config["address"] = format!("http://{}", listener.local_addr().ok()?).into();
        drop(listener);
        Some(self.reached(config, self.inputs()))
    }
}

impl<P: Place> Rig for OnVault<P> {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn issuer(&self) -> Box<dyn KeyIssuer> {
        P::issuer(Arc::clone(&self.vault), self.inputs()).expect("inputs")
    }

    fn calls(&self) -> Vec<String> {
        self.proxy.calls().into_iter().map(|call| self.place.plain(call)).collect()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.proxy.inject(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        let (place, intruders) = (self.place.clone(), Arc::clone(&self.intruders));
        self.proxy.stranger_at(call, move || {
            intruders.lock().unwrap_or_else(PoisonError::into_inner).extend(place.mint());
        });
    }

    fn calm(&self) {
        self.proxy.faults().clear();
    }

    fn unfired(&self) -> usize {
        self.proxy.faults().unfired()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        self.proxy.death().boxed()
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
        unreachable!("{id} cannot be disabled");
    }

    fn strip_marks(&self) {
        self.place.strip();
    }

    fn marks(&self) -> usize {
        self.place.marks()
    }

    fn publish(&self, keys: &[&Key]) {
        self.place.publish(keys);
    }
}

impl<P: Place> Stage for OnVault<P> {
    fn strip_at(&self, call: usize) {
        let place = self.place.clone();
        self.proxy.stranger_at(call, move || place.strip());
    }

    fn intruders(&self) -> Vec<KeyId> {
        self.intruders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold_at(&self, call: usize) {
        self.proxy.hold_at(call);
    }

    fn until_held(&self, call: usize) -> BoxFuture<'_, ()> {
        self.proxy.until_held(call).boxed()
    }

    fn release(&self, call: usize) {
        self.proxy.release(call);
    }
}
