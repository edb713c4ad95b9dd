//! What the places of Vault's resources have in common: the real server, reached by the plugin's own code through a proxy.

use std::sync::Arc;

use anyhow::Result;
use cloud::Cloud;
use jiff::{SignedDuration, Timestamp};
use localcloud::{Faults, LocalCloud, Options};
use rotation::testing::{Fault, ManualClock};
use rotation::{KeyIssuer, Known};
use serde_json::{Value, json};
use system_vault::{Vault, VaultConfig};
use vault_servers::{Admin, Proxy, SharedClock, fault_of_vault};

use super::server::{Ground, ground};
use crate::rig::{Feature, Place, PlaceRig, Way, WayTo};
use crate::stores::Shop;

/// Where the keys of one resource stand on a real server.
pub trait VaultPlace: Place<Way = VaultWay> {
    /// What keys there can do.
    const FEATURES: &[Feature];

    /// A place of its own, without keys.
    ///
    /// # Errors
    /// The server refuses.
    fn new(ground: &VaultGround) -> Result<Self>;

    /// The keys there, by the plugin's own code.
    ///
    /// # Errors
    /// These are no inputs.
    fn issuer(vault: Arc<Vault>, inputs: Value, known: Known<'_>) -> Result<Box<dyn KeyIssuer>>;

    /// The administrator.
    fn admin(&self) -> &Admin;

    /// The inputs that name the place.
    fn inputs(&self) -> Value;

    /// The inputs of a place that does not exist.
    fn nowhere(&self) -> Value;
}

/// The server on which a place is made.
pub struct VaultGround(pub(super) Ground);

/// A proxy in front of the server. The plugin's clock begins at the real time, since the server's does not stand still.
pub struct VaultWay {
    clock: ManualClock,
    proxy: Proxy,
    /// What every process of a run is: it shares nothing but connections, which are dear to set up.
    vault: Arc<Vault>,
    shop: Shop,
    /// Where the shop is.
    _shops: LocalCloud,
}

/// A place on a real server, and the plugin's own code as its client, by a proxy.
pub type OnVault<P> = PlaceRig<P>;

impl<P: VaultPlace> PlaceRig<P> {
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
        vault.configure(serde_json::from_value(config(&proxy, place.admin()))?);
        let shops = LocalCloud::start(Options::new(SharedClock::new(&clock).shared()).immediate())?;
        let shop = Shop::new(&shops, &clock).by(proxy.endpoint());
        Ok(Self::on(VaultWay { clock, proxy, vault, shop, _shops: shops }, place))
    }

    /// The administrator.
    pub fn admin(&self) -> &Admin {
        self.place.admin()
    }

    /// The proxy.
    pub fn proxy(&self) -> &Proxy {
        &self.way.proxy
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
        config(self.proxy(), self.admin())
    }

    /// The server as a newly started process with this configuration reaches it.
    ///
    /// # Errors
    /// It is no configuration.
    pub fn vault(&self, config: Value) -> Result<Arc<Vault>> {
        self.way.vault(config)
    }

    /// The same in an environment with these variables, with AWS for logins by its identities.
    ///
    /// # Errors
    /// These are no configurations.
    pub fn vault_of_machine(
        &self,
        (config, aws): (Value, Value),
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Arc<Vault>> {
        let clock: Arc<dyn rotation::Clock> = Arc::new(self.way.clock.clone());
        let system = system_aws::Aws::new(Arc::clone(&clock));
        system.configure(serde_json::from_value(aws)?);
        let vault = Vault::in_environment(clock, variables).with_aws(Arc::new(system));
        vault.configure(serde_json::from_value::<VaultConfig>(config)?);
        Ok(Arc::new(vault))
    }

    /// The server's own address, without the proxy.
    ///
    /// # Errors
    /// There is no server.
    pub fn server(&self) -> Result<std::net::SocketAddr> {
        Ok(ground()?.address)
    }

    /// The keys at a place, as a newly started process with this configuration reaches them.
    ///
    /// # Errors
    /// These are no configuration and inputs.
    pub fn issuer_with(&self, config: Value, inputs: Value) -> Result<Box<dyn KeyIssuer>> {
        P::issuer(self.vault(config)?, inputs, Known::default())
    }
}

/// The configuration that reaches the server as its administrator. There is no TLS on the way, and to read the machine's own certificates
/// would cost each trial more than all its calls.
fn config(proxy: &Proxy, admin: &Admin) -> Value {
    json!({"address": proxy.endpoint(), "token": admin.token(), "skipTlsVerify": true})
}

impl VaultWay {
    fn vault(&self, config: Value) -> Result<Arc<Vault>> {
        let vault = Vault::new(Arc::new(self.clock.clone()));
        vault.configure(serde_json::from_value::<VaultConfig>(config)?);
        Ok(Arc::new(vault))
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn with<P: VaultPlace>(&self, place: &P, setting: &str, value: &str) -> Box<dyn KeyIssuer> {
        let mut config = config(&self.proxy, place.admin());
        config[setting] = value.into();
        let vault = self.vault(config).expect("a configuration");
        P::issuer(vault, place.inputs(), Known::default()).expect("inputs")
    }
}

impl Way for VaultWay {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn calls(&self) -> Vec<String> {
        self.proxy.calls()
    }

    fn faults(&self) -> &Faults {
        self.proxy.faults()
    }

    fn shop(&self) -> &Shop {
        &self.shop
    }

    fn fault(&self, fault: Fault) -> localcloud::Fault {
        fault_of_vault(fault)
    }
}

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
impl<P: VaultPlace> WayTo<P> for VaultWay {
    fn issuer(&self, place: &P, known: Known<'_>) -> Box<dyn KeyIssuer> {
        P::issuer(Arc::clone(&self.vault), place.inputs(), known).expect("inputs")
    }

    fn nobody(&self, place: &P) -> Box<dyn KeyIssuer> {
        P::issuer(Arc::clone(&self.vault), place.nowhere(), Known::default()).expect("inputs")
    }

    fn refused(&self, place: &P) -> Box<dyn KeyIssuer> {
        self.with(place, "token", "nobody-made-this-token")
    }

    fn unreachable(&self, place: &P, nowhere: &str) -> Box<dyn KeyIssuer> {
        self.with(place, "address", nowhere)
    }
}
