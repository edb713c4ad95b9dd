use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::Result;
use cloud::{Cloud, RotatingResource};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use localcloud::oci::{Consistency, Kind};
use localcloud::{LocalCloud, Oci};
use outbound::{Client, Settings};
use rotation::testing::{Fault, ManualClock, Rig, Stage};
use rotation::{Clock, KeyId, KeyIssuer};
use serde_json::{Value, json};
use system_oci::{OciApiKey, OciAuthToken, OciCustomerSecretKey, Parts};

use super::pool::Pool;
use crate::aws::START;
use crate::aws::nowhere;
use crate::bench::{Bench, Power};
use crate::stand::{Stand, Words, locked};

/// Which of OCI's resources is on the bench.
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
    pub fn powers(self) -> &'static [Power] {
        match self {
            Self::ApiKey => &[
                Power::Strangers,
                Power::Faults,
                Power::Delays,
                Power::Flickers,
                Power::Network,
                Power::Quota,
                Power::Claims,
                Power::Tries,
                Power::Foresees,
            ],
            _ => &[
                Power::Strangers,
                Power::Faults,
                Power::Delays,
                Power::Network,
                Power::Quota,
                Power::MarksOnKeys,
                Power::Tries,
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
pub struct LocalOci {
    stand: Stand,
    resource: OciResource,
    user: String,
    pairs: Arc<Pool>,
    client: Client,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

impl LocalOci {
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
        let words = Words { before: (409, "IncorrectState"), after: (500, "InternalServerError") };
        let stand = Stand::start(clock, words, |options| options.oci.consistency = lags)?;
        let user = stand.cloud.oci().create_user(Self::USER)?;
        let client = client(Arc::new(stand.clock.clone()))?;
        Ok(Self { stand, resource, user, pairs: Arc::default(), client, intruders: Arc::default() })
    }

    /// From now on the cloud's clock is ahead of the plugin's by so much.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.stand.set_ahead(ahead);
    }

    /// The stand-in itself.
    pub fn cloud(&self) -> &LocalCloud {
        &self.stand.cloud
    }

    /// The user's OCID.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The provider configuration that reaches it as its administrator, from another region than the home region.
    pub fn config(&self) -> Value {
        let admin = self.oci().config();
        json!({
            "tenancyOcid": admin.tenancy,
            "userOcid": admin.user,
            "fingerprint": admin.fingerprint,
            "privateKey": admin.key_content,
            "region": "us-phoenix-1",
            "endpoints": {"identity": format!("{}/oci/{{region}}", self.stand.cloud.endpoint())},
        })
    }

    /// The inputs for a user.
    pub fn args(&self, user: &str) -> Value {
        match self.resource {
            OciResource::ApiKey => json!({"userId": user}),
            _ => json!({"userId": user, "name": "ci", "description": "what it is for"}),
        }
    }

    /// The credentials of a user, as a newly started process with this configuration reaches them.
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        self.issue(Arc::new(self.stand.clock.clone()), Some(self.client.clone()), config, args)
    }

    /// The same, with a clock of its own.
    pub fn issuer_at(&self, clock: Arc<dyn Clock>, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        self.issue(clock, None, config, args)
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn issue(&self, clock: Arc<dyn Clock>, client: Option<Client>, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        let oci = system_oci::Oci::with_parts(clock, Parts { pairs: self.pairs.clone(), client });
        oci.configure(serde_json::from_value(config).expect("a configuration"));
        let oci = Arc::new(oci);
        match self.resource {
            OciResource::ApiKey => OciApiKey(oci).issuer(serde_json::from_value(args).expect("arguments")),
            OciResource::AuthToken => OciAuthToken(oci).issuer(serde_json::from_value(args).expect("arguments")),
            OciResource::CustomerSecretKey => {
                OciCustomerSecretKey(oci).issuer(serde_json::from_value(args).expect("arguments"))
            }
        }
    }

    fn oci(&self) -> &Oci {
        self.stand.cloud.oci()
    }
}

impl Bench for LocalOci {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), self.args("ocid1.user.oc1..aaaaaaaanobody"))
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        let mut config = self.config();
        config["userOcid"] = "ocid1.user.oc1..aaaaaaaanobody".into();
        Some(self.issuer_with(config, self.args(&self.user)))
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        let mut config = self.config();
        config["endpoints"] = json!({"identity": nowhere()?});
        Some(self.issuer_with(config, self.args(&self.user)))
    }
}

impl Rig for LocalOci {
    fn clock(&self) -> &ManualClock {
        &self.stand.clock
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), self.args(&self.user))
    }

    fn calls(&self) -> Vec<String> {
        self.stand.calls()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.stand.inject(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        let (oci, kind, intruders) = (self.oci().clone(), self.resource.kind(), Arc::clone(&self.intruders));
        // At quota the stranger is refused, and has done nothing.
        let mint = localcloud::Fault::stranger(move || locked(&intruders).extend(mint(&oci, kind)));
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
        match self.resource.kind() {
            None => self.oci().keys(Self::USER).into_iter().map(|key| KeyId(key.fingerprint)).collect(),
            Some(kind) => self.oci().secrets(Self::USER, kind).into_iter().map(|secret| KeyId(secret.id)).collect(),
        }
    }

    fn works(&self, id: &KeyId) -> bool {
        self.keys().contains(id)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        mint(self.oci(), self.resource.kind())
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        let deleted = match self.resource.kind() {
            None => self.oci().delete_key(Self::USER, &id.0),
            Some(_) => self.oci().delete_secret(&id.0),
        };
        deleted.expect("a key that exists");
    }

    /// OCI has no such thing, and no trial that needs it is run here.
    fn disable(&self, id: &KeyId) {
        unreachable!("OCI cannot disable {id}")
    }

    fn strip_marks(&self) {
        strip(self.oci(), self.resource.kind());
    }

    fn marks(&self) -> usize {
        match self.resource.kind() {
            None => crate::aws::marks(self.oci().tags(Self::USER).keys()),
            Some(kind) => {
                let secrets = self.oci().secrets(Self::USER, kind);
                let owner = |name: &str| {
                    name.split_once("[keyrotation ").map(|(_, mark)| mark.split(' ').nth(1).map(str::to_owned))
                };
                let owners: std::collections::BTreeSet<_> =
                    secrets.iter().filter_map(|secret| owner(&secret.name)).collect();
                owners.len()
            }
        }
    }
}

impl Stage for LocalOci {
    fn strip_at(&self, call: usize) {
        let (oci, kind) = (self.oci().clone(), self.resource.kind());
        self.stand.at(call, localcloud::Fault::stranger(move || strip(&oci, kind)));
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

/// One for the whole process: each would read the machine's certificates anew.
fn client(clock: Arc<dyn Clock>) -> Result<Client> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.at(clock));
    }
    let made = Client::new(&Settings::default(), Arc::clone(&clock))?;
    Ok(CLIENT.get_or_init(|| made).at(clock))
}

fn mint(oci: &Oci, kind: Option<Kind>) -> Option<KeyId> {
    let user = LocalOci::USER;
    match kind {
        None => oci.mint_key(user).ok().map(KeyId),
        Some(kind) => oci.mint_secret(user, kind, "somebody else's").ok().map(|issued| KeyId(issued.id)),
    }
}

fn strip(oci: &Oci, kind: Option<Kind>) {
    let user = LocalOci::USER;
    match kind {
        None => drop(oci.set_tags(user, &BTreeMap::new())),
        Some(kind) => oci.secrets(user, kind).iter().for_each(|secret| drop(oci.rename_secret(&secret.id, "renamed"))),
    }
}
