use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use anyhow::{Result, anyhow};
use cloud::{Cloud, Deliverable, RotatingResource};
use jiff::SignedDuration;
use localcloud::confluent::{Activation, Activations, ApiKey, Confluent, Credentials, Kind, Resource, Settings};
use localcloud::locked;
use rotation::testing::ManualClock;
use rotation::{KeyId, KeyIssuer, Known};
use serde_json::{Value, json};
use system_confluent::{Confluent as System, ConfluentApiKey, ConfluentConfig};

use crate::rig::{Feature, Place, PlaceRig, WayTo, pair};
use crate::stand_in::{Refusals, StandIn};
use crate::{MARK, marked_by};

/// The stand-in of Confluent Cloud with one service account and one thing for its keys to open, on a clock that only moves by
/// hand, and the plugin's own code as its client.
pub type LocalConfluent = PlaceRig<ServiceAccount>;

/// The service account, for the one thing that its keys open.
#[derive(Clone)]
pub struct ServiceAccount {
    confluent: Confluent,
    owner: String,
    resource: Resource,
    /// What the plugin is configured with; the administrator's key at first.
    configured: Arc<Mutex<Credentials>>,
}

impl PlaceRig<ServiceAccount> {
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
        let refusals = Refusals { before: (400, "bad_request"), after: (500, "internal_error") };
        let stand_in = StandIn::start(clock, refusals, |_| ())?;
        let confluent = stand_in.cloud.confluent().clone();
        confluent.change_settings(|settings| *settings = Settings { activation: soon(), ..Settings::default() });
        let owner = confluent.create_service_account("ci").map_err(|refusal| anyhow!("{refusal}"))?;
        let resource = confluent.create_cluster(kind);
        let configured = Arc::new(Mutex::new(confluent.admin_credentials()));
        Ok(Self::on(stand_in, ServiceAccount { confluent, owner, resource, configured }))
    }

    /// What a stand-in with keys of this kind can do.
    pub fn features(kind: Kind) -> &'static [Feature] {
        match kind {
            Kind::Kafka => &[
                Feature::Strangers,
                Feature::Faults,
                Feature::Network,
                Feature::Tries,
                Feature::Delays,
                Feature::Flickers,
                Feature::Stores,
                Feature::AllStores,
            ],
            Kind::Ksqldb => {
                &[Feature::Strangers, Feature::Faults, Feature::Network, Feature::Stores, Feature::AllStores]
            }
            _ => &[
                Feature::Strangers,
                Feature::Faults,
                Feature::Network,
                Feature::Tries,
                Feature::Delays,
                Feature::Stores,
                Feature::AllStores,
            ],
        }
    }

    /// The organisation itself.
    pub fn confluent(&self) -> &Confluent {
        &self.place.confluent
    }

    /// The service account whose keys are rotated.
    pub fn owner(&self) -> &str {
        &self.place.owner
    }

    /// What they open.
    pub fn resource(&self) -> &Resource {
        &self.place.resource
    }

    /// Configures the plugin with another key from now on.
    pub fn configure(&self, key: Credentials) {
        *locked(&self.place.configured) = key;
    }

    /// The provider configuration that reaches it.
    pub fn config(&self) -> Value {
        self.place.config(&self.way)
    }

    /// The inputs that name the keys.
    pub fn args(&self) -> Value {
        self.place.args()
    }

    /// Keys, as a newly started process with this configuration reaches them.
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        reached(&self.way, config, args)
    }

    /// The keys of the service account for the resource, as the stand-in knows them.
    pub fn known(&self) -> Vec<ApiKey> {
        self.place.known()
    }
}

impl ServiceAccount {
    fn config(&self, stand_in: &StandIn) -> Value {
        let Credentials { api_key, api_secret } = locked(&self.configured).clone();
        json!({ "cloudApiKey": api_key, "cloudApiSecret": api_secret, "endpoint": stand_in.cloud.endpoint() })
    }

    fn args(&self) -> Value {
        let mut resource = json!({ "id": self.resource.id });
        if let Some(environment) = &self.resource.environment {
            resource["environment"] = json!({ "id": environment });
        }
        json!({ "owner": { "id": self.owner }, "managedResource": resource })
    }

    fn known(&self) -> Vec<ApiKey> {
        self.confluent.keys(&self.owner, &self.resource.id)
    }
}

impl WayTo<ServiceAccount> for StandIn {
    fn issuer(&self, account: &ServiceAccount, _: Known<'_>) -> Box<dyn KeyIssuer> {
        reached(self, account.config(self), account.args())
    }

    fn nobody(&self, account: &ServiceAccount) -> Box<dyn KeyIssuer> {
        let mut args = account.args();
        args["owner"] = json!({ "id": "sa-nobody" });
        reached(self, account.config(self), args)
    }

    fn refused(&self, account: &ServiceAccount) -> Box<dyn KeyIssuer> {
        let mut config = account.config(self);
        config["cloudApiKey"] = "7FJIYKQ4SGQDQ72H".into();
        reached(self, config, account.args())
    }

    fn unreachable(&self, account: &ServiceAccount, nowhere: &str) -> Box<dyn KeyIssuer> {
        let mut config = account.config(self);
        config["endpoint"] = nowhere.into();
        reached(self, config, account.args())
    }
}

impl Place for ServiceAccount {
    type Way = StandIn;

    fn keys(&self) -> Vec<KeyId> {
        self.known().into_iter().map(|key| KeyId(key.id)).collect()
    }

    fn mint(&self) -> Option<KeyId> {
        self.confluent.mint_key(&self.owner, &self.resource).ok().map(|key| KeyId(key.api_key))
    }

    fn delete(&self, id: &KeyId) {
        drop(self.confluent.delete_key(&id.0));
    }

    fn strip(&self) {
        for key in self.known() {
            let text = key.description.split_once(MARK).map_or(&*key.description, |(text, _)| text.trim_end());
            drop(self.confluent.describe_key(&key.id, &key.display_name, text));
        }
    }

    fn deliverable(&self) -> Deliverable {
        pair("apiKey", "apiSecret")
    }

    fn marks(&self) -> usize {
        self.known().iter().filter_map(|key| marked_by(&key.description)).collect::<BTreeSet<_>>().len()
    }
}

#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
fn reached(stand_in: &StandIn, config: Value, args: Value) -> Box<dyn KeyIssuer> {
    let system = System::new(Arc::new(stand_in.clock.clone()));
    let config: ConfluentConfig = serde_json::from_value(config).expect("a configuration");
    system.configure(config);
    ConfluentApiKey(Arc::new(system)).issuer(&serde_json::from_value(args).expect("arguments"), Known::default())
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
