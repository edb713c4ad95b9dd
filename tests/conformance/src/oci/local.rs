use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use cloud::{Cloud, Deliverable, RotatingResource};
use localcloud::Oci;
use localcloud::oci::{Consistency, Kind};
use outbound::{Client, Settings};
use rotation::testing::ManualClock;
use rotation::{Clock, KeyId, KeyIssuer, Known};
use serde_json::{Value, json};
use system_oci::{OciApiKey, OciAuthToken, OciCustomerSecretKey, Parts, Variables};

use super::pool::Pool;
use crate::aws::START;
use crate::marked_by;
use crate::rig::{Feature, Place, PlaceRig, WayTo, pair};
use crate::stand_in::{Refusals, StandIn};

/// Which of OCI's resources is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OciResource {
    /// `oci:RotatingApiKey`.
    ApiKey,
    /// `oci:RotatingAuthToken`.
    AuthToken,
    /// `oci:RotatingCustomerSecretKey`.
    CustomerSecretKey,
}

impl OciResource {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::ApiKey, Self::AuthToken, Self::CustomerSecretKey];

    /// As titles of trials show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "oci-api-key",
            Self::AuthToken => "oci-auth-token",
            Self::CustomerSecretKey => "oci-secret-key",
        }
    }

    /// What it can do.
    pub fn features(self) -> &'static [Feature] {
        match self {
            Self::ApiKey => &[
                Feature::Strangers,
                Feature::Faults,
                Feature::Delays,
                Feature::Flickers,
                Feature::Network,
                Feature::Quota,
                Feature::Claims,
                Feature::Tries,
                Feature::Foresees,
                Feature::Stores,
                Feature::AllStores,
            ],
            _ => &[
                Feature::Strangers,
                Feature::Faults,
                Feature::Delays,
                Feature::Network,
                Feature::Quota,
                Feature::MarksOnKeys,
                Feature::Tries,
                Feature::Stores,
                Feature::AllStores,
            ],
        }
    }

    /// Its kind at the stand-in; none for API keys.
    fn kind(self) -> Option<Kind> {
        match self {
            Self::ApiKey => None,
            Self::AuthToken => Some(Kind::AuthToken),
            Self::CustomerSecretKey => Some(Kind::CustomerSecretKey),
        }
    }
}

/// The stand-in of OCI with one user, on a clock that only moves by hand, and the plugin's own code as its client. The plugin is
/// configured for a region that is not the home region.
pub type LocalOci = PlaceRig<OciUser>;

/// The one user.
#[derive(Clone)]
pub struct OciUser {
    oci: Oci,
    resource: OciResource,
    ocid: String,
    pairs: Arc<Pool>,
    client: Client,
}

impl PlaceRig<OciUser> {
    /// The user whose credentials are rotated, as the stand-in calls it.
    pub const USER: &str = "ci";

    /// A fresh one that lags moderately.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn new(resource: OciResource) -> Result<Self> {
        Self::at(resource, ManualClock::new(START))
    }

    /// The same, at this time.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn at(resource: OciResource, clock: ManualClock) -> Result<Self> {
        Self::lagging(resource, clock, Consistency::default())
    }

    /// One that lags as is said.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn with(resource: OciResource, lags: Consistency) -> Result<Self> {
        Self::lagging(resource, ManualClock::new(START), lags)
    }

    fn lagging(resource: OciResource, clock: ManualClock, lags: Consistency) -> Result<Self> {
        let refusals = Refusals { before: (409, "IncorrectState"), after: (500, "InternalServerError") };
        let stand_in = StandIn::start(clock, refusals, |options| options.oci.consistency = lags)?;
        let oci = stand_in.cloud.oci().clone();
        let ocid = oci.create_user(Self::USER)?;
        let client = client(Arc::new(stand_in.clock.clone()))?;
        Ok(Self::on(stand_in, OciUser { oci, resource, ocid, pairs: Arc::default(), client }))
    }

    /// The user's OCID.
    pub fn user(&self) -> &str {
        &self.place.ocid
    }

    /// The provider configuration that reaches it as its administrator, from another region than the home region.
    pub fn config(&self) -> Value {
        own_config(&self.way)
    }

    /// The inputs for a user.
    pub fn args(&self, user: &str) -> Value {
        self.place.args(user)
    }

    /// The credentials of a user, as a newly started process with this configuration reaches them.
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        self.place.reached(&self.way, config, args)
    }

    /// The same, with a clock of its own.
    pub fn issuer_at(&self, clock: Arc<dyn Clock>, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        self.place.issue(clock, (None, None), config, args)
    }

    /// The same, in an environment with these variables alone.
    pub fn issuer_in(&self, variables: BTreeMap<String, String>, config: Value) -> Box<dyn KeyIssuer> {
        let clock = Arc::new(self.way.clock.clone());
        let variables: Variables = Arc::new(move |name| variables.get(name).cloned());
        let parts = (Some(self.place.client.clone()), Some(variables));
        self.place.issue(clock, parts, config, self.args(self.user()))
    }
}

impl OciUser {
    fn args(&self, user: &str) -> Value {
        match self.resource {
            OciResource::ApiKey => json!({"userId": user}),
            _ => json!({"userId": user, "name": "ci", "description": "what it is for"}),
        }
    }

