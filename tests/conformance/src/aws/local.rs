use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use cloud::{Cloud, RotatingResource};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use localcloud::aws::Aws;
use localcloud::{Consistency, LocalCloud};
use rotation::testing::{Fault, ManualClock, Rig, Stage};
use rotation::{KeyId, KeyIssuer};
use serde_json::{Value, json};
use system_aws::{Aws as System, AwsApiKey, AwsConfig};

use super::START;
use crate::bench::{Bench, Power};
use crate::stand::{Stand, Words, locked};

/// The stand-in of AWS with one user, on a clock that only moves by hand, and the plugin's own code as its client.
pub struct LocalAws {
    stand: Stand,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

impl LocalAws {
    /// The user whose keys are rotated.
    pub const USER: &str = "ci";
    /// What it can do.
    pub const POWERS: &[Power] = &[
        Power::Strangers,
        Power::Faults,
        Power::Delays,
        Power::Flickers,
        Power::Network,
        Power::Quota,
        Power::Disables,
        Power::TellsUse,
        Power::Claims,
        Power::Tries,
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

    fn start(clock: ManualClock, before: (u16, &'static str), consistency: Consistency) -> Result<Self> {
        let words = Words { before, after: (500, "ServiceFailure") };
        let stand = Stand::start(clock, words, |options| options.aws.consistency = consistency)?;
        stand.cloud.aws().create_user(Self::USER)?;
        Ok(Self { stand, intruders: Arc::default() })
    }

    /// From now on the cloud's clock is ahead of the plugin's by so much.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.stand.set_ahead(ahead);
    }

    /// The stand-in itself.
    pub fn cloud(&self) -> &LocalCloud {
        &self.stand.cloud
    }

    fn aws(&self) -> &Aws {
        self.stand.cloud.aws()
    }

    /// The provider configuration that reaches it as its administrator.
    pub fn config(&self) -> Value {
        let admin = self.aws().admin_credentials();
        json!({
            "region": "eu-central-1",
            "accessKey": admin.access_key_id,
            "secretKey": admin.secret_access_key,
            "endpoints": {"iam": self.stand.cloud.endpoint(), "sts": self.stand.cloud.endpoint()},
        })
    }

    /// The keys of a user, as a newly started process with this configuration reaches them.
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        issuer(Arc::new(self.stand.clock.clone()), config, args)
    }
}

impl Bench for LocalAws {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), json!({"user": "nobody"}))
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        let mut config = self.config();
        config["accessKey"] = "AKIAIOSFODNN7EXAMPLE".into();
        Some(self.issuer_with(config, json!({"user": Self::USER})))
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        let nowhere = nowhere()?;
        let mut config = self.config();
        config["endpoints"] = json!({"iam": nowhere, "sts": nowhere});
        Some(self.issuer_with(config, json!({"user": Self::USER})))
    }
}

impl Rig for LocalAws {
    fn clock(&self) -> &ManualClock {
        &self.stand.clock
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), json!({"user": Self::USER}))
    }

    fn calls(&self) -> Vec<String> {
        self.stand.calls()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.stand.inject(call, fault);
    }

    fn stranger_at(&self, call: usize) {
        let (aws, intruders) = (self.aws().clone(), Arc::clone(&self.intruders));
        // At quota the stranger is refused, and has done nothing.
        let mint = localcloud::Fault::stranger(move || locked(&intruders).extend(mint(&aws)));
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
        self.aws().keys(Self::USER).into_iter().map(|key| KeyId(key.id)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.aws().keys(Self::USER).iter().any(|key| key.id == id.0 && key.active)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        mint(self.aws())
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        self.aws().delete_key(&id.0).expect("a key that exists");
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn disable(&self, id: &KeyId) {
        self.aws().set_key_active(&id.0, false).expect("a key that exists");
    }

    fn strip_marks(&self) {
        strip(self.aws());
    }

    fn marks(&self) -> usize {
        marks(self.aws().tags(Self::USER).keys())
    }
}

impl Stage for LocalAws {
    fn strip_at(&self, call: usize) {
        let aws = self.aws().clone();
        self.stand.at(call, localcloud::Fault::stranger(move || strip(&aws)));
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

fn mint(aws: &Aws) -> Option<KeyId> {
    aws.mint_key(LocalAws::USER).ok().map(|key| KeyId(key.access_key_id))
}

fn strip(aws: &Aws) {
    drop(aws.set_tags(LocalAws::USER, &BTreeMap::new()));
}

/// The keys of a user, with this clock and configuration.
#[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
pub(crate) fn issuer(clock: Arc<dyn rotation::Clock>, config: Value, args: Value) -> Box<dyn KeyIssuer> {
    let system = System::new(clock);
    let config: AwsConfig = serde_json::from_value(config).expect("a configuration");
    system.configure(config);
    AwsApiKey(Arc::new(system)).issuer(serde_json::from_value(args).expect("arguments"))
}

/// How many marks these tags are.
pub(crate) fn marks<'a>(tags: impl Iterator<Item = &'a String>) -> usize {
    tags.filter(|tag| tag.starts_with("keyrotation:") && !tag.ends_with(":claim")).count()
}

/// An address where nobody listens.
pub(crate) fn nowhere() -> Option<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
    Some(format!("http://{}", listener.local_addr().ok()?))
}
