use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use localcloud::{LocalCloud, Options, Rule};
use pulumi_provider::SecretString;
use rotation::testing::{Fault, ManualClock, Rig, Stage};
use rotation::{Clock, KeyId, KeyIssuer, System};
use system_aws::{Args, AwsApiKey, AwsConfig, Endpoints};

const USER: &str = "ci";

/// The AWS system with AWS's own client, against the stand-in, in the stand-in's time.
pub struct AwsRig {
    clock: ManualClock,
    cloud: LocalCloud,
    /// Requests that a process died over: its connections may linger a little.
    mourned: Mutex<BTreeSet<u64>>,
    intruders: Arc<Mutex<Vec<KeyId>>>,
}

impl AwsRig {
    /// One user without keys, in an account that lags as AWS does.
    ///
    /// # Errors
    /// The stand-in does not start.
    pub fn start(clock: ManualClock) -> std::io::Result<Self> {
        let mut options = Options::new(Arc::new(Shared(clock.clone())) as Arc<dyn localcloud::Clock>);
        options.hang_advances = SignedDuration::from_secs(31);
        let cloud = LocalCloud::start(options)?;
        cloud.aws().create_user(USER).map_err(|refusal| std::io::Error::other(format!("{refusal:?}")))?;
        Ok(Self { clock, cloud, mourned: Mutex::default(), intruders: Arc::default() })
    }

    /// Whether a request is held that nobody died over yet.
    fn mourns(&self) -> bool {
        let mut mourned = locked(&self.mourned);
        self.cloud.faults().held().into_iter().any(|request| mourned.insert(request.seq))
    }

    fn fault(fault: Fault) -> localcloud::Fault {
        match fault {
            Fault::Before => localcloud::Fault::error_before(409, "EntityTemporarilyUnmodifiable"),
            Fault::After => localcloud::Fault::error_after(500, "ServiceFailure"),
            Fault::Throttled => localcloud::Fault::Throttle,
            Fault::Hang => localcloud::Fault::Hang,
            Fault::HangAfter => localcloud::Fault::HangAfter,
            Fault::Cut => localcloud::Fault::CutBody,
            Fault::DieBefore => localcloud::Fault::HoldBefore,
            Fault::DieAfter => localcloud::Fault::HoldAfter,
        }
    }
}

impl Rig for AwsRig {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn issuer(&self) -> Box<dyn KeyIssuer> {
        let system = AwsApiKey::new(Arc::new(self.clock.clone()));
        let admin = self.cloud.aws().admin_credentials();
        let endpoint = Some(self.cloud.endpoint().to_owned());
        system.configure(AwsConfig {
            region: Some("us-east-1".to_owned()),
            access_key: Some(SecretString::new(admin.access_key_id)),
            secret_key: Some(SecretString::new(admin.secret_access_key)),
            endpoints: Some(Endpoints { iam: endpoint.clone(), sts: endpoint }),
            ..AwsConfig::default()
        });
        system.issuer(Args { user: USER.to_owned(), ses_region: None })
    }

    fn calls(&self) -> Vec<String> {
        self.cloud.journal().into_iter().map(|entry| entry.action).collect()
    }

    fn inject(&self, call: usize, fault: Fault) {
        self.cloud.faults().add(Rule::new(Self::fault(fault)).at_call(call as u64 + 1));
    }

    fn stranger_at(&self, call: usize) {
        let aws = self.cloud.aws().clone();
        let intruders = Arc::clone(&self.intruders);
        let mint = localcloud::Fault::stranger(move || {
            let made = aws.mint_key(USER).ok().map(|key| KeyId(key.access_key_id));
            locked(&intruders).extend(made);
        });
        self.cloud.faults().add(Rule::new(mint).at_call(call as u64 + 1));
    }

    fn calm(&self) {
        self.cloud.faults().clear();
    }

    fn unfired(&self) -> usize {
        self.cloud.faults().unfired()
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        async {
            loop {
                self.cloud.faults().until_held().await;
                if self.mourns() {
                    return;
                }
                pause().await;
            }
        }
        .boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.cloud.aws().keys(USER).into_iter().map(|key| KeyId(key.id)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.cloud.aws().works(&id.0)
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        self.cloud.aws().mint_key(USER).ok().map(|key| KeyId(key.access_key_id))
    }

    fn delete(&self, id: &KeyId) {
        drop(self.cloud.aws().delete_key(&id.0));
    }

    fn disable(&self, id: &KeyId) {
        drop(self.cloud.aws().set_key_active(&id.0, false));
    }

    fn strip_marks(&self) {
        drop(self.cloud.aws().set_tags(USER, &Default::default()));
    }

    fn marks(&self) -> usize {
        self.cloud.aws().tags(USER).len().div_ceil(2)
    }
}

impl Stage for AwsRig {
    fn strip_at(&self, call: usize) {
        let aws = self.cloud.aws().clone();
        let strip = localcloud::Fault::stranger(move || drop(aws.set_tags(USER, &Default::default())));
        self.cloud.faults().add(Rule::new(strip).at_call(call as u64 + 1));
    }

    fn intruders(&self) -> Vec<KeyId> {
        locked(&self.intruders).clone()
    }

    fn hold_at(&self, call: usize) {
        locked(&self.mourned).insert(call as u64 + 1);
        self.cloud.faults().add(Rule::new(localcloud::Fault::HoldBefore).at_call(call as u64 + 1));
    }

    fn until_held(&self, call: usize) -> BoxFuture<'_, ()> {
        async move {
            loop {
                self.cloud.faults().until_held().await;
                if self.cloud.faults().held().iter().any(|held| held.seq == call as u64 + 1) {
                    return;
                }
                pause().await;
            }
        }
        .boxed()
    }

    fn release(&self, call: usize) {
        if !self.cloud.faults().release(call as u64 + 1) {
            // It never came, and no later call is to be held in its stead.
            self.cloud.faults().clear();
        }
    }
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "a connection's end is not an event of the manual clock")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// The rotation model's clock as the stand-in's.
struct Shared(ManualClock);

impl localcloud::Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn advance(&self, by: SignedDuration) {
        self.0.advance(by);
    }
}
