use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use jiff::{SignedDuration, Timestamp};
use localcloud::locked;
use rotation::testing::{Fault, ManualClock, Rig};
use rotation::{Clock, KeyId, KeyIssuer, Known};
use serde_json::{Value, json};

use super::local::{at, issuer, marks, with_other_key};
use super::moto_server::MotoServer;
use crate::rig::{Feature, ReachableRig, nowhere};
use crate::suite::{Deviation, run};

/// Where stock moto 5.2.5 is not like AWS, as far as the trials see it. In each row the stand-in `localcloud` follows AWS.
pub const MOTO_DEVIATIONS: &[Deviation] = &[
    Deviation {
        trial: "contract::keys::a_disabled_key_is_not_accepted",
        says: "a disabled key was accepted",
        reason: "moto goes on to accept a key whose status is Inactive. AWS refuses it with InvalidClientTokenId \
                 (IAM User Guide, \"Deactivate access keys\": API calls with it fail)",
    },
    Deviation {
        trial: "contract::keys::a_retired_key_is_not_accepted",
        says: "the answer has no AWS error code",
        reason: "moto refuses it, but wraps the error in <Errors>, which the query protocol does not have, so that no AWS SDK \
                 but boto3 finds the code. AWS answers <ErrorResponse><Error><Code>InvalidClientTokenId (STS API Reference, Common Errors)",
    },
    Deviation {
        trial: "contract::failures::refused_credentials_are_told_and_make_nothing",
        says: "the answer has no AWS error code",
        reason: "the same wrapper around InvalidClientTokenId",
    },
];

/// moto, started when it is first needed. Clones are the same one.
#[derive(Clone)]
pub struct Moto(Arc<Mutex<State>>);

enum State {
    Idle { python: Option<String> },
    Absent(String),
    Failed(String),
    Running(Arc<Account>),
}

struct Account {
    server: MotoServer,
    id: String,
    secret: String,
    users: AtomicUsize,
}

impl Moto {
    /// What it can do. It fails and lags on nobody's demand.
    pub const FEATURES: &[Feature] = &[
        Feature::Strangers,
        Feature::Network,
        Feature::Quota,
        Feature::Disables,
        Feature::TellsUse,
        Feature::Claims,
        Feature::Tries,
    ];

    /// The one in this Python's packages.
    pub fn new(python: Option<String>) -> Self {
        Self(Arc::new(Mutex::new(State::Idle { python })))
    }

    /// A user of its own in the one moto; a text says why there is none.
    ///
    /// # Errors
    /// When it is there and does not start.
    pub fn rig(&self) -> Result<Result<MotoRig, String>> {
        let mut state = locked(&self.0);
        if let State::Idle { python } = &*state {
            *state = begin(python.as_deref());
        }
        match &*state {
            State::Running(account) => MotoRig::new(Arc::clone(account)).map(Ok),
            State::Failed(why) => Err(anyhow!("{why}")),
            State::Absent(why) => Ok(Err(why.clone())),
            State::Idle { .. } => Err(anyhow!("moto was not started")),
        }
    }

    /// Ends it, once no rig is left.
    pub fn end(&self) {
        *locked(&self.0) = State::Absent("the suite is over".to_owned());
    }
}

fn begin(python: Option<&str>) -> State {
    let Some(python) = python else {
        return State::Absent("KEYROTATION_PYTHON is not set".to_owned());
    };
    if !MotoServer::is_there(python) {
        return State::Absent("the Python in KEYROTATION_PYTHON has no moto".to_owned());
    }
    match MotoServer::start(python).and_then(|server| run(found(server))) {
        Ok(account) => State::Running(Arc::new(account)),
        Err(error) => State::Failed(format!("{error:#}")),
    }
}

/// An administrator, made while moto checks nobody.
async fn found(server: MotoServer) -> Result<Account> {
    const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let anybody = client(&server.endpoint(), "anybody", "anything");
    anybody.create_user().user_name("admin").send().await?;
    anybody.put_user_policy().user_name("admin").policy_name("all").policy_document(EVERYTHING).send().await?;
    let key = anybody.create_access_key().user_name("admin").send().await?.access_key.context("no key")?;
    server.check_credentials()?;
    Ok(Account { server, id: key.access_key_id, secret: key.secret_access_key, users: AtomicUsize::new(0) })
}

fn client(endpoint: &str, id: &str, secret: &str) -> Client {
    let credentials = aws_credential_types::Credentials::new(id, secret, None, None, "conformance");
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(credentials);
    Client::from_conf(config.build())
}

/// A user of moto's, on a clock that starts at real time and then only moves by hand; moto itself lives in real time.
pub struct MotoRig {
    account: Arc<Account>,
    user: String,
    clock: ManualClock,
}

