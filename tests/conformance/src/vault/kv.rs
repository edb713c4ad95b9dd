use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use cloud::{Cloud, RotatingResource};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, ManualClock, Rig, Stage};
use rotation::{KeyId, KeyIssuer};
use serde_json::{Value, json};
use system_vault::{Vault, VaultApiKey, VaultConfig};
use vault_servers::{Admin, Proxy, unique};

use super::server::ground;
use crate::bench::{Bench, Power};

/// A path of a KV engine on a real server, and the plugin's own code as its client, by a proxy. The plugin's clock begins at the
/// real time, since the server's does not stand still.
pub struct VaultKv {
    clock: ManualClock,
    proxy: Proxy,
    /// What every process of a run is: it shares nothing but connections, which are dear to set up.
    vault: Arc<Vault>,
    place: Place,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

/// The path as an administrator sees it, who does not go by the proxy.
#[derive(Clone)]
struct Place {
    admin: Admin,
    mount: String,
    path: String,
}

impl VaultKv {
    /// What it can do.
    pub const POWERS: &[Power] =
        &[Power::Strangers, Power::Faults, Power::Network, Power::Disables, Power::Claims, Power::Tries];

    /// A path at which there is nothing.
    ///
    /// # Errors
    /// The server is not at hand, or does not start.
    pub fn new() -> Result<Self> {
        let ground = ground()?;
        let clock = ManualClock::new(Timestamp::now());
        let proxy = Proxy::start(ground.address, &clock, SignedDuration::from_secs(31))?;
        let place = Place { admin: ground.admin, mount: ground.mount, path: unique("apps/key") };
        let vault = Arc::new(Vault::new(Arc::new(clock.clone())));
        let kv = Self { clock, proxy, vault, place, intruders: Arc::default() };
        kv.vault.configure(serde_json::from_value(kv.config())?);
        Ok(kv)
    }

    /// The administrator.
    pub fn admin(&self) -> &Admin {
        &self.place.admin
    }

    /// The proxy.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The inputs that name the path.
    pub fn inputs(&self) -> Value {
        json!({"mount": self.place.mount, "path": self.place.path})
    }

    /// The configuration that reaches the server as its administrator.
    pub fn config(&self) -> Value {
        super::stage::config(&self.proxy, &self.place.admin)
    }

    /// A path of the engine's, by the part of it that answers: `data` or `metadata` for example.
    pub fn at(&self, part: &str) -> String {
        self.place.at(part)
    }

    /// The server as a newly started process with this configuration reaches it.
    ///
    /// # Errors
    /// It is no configuration.
    pub fn vault(&self, config: Value) -> Result<Arc<Vault>> {
        let vault = Vault::new(Arc::new(self.clock.clone()));
        vault.configure(serde_json::from_value::<VaultConfig>(config)?);
        Ok(Arc::new(vault))
    }

    /// The keys at a path, as a newly started process with this configuration reaches them.
    ///
    /// # Errors
    /// These are no configuration and inputs.
    pub fn issuer_with(&self, config: Value, inputs: Value) -> Result<Box<dyn KeyIssuer>> {
        let system = VaultApiKey::new(self.vault(config)?);
        Ok(system.issuer(serde_json::from_value(inputs)?))
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn reached(&self, config: Value, inputs: Value) -> Box<dyn KeyIssuer> {
        self.issuer_with(config, inputs).expect("a configuration and inputs")
    }
}

#[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
impl Place {
    fn at(&self, part: &str) -> String {
        format!("{}/{part}/{}", self.mount, self.path)
    }

    fn metadata(&self) -> Value {
        let answer = self.admin.call("GET", &self.at("metadata"), None).expect("metadata");
        answer.body["data"].clone()
    }

    /// The numbers of the versions that exist, the oldest first.
    fn versions(&self) -> Vec<u64> {
        let metadata = self.metadata();
        let versions = metadata["versions"].as_object().into_iter().flatten();
        let existing = versions.filter(|(_, version)| version["destroyed"] == json!(false));
        let mut numbers: Vec<u64> = existing.filter_map(|(number, _)| number.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    }

    fn write(&self) -> Option<KeyId> {
        let version = self.metadata()["current_version"].as_u64().unwrap_or_default();
        let body = json!({"options": {"cas": version}, "data": {"theirs": "a stranger's value"}});
        let written = self.admin.post(&self.at("data"), &body).ok()?;
        Some(KeyId(written["data"]["version"].as_u64()?.to_string()))
    }

    fn strip(&self) {
        let metadata = self.metadata();
        let notes = metadata["custom_metadata"].as_object().into_iter().flatten();
        let gone: serde_json::Map<_, _> = notes.map(|(name, _)| (name.clone(), Value::Null)).collect();
        if !gone.is_empty() {
            let body = json!({"custom_metadata": gone});
            self.admin.call("PATCH", &self.at("metadata"), Some(&body)).expect("a patch");
        }
    }
}

impl Bench for VaultKv {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.reached(self.config(), json!({"mount": "nowhere", "path": self.place.path}))
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

impl Rig for VaultKv {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn issuer(&self) -> Box<dyn KeyIssuer> {
        let inputs = serde_json::from_value(self.inputs()).expect("inputs");
        VaultApiKey::new(Arc::clone(&self.vault)).issuer(inputs)
    }

    fn calls(&self) -> Vec<String> {
        let (mount, path) = (format!("{}/", self.place.mount), format!("/{}", self.place.path));
        // Neither the mount nor the path, which are other ones in each run of a test program.
        let plain = |call: String| call.replace(&mount, "").replace(&path, "").replace(&self.place.mount, "MOUNT");
        self.proxy.calls().into_iter().map(plain).collect()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.proxy.inject(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        let (place, intruders) = (self.place.clone(), Arc::clone(&self.intruders));
        self.proxy.stranger_at(call, move || {
            intruders.lock().unwrap_or_else(PoisonError::into_inner).extend(place.write());
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
        self.place.versions().into_iter().map(|version| KeyId(version.to_string())).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        let path = format!("{}?version={id}", self.at("data"));
        self.admin().call("GET", &path, None).is_ok_and(|answer| answer.status == 200)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        self.place.write()
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        self.admin().put(&self.at("destroy"), &json!({"versions": [id.0]})).expect("a version that exists");
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn disable(&self, id: &KeyId) {
        self.admin().post(&self.at("delete"), &json!({"versions": [id.0]})).expect("a version that exists");
    }

    fn strip_marks(&self) {
        self.place.strip();
    }

    fn marks(&self) -> usize {
        let metadata = self.place.metadata();
        let notes = metadata["custom_metadata"].as_object().into_iter().flatten();
        notes.filter(|(name, _)| name.starts_with("keyrotation-") && name.ends_with(".1")).count()
    }
}

impl Stage for VaultKv {
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