    fn reached(&self, stand_in: &StandIn, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        self.issue(Arc::new(stand_in.clock.clone()), (Some(self.client.clone()), None), config, args)
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn issue(
        &self,
        clock: Arc<dyn Clock>,
        (client, variables): (Option<Client>, Option<Variables>),
        config: Value,
        args: Value,
    ) -> Box<dyn KeyIssuer> {
        let oci = system_oci::Oci::with_parts(clock, Parts { pairs: self.pairs.clone(), client, variables });
        oci.configure(serde_json::from_value(config).expect("a configuration"));
        let oci = Arc::new(oci);
        match self.resource {
            OciResource::ApiKey => {
                OciApiKey(oci).issuer(&serde_json::from_value(args).expect("arguments"), Known::default())
            }
            OciResource::AuthToken => {
                OciAuthToken::new(oci).issuer(&serde_json::from_value(args).expect("arguments"), Known::default())
            }
            OciResource::CustomerSecretKey => OciCustomerSecretKey::new(oci)
                .issuer(&serde_json::from_value(args).expect("arguments"), Known::default()),
        }
    }
}

const NOBODY: &str = "ocid1.user.oc1..aaaaaaaanobody";

impl WayTo<OciUser> for StandIn {
    fn issuer(&self, user: &OciUser, _: Known<'_>) -> Box<dyn KeyIssuer> {
        user.reached(self, own_config(self), user.args(&user.ocid))
    }

    fn nobody(&self, user: &OciUser) -> Box<dyn KeyIssuer> {
        user.reached(self, own_config(self), user.args(NOBODY))
    }

    fn refused(&self, user: &OciUser) -> Box<dyn KeyIssuer> {
        let mut config = own_config(self);
        config["userOcid"] = NOBODY.into();
        user.reached(self, config, user.args(&user.ocid))
    }

    fn unreachable(&self, user: &OciUser, nowhere: &str) -> Box<dyn KeyIssuer> {
        let mut config = own_config(self);
        config["endpoints"] = json!({"identity": nowhere});
        user.reached(self, config, user.args(&user.ocid))
    }
}

impl Place for OciUser {
    type Way = StandIn;

    fn keys(&self) -> Vec<KeyId> {
        match self.resource.kind() {
            None => self.oci.keys(LocalOci::USER).into_iter().map(|key| KeyId(key.fingerprint)).collect(),
            Some(kind) => self.oci.secrets(LocalOci::USER, kind).into_iter().map(|secret| KeyId(secret.id)).collect(),
        }
    }

    fn mint(&self) -> Option<KeyId> {
        match self.resource.kind() {
            None => self.oci.mint_key(LocalOci::USER).ok().map(KeyId),
            Some(kind) => {
                let issued = self.oci.mint_secret(LocalOci::USER, kind, "somebody else's");
                issued.ok().map(|issued| KeyId(issued.id))
            }
        }
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        let deleted = match self.resource.kind() {
            None => self.oci.delete_key(LocalOci::USER, &id.0),
            Some(_) => self.oci.delete_secret(&id.0),
        };
        deleted.expect("a key that exists");
    }

    fn strip(&self) {
        match self.resource.kind() {
            None => drop(self.oci.set_tags(LocalOci::USER, &BTreeMap::new())),
            Some(kind) => {
                let secrets = self.oci.secrets(LocalOci::USER, kind);
                secrets.iter().for_each(|secret| drop(self.oci.rename_secret(&secret.id, "renamed")));
            }
        }
    }

    fn deliverable(&self) -> Deliverable {
        match self.resource {
            OciResource::ApiKey => Deliverable {
                names: ["fingerprint", "keyId", "publicKeyPem", "privateKeyPem", "configProfile"]
                    .map(str::to_owned)
                    .into(),
                secrets: ["privateKeyPem", "configProfile"].map(str::to_owned).into(),
                ..Deliverable::default()
            },
            OciResource::AuthToken => pair("tokenId", "token"),
            OciResource::CustomerSecretKey => pair("accessKey", "secretKey"),
        }
    }

    fn marks(&self) -> usize {
        match self.resource.kind() {
            None => crate::aws::marks(self.oci.tags(LocalOci::USER).keys()),
            Some(kind) => {
                let secrets = self.oci.secrets(LocalOci::USER, kind);
                secrets.iter().filter_map(|secret| marked_by(&secret.name)).collect::<BTreeSet<_>>().len()
            }
        }
    }
}

fn own_config(stand_in: &StandIn) -> Value {
    admin_config(stand_in.cloud.oci(), stand_in.cloud.endpoint())
}

/// The provider configuration that reaches the tenancy of a stand-in at this address as its administrator.
pub fn admin_config(oci: &Oci, endpoint: &str) -> Value {
    let (admin, url) = (oci.config(), format!("{endpoint}/oci/{{region}}"));
    json!({
        "tenancyOcid": admin.tenancy,
        "userOcid": admin.user,
        "fingerprint": admin.fingerprint,
        "privateKey": admin.key_content,
        "region": "us-phoenix-1",
        "endpoints": { "identity": url },
    })
}

/// One for the whole process: each would read the machine's certificates anew.
pub(crate) fn client(clock: Arc<dyn Clock>) -> Result<Client> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.at(clock));
    }
    let made = Client::new(&Settings::default(), Arc::clone(&clock))?;
    Ok(CLIENT.get_or_init(|| made).at(clock))
}
