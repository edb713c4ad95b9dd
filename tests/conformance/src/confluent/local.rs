use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use anyhow::{Result, anyhow};
use cloud::{Cloud, RotatingResource};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use localcloud::LocalCloud;
use localcloud::confluent::{Activation, Activations, Confluent, Credentials, Kind, Resource, Settings};
use rotation::testing::{Fault, ManualClock, Rig, Stage};
use rotation::{KeyId, KeyIssuer};
use serde_json::{Value, json};
use system_confluent::{Confluent as System, ConfluentApiKey, ConfluentConfig};

use crate::bench::{Bench, Power};
use crate::stand::{Stand, Words, locked};

/// The stand-in of Confluent Cloud with one service account and one thing for its keys to open, on a clock that only moves by
/// hand, and the plugin's own code as its client.
pub struct LocalConfluent {
    stand: Stand,
    owner: String,
    resource: Resource,
    /// What the plugin is configured with; the administrator's key at first.
    configured: Mutex<Credentials>,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

impl LocalConfluent {
    /// A fresh one whose keys are of this kind, and soon active.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn new(kind: Kind) -> Result<Self> {
        Self::at(kind, ManualClock::new(crate::aws::START))
    }

    /// The same in the time of this clock.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn at(kind: Kind, clock: ManualClock) -> Result<Self> {
        let words = Words { before: (400, "bad_request"), after: (500, "internal_error") };
        let stand = Stand::start(clock, words, |_| ())?;
        let confluent = stand.cloud.confluent();
        confluent.change_settings(|settings| *settings = Settings { activation: soon(), ..Settings::default() });
        let owner = confluent.create_service_account("ci").map_err(|refusal| anyhow!("{refusal}"))?;
        let resource = confluent.create_cluster(kind);
        let configured = Mutex::new(confluent.admin_credentials());
        Ok(Self { stand, owner, resource, configured, intruders: Arc::default() })
    }

    /// What a stand-in with keys of this kind can do.
    pub fn powers(kind: Kind) -> &'static [Power] {
        match kind {
            Kind::Kafka => {
                &[Power::Strangers, Power::Faults, Power::Network, Power::Tries, Power::Delays, Power::Flickers]
            }
            Kind::Ksqldb => &[Power::Strangers, Power::Faults, Power::Network],
            _ => &[Power::Strangers, Power::Faults, Power::Network, Power::Tries, Power::Delays],
        }
    }

    /// The organisation itself.
    pub fn confluent(&self) -> &Confluent {
        self.stand.cloud.confluent()
    }

    /// From now on the cloud's clock is ahead of the plugin's by so much.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.stand.set_ahead(ahead);
    }

    /// The stand-in itself.
    pub fn cloud(&self) -> &LocalCloud {
        &self.stand.cloud
    }

    /// The service account whose keys are rotated.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What they open.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Configures the plugin with another key from now on.
    pub fn configure(&self, key: Credentials) {
        *locked(&self.configured) = key;
    }

    /// The provider configuration that reaches it.
    pub fn config(&self) -> Value {
        let Credentials { api_key, api_secret } = locked(&self.configured).clone();
        json!({ "cloudApiKey": api_key, "cloudApiSecret": api_secret, "endpoint": self.stand.cloud.endpoint() })
    }

    /// The inputs that name the keys.
    pub fn args(&self) -> Value {
        let mut resource = json!({ "id": self.resource.id });
        if let Some(environment) = &self.resource.environment {
            resource["environment"] = json!({ "id": environment });
        }
        json!({ "owner": { "id": self.owner }, "managedResource": resource })
    }

    /// Keys, as a newly started process with this configuration reaches them.
    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        let system = System::new(Arc::new(self.stand.clock.clone()));
        let config: ConfluentConfig = serde_json::from_value(config).expect("a configuration");
        system.configure(config);
        ConfluentApiKey(Arc::new(system)).issuer(serde_json::from_value(args).expect("arguments"))
    }

    /// The keys of the service account for the resource, as the stand-in knows them.
    pub fn known(&self) -> Vec<localcloud::confluent::ApiKey> {
        self.confluent().keys(&self.owner, &self.resource.id)
    }
}

