use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use localcloud::{Consistency, LocalCloud, Options, Rule};
use rotation::testing::{Fault, ManualClock, Rig};
use rotation::{KeyId, KeyIssuer, System};
use serde_json::{Value, json};
use system_aws::{AwsApiKey, AwsConfig};

use super::START;
use crate::bench::{Bench, Power};
use crate::stand::Shared;

/// The stand-in of AWS with one user, on a clock that only moves by hand, and the plugin's own code as its client.
pub struct LocalAws {
    cloud: LocalCloud,
    clock: ManualClock,
    buried: AtomicU64,
}

impl LocalAws {
    /// The user whose keys are rotated.
    pub const USER: &str = "ci";
    /// What it can do.
    pub const POWERS: &[Power] = &[
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
        let clock = ManualClock::new(START);
        let mut options = Options::new(Arc::new(Shared(clock.clone())) as Arc<dyn localcloud::Clock>);
        options.aws.consistency = consistency;
        options.hang_advances = SignedDuration::from_secs(31);
        let cloud = LocalCloud::start(options)?;
        cloud.aws().create_user(Self::USER)?;
        Ok(Self { cloud, clock, buried: AtomicU64::new(0) })
    }

    /// The stand-in itself.
    pub fn cloud(&self) -> &LocalCloud {
        &self.cloud
    }

    /// The provider configuration that reaches it as its administrator.
    pub fn config(&self) -> Value {
        let admin = self.cloud.aws().admin_credentials();
        json!({
            "region": "eu-central-1",
            "accessKey": admin.access_key_id,
            "secretKey": admin.secret_access_key,
            "endpoints": {"iam": self.cloud.endpoint(), "sts": self.cloud.endpoint()},
        })
    }

    /// The keys of a user, as a newly started process with this configuration reaches them.
    pub fn issuer_with(&self, config: Value, args: Value) -> Box<dyn KeyIssuer> {
        issuer(Arc::new(self.clock.clone()), config, args)
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
        &self.clock
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), json!({"user": Self::USER}))
    }

    fn calls(&self) -> Vec<String> {
        self.cloud.journal().into_iter().map(|entry| entry.action).collect()
    }

    fn inject(&self, call: usize, fault: Fault) {
        let rule = Rule::new(translated(fault)).at_call(call as u64 + 1);
        self.cloud.faults().add(rule);
    }

    fn stranger_at(&self, call: usize) {
        let aws = self.cloud.aws().clone();
        // At quota the stranger is refused, and has done nothing.
        let act = move || drop(aws.mint_key(Self::USER));
        self.cloud.faults().add(Rule::new(localcloud::Fault::stranger(act)).at_call(call as u64 + 1));
    }

    fn calm(&self) {
        self.cloud.faults().clear();
    }

    fn unfired(&self) -> usize {
        self.cloud.faults().unfired()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        async {
            let faults = self.cloud.faults();
            loop {
                let last = self.buried.load(Ordering::SeqCst);
                let held = faults.held();
                if let Some(fresh) = held.iter().map(|held| held.seq).filter(|seq| *seq > last).max() {
                    self.buried.store(fresh, Ordering::SeqCst);
                    return;
                }
                if held.is_empty() {
                    faults.until_held().await;
                } else {
                    // A request of a process that died goes once its connection is seen to be closed.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        .boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.cloud.aws().keys(Self::USER).into_iter().map(|key| KeyId(key.id)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.cloud.aws().keys(Self::USER).iter().any(|key| key.id == id.0 && key.active)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        self.cloud.aws().mint_key(Self::USER).ok().map(|key| KeyId(key.access_key_id))
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        self.cloud.aws().delete_key(&id.0).expect("a key that exists");
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn disable(&self, id: &KeyId) {
        self.cloud.aws().set_key_active(&id.0, false).expect("a key that exists");
    }

    #[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
    fn strip_marks(&self) {
        self.cloud.aws().set_tags(Self::USER, &BTreeMap::new()).expect("a user that exists");
    }

    fn marks(&self) -> usize {
        marks(self.cloud.aws().tags(Self::USER).keys())
    }
}

/// The keys of a user, with this clock and configuration.
#[expect(clippy::expect_used, reason = "a bench that breaks ends its test")]
pub(crate) fn issuer(clock: Arc<dyn rotation::Clock>, config: Value, args: Value) -> Box<dyn KeyIssuer> {
    let system = AwsApiKey::new(clock);
    let config: AwsConfig = serde_json::from_value(config).expect("a configuration");
    system.configure(config);
    system.issuer(serde_json::from_value(args).expect("arguments"))
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

fn translated(fault: Fault) -> localcloud::Fault {
    match fault {
        Fault::Before => localcloud::Fault::error_before(400, "InvalidInput"),
        Fault::After => localcloud::Fault::error_after(500, "ServiceFailure"),
        Fault::Throttled => localcloud::Fault::Throttle,
        Fault::Hang => localcloud::Fault::Hang,
        Fault::HangAfter => localcloud::Fault::HangAfter,
        Fault::Cut => localcloud::Fault::CutBody,
        Fault::DieBefore => localcloud::Fault::HoldBefore,
        Fault::DieAfter => localcloud::Fault::HoldAfter,
    }
}