impl MotoRig {
    fn new(account: Arc<Account>) -> Result<Self> {
        let number = account.users.fetch_add(1, Ordering::SeqCst);
        let rig = Self { user: format!("user{number}"), clock: ManualClock::new(Timestamp::now()), account };
        rig.ask(async |iam, user| iam.create_user().user_name(user).send().await.map(drop))?;
        Ok(rig)
    }

    fn config(&self) -> Value {
        let Account { server, id, secret, .. } = &*self.account;
        at(json!({"accessKey": id, "secretKey": secret}), &server.endpoint())
    }

    fn issuer_with(&self, config: Value, user: &str, known: Known<'_>) -> Box<dyn KeyIssuer> {
        issuer(Arc::new(RealLimits(self.clock.clone())), config, &json!({"user": user}), known)
    }

    /// Asks moto as its administrator, from a thread of its own, because a trial has a runtime already.
    fn ask<T, E>(&self, question: impl AsyncFnOnce(Client, &str) -> Result<T, E> + Send) -> Result<T>
    where
        T: Send,
        E: Into<anyhow::Error>,
    {
        let Account { server, id, secret, .. } = &*self.account;
        let ask =
            || run(async { question(client(&server.endpoint(), id, secret), &self.user).await.map_err(Into::into) });
        let answer = std::thread::scope(|scope| scope.spawn(ask).join());
        answer.unwrap_or_else(|_| Err(anyhow!("the question panicked")))
    }
}

impl ReachableRig for MotoRig {
    fn nobody(&self) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), "nobody", Known::default())
    }

    fn refused(&self) -> Option<Box<dyn KeyIssuer>> {
        Some(self.issuer_with(with_other_key(self.config()), &self.user, Known::default()))
    }

    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>> {
        Some(self.issuer_with(at(self.config(), &nowhere()?), &self.user, Known::default()))
    }
}

impl MotoRig {
    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn truth(&self) -> Vec<(KeyId, bool)> {
        let keys = self.ask(async |iam, user| iam.list_access_keys().user_name(user).send().await);
        let keys = keys.expect("moto lists keys").access_key_metadata;
        let known = |key: aws_sdk_iam::types::AccessKeyMetadata| {
            Some((KeyId(key.access_key_id?), key.status == Some(StatusType::Active)))
        };
        keys.into_iter().filter_map(known).collect()
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn tags(&self) -> Vec<String> {
        let tags = self.ask(async |iam, user| iam.list_user_tags().user_name(user).send().await);
        tags.expect("moto lists tags").tags.into_iter().map(|tag| tag.key).collect()
    }
}

impl Rig for MotoRig {
    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn issuer_for(&self, known: Known<'_>) -> Box<dyn KeyIssuer> {
        self.issuer_with(self.config(), &self.user, known)
    }

    /// None: moto does not tell. Trials that count calls need [`Feature::Faults`].
    fn calls(&self) -> Vec<String> {
        Vec::new()
    }

    #[expect(clippy::unimplemented, reason = "trials that want faults need a feature that moto does not have")]
    fn inject(&self, _: usize, _: Fault) {
        unimplemented!("moto does not fail on demand")
    }

    #[expect(clippy::unimplemented, reason = "trials that want faults need a feature that moto does not have")]
    fn stranger_at(&self, _: usize) {
        unimplemented!("moto does not fail on demand")
    }

    fn calm(&self) {}

    fn unfired(&self) -> usize {
        0
    }

    fn death(&self) -> BoxFuture<'_, ()> {
        pending().boxed()
    }

    fn keys(&self) -> Vec<KeyId> {
        self.truth().into_iter().map(|(id, _)| id).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.truth().contains(&(id.clone(), true))
    }

    fn mint_as_stranger(&self) -> Option<KeyId> {
        let made = self.ask(async |iam, user| iam.create_access_key().user_name(user).send().await);
        made.ok()?.access_key.map(|key| KeyId(key.access_key_id))
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        let delete =
            async |iam: Client, user: &str| iam.delete_access_key().user_name(user).access_key_id(&id.0).send().await;
        self.ask(delete).expect("a key that exists");
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn disable(&self, id: &KeyId) {
        let disable = async |iam: Client, user: &str| {
            iam.update_access_key().user_name(user).access_key_id(&id.0).status(StatusType::Inactive).send().await
        };
        self.ask(disable).expect("a key that exists");
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn strip_marks(&self) {
        let tags = self.tags();
        let strip =
            async |iam: Client, user: &str| iam.untag_user().user_name(user).set_tag_keys(Some(tags)).send().await;
        self.ask(strip).expect("a user that exists");
    }

    fn marks(&self) -> usize {
        marks(self.tags().iter())
    }
}

/// The manual clock, but limits of calls run in real time: moto does not move this clock when it hangs.
struct RealLimits(ManualClock);

impl Clock for RealLimits {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        self.0.wait(duration)
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration.try_into().unwrap_or_default()).boxed()
    }
}
