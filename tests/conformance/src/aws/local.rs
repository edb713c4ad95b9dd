use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use cloud::{Cloud, Deliverable, RotatingResource};
use localcloud::aws::Aws;
use localcloud::{Consistency, Options};
use rotation::testing::ManualClock;
use rotation::{KeyId, KeyIssuer, Known};
use serde_json::{Value, json};
use system_aws::{Aws as System, AwsApiKey, AwsConfig};

use super::START;
use crate::rig::{Feature, Place, PlaceRig, WayTo, pair};
use crate::stand_in::{Refusals, StandIn};

/// The stand-in of AWS with one user, on a clock that only moves by hand, and the plugin's own code as its client.
pub type LocalAws = PlaceRig<AwsUser>;

/// The one user.
#[derive(Clone)]
pub struct AwsUser(Aws);

impl PlaceRig<AwsUser> {
    /// The user whose keys are rotated.
    pub const USER: &str = "ci";
    /// What it can do.
    pub const FEATURES: &[Feature] = &[
        Feature::Strangers,
        Feature::Faults,
        Feature::Delays,
        Feature::Flickers,
        Feature::Network,
        Feature::Quota,
        Feature::Disables,
        Feature::TellsUse,
        Feature::Claims,
        Feature::Tries,
        Feature::Stores,
        Feature::AllStores,
    ];

    /// A fresh one that lags moderately.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn new() -> Result<Self> {
        Self::with(Consistency::default())
    }

    /// A fresh one that lags as told.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn with(consistency: Consistency) -> Result<Self> {
        Self::start(ManualClock::new(START), (400, "InvalidInput"), consistency)
    }

    /// The same at this time, refusing what a test lets it refuse in a way that may pass.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn at(clock: ManualClock) -> Result<Self> {
        Self::start(clock, (409, "EntityTemporarilyUnmodifiable"), Consistency::default())
    }

    /// Another account, at the same time.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn of_account(clock: ManualClock, id: &str) -> Result<Self> {
        Self::prepared(clock, (400, "InvalidInput"), |options| options.aws.account = id.to_owned())
    }

    fn start(clock: ManualClock, before: (u16, &'static str), consistency: Consistency) -> Result<Self> {
        Self::prepared(clock, before, |options| options.aws.consistency = consistency)
    }

    fn prepared(clock: ManualClock, before: (u16, &'static str), set: impl FnOnce(&mut Options)) -> Result<Self> {
        let refusals = Refusals { before, after: (500, "ServiceFailure") };
        let stand_in = StandIn::start(clock, refusals, set)?;
        let aws = stand_in.cloud.aws().clone();
        aws.create_user(Self::USER)?;
        Ok(Self::on(stand_in, AwsUser(aws)))
    }

    /// The provider configuration that reaches it as its administrator.
    pub fn config(&self) -> Value {
        config(&self.way)
    }

    /// The keys of a user, as a newly started process with this configuration reaches them.
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        issuer(Arc::new(self.way.clock.clone()), config, &args, Known::default())
    }
}

impl WayTo<AwsUser> for StandIn {
    fn issuer(&self, _: &AwsUser, known: Known<'_>) -> Box<dyn KeyIssuer> {
        issuer(Arc::new(self.clock.clone()), config(self), &json!({"user": LocalAws::USER}), known)
    }

    fn nobody(&self, _: &AwsUser) -> Box<dyn KeyIssuer> {
        reached(self, config(self), "nobody")
    }

    fn refused(&self, _: &AwsUser) -> Box<dyn KeyIssuer> {
        reached(self, with_other_key(config(self)), LocalAws::USER)
    }

    fn unreachable(&self, _: &AwsUser, nowhere: &str) -> Box<dyn KeyIssuer> {
        reached(self, at(config(self), nowhere), LocalAws::USER)
    }
}

impl Place for AwsUser {
    type Way = StandIn;

    fn keys(&self) -> Vec<KeyId> {
        self.0.keys(LocalAws::USER).into_iter().map(|key| KeyId(key.id)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.0.keys(LocalAws::USER).iter().any(|key| key.id == id.0 && key.active)
    }

    fn mint(&self) -> Option<KeyId> {
        self.0.mint_key(LocalAws::USER).ok().map(|key| KeyId(key.access_key_id))
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        self.0.delete_key(&id.0).expect("a key that exists");
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn disable(&self, id: &KeyId) {
        self.0.set_key_active(&id.0, false).expect("a key that exists");
    }

    fn strip(&self) {
        drop(self.0.set_tags(LocalAws::USER, &BTreeMap::new()));
    }

    fn deliverable(&self) -> Deliverable {
        pair("accessKeyId", "secretAccessKey")
    }

    fn marks(&self) -> usize {
        marks(self.0.tags(LocalAws::USER).keys())
    }
}

fn config(stand_in: &StandIn) -> Value {
    let admin = stand_in.cloud.aws().admin_credentials();
    let config =
        json!({"region": "eu-central-1", "accessKey": admin.access_key_id, "secretKey": admin.secret_access_key});
    at(config, stand_in.cloud.endpoint())
}

fn reached(stand_in: &StandIn, config: Value, user: &str) -> Box<dyn KeyIssuer> {
    issuer(Arc::new(stand_in.clock.clone()), config, &json!({"user": user}), Known::default())
}

/// The same configuration for another address.
pub(crate) fn at(mut config: Value, endpoint: &str) -> Value {
    config["endpoints"] = json!({"iam": endpoint, "sts": endpoint});
    config
}

/// The same configuration with credentials that nobody issued.
pub(crate) fn with_other_key(mut config: Value) -> Value {
    config["accessKey"] = "AKIAIOSFODNN7EXAMPLE".into();
    config
}

/// The keys of a user, with this clock and configuration.
#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
pub(crate) fn issuer(
    clock: Arc<dyn rotation::Clock>,
    config: Value,
    args: &Value,
    known: Known<'_>,
) -> Box<dyn KeyIssuer> {
    let system = System::new(clock);
    let config: AwsConfig = serde_json::from_value(config).expect("a configuration");
    system.configure(config);
    AwsApiKey(Arc::new(system)).issuer(&serde_json::from_value(args.clone()).expect("arguments"), known)
}

/// How many marks these tags are.
pub(crate) fn marks<'a>(tags: impl Iterator<Item = &'a String>) -> usize {
    tags.filter(|tag| tag.starts_with("keyrotation:") && !tag.ends_with(":claim")).count()
}