impl Bench for LocalConfluent {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        let mut args = self.args();
        args["owner"] = json!({ "id": "sa-nobody" });
        self.issuer_with(self.config(), args)
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        let mut config = self.config();
        config["cloudApiKey"] = "7FJIYKQ4SGQDQ72H".into();
        Some(self.issuer_with(config, self.args()))
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        let mut config = self.config();
        config["endpoint"] = crate::aws::nowhere()?.into();
        Some(self.issuer_with(config, self.args()))
    }
}

impl Rig for LocalConfluent {
    fn clock(&self) -> &ManualClock {
        &self.stand.clock
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), self.args())
    }

    fn calls(&self) -> Vec<String> {
        self.stand.calls()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.stand.inject(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        let (confluent, owner, resource) = (self.confluent().clone(), self.owner.clone(), self.resource.clone());
        let intruders = Arc::clone(&self.intruders);
        let mint = localcloud::Fault::stranger(move || {
            let made = confluent.mint_key(&owner, &resource).ok().map(|key| KeyId(key.api_key));
            locked(&intruders).extend(made);
        });
        self.stand.at(call, mint);
    }

    fn calm(&self) {
        self.stand.cloud.faults().clear();
    }

    fn unfired(&self) -> usize {
        self.stand.cloud.faults().unfired()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        self.stand.death().boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.known().into_iter().map(|key| KeyId(key.id)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.keys().contains(id)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        self.confluent().mint_key(&self.owner, &self.resource).ok().map(|key| KeyId(key.api_key))
    }

    fn delete(&self, id: &KeyId) {
        drop(self.confluent().delete_key(&id.0));
    }

    /// Confluent has no disabling.
    fn disable(&self, _: &KeyId) {}

    fn strip_marks(&self) {
        strip(self.confluent(), &self.owner, &self.resource.id);
    }

    fn marks(&self) -> usize {
        let owners = self.known().into_iter().filter_map(|key| marked_by(&key.description).map(str::to_owned));
        owners.collect::<BTreeSet<_>>().len()
    }
}

impl Stage for LocalConfluent {
    fn strip_at(&self, call: usize) {
        let (confluent, owner, resource) = (self.confluent().clone(), self.owner.clone(), self.resource.id.clone());
        let strip = localcloud::Fault::stranger(move || strip(&confluent, &owner, &resource));
        self.stand.at(call, strip);
    }

    fn intruders(&self) -> Vec<KeyId> {
        locked(&self.intruders).clone()
    }

    fn hold_at(&self, call: usize) {
        self.stand.hold_at(call);
    }

    fn until_held(&self, call: usize) -> BoxFuture<'_, ()> {
        self.stand.until_held(call).boxed()
    }

    fn release(&self, call: usize) {
        self.stand.release(call);
    }
}

/// Soon enough that a life takes few calls, and late enough that each try matters.
fn soon() -> Activations {
    let after = |seconds| Activation { delay: SignedDuration::from_secs(seconds), ..Activation::default() };
    Activations {
        kafka: Activation { unsteady: SignedDuration::from_secs(60), unsteady_refusals: 1, ..after(2) },
        cloud: after(2),
        global: after(2),
        schema_registry: after(2),
        flink: after(2),
        tableflow: after(2),
        ksqldb: after(150),
    }
}

const MARK: &str = "[keyrotation ";

/// The hash of the resource that marked a key.
pub(crate) fn marked_by(description: &str) -> Option<&str> {
    description.split_once(MARK)?.1.split(' ').nth(1)
}

fn strip(confluent: &Confluent, owner: &str, resource: &str) {
    for key in confluent.keys(owner, resource) {
        let text = key.description.split_once(MARK).map_or(&*key.description, |(text, _)| text.trim_end());
        drop(confluent.describe_key(&key.id, &key.display_name, text));
    }
}
