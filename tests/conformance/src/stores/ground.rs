use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_smithy_async::time::TimeSource;
use aws_smithy_types::retry::RetryConfig;
use cloud::Deliverable;
use jiff::SignedDuration;
use localcloud::{Consistency, LocalCloud, Options};
use rotation::Store;
use rotation::testing::ManualClock;
use serde_json::{Value, json};

use super::aws::open;
use super::shelves::all;
use crate::aws::{MotoServer, START};

/// A Secrets Manager on which a store is tried, and a client of it that is nobody's store.
pub struct Ground {
    /// The stand-in; none for moto.
    pub(super) cloud: Option<LocalCloud>,
    endpoint: String,
    clock: ManualClock,
    id: String,
    secret: String,
}

/// moto, which many trials share.
pub struct MotoGround(MotoServer);

impl MotoGround {
    /// Starts it; none where this Python has no moto.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(python: Option<&str>) -> Result<Option<Self>> {
        let python = python.filter(|python| MotoServer::is_there(python));
        python.map(|python| MotoServer::start(python).map(Self)).transpose()
    }

    /// A ground in it. Trials name their secrets differently.
    pub fn ground(&self) -> Ground {
        let (id, secret) = ("AKIAIOSFODNN7EXAMPLE".to_owned(), "secret".to_owned());
        let clock = ManualClock::new(jiff::Timestamp::now());
        Ground { cloud: None, endpoint: self.0.endpoint(), clock, id, secret }
    }
}

impl Ground {
    /// A fresh stand-in without lag.
    ///
    /// # Errors
    /// It cannot listen.
    pub fn local() -> Result<Self> {
        let clock = ManualClock::new(START);
        let mut options = Options::new(vault_servers::SharedClock::new(&clock).shared());
        options.aws.consistency = Consistency::immediate();
        options.hang_advances = SignedDuration::from_secs(31);
        let cloud = LocalCloud::start(options)?;
        let admin = cloud.aws().admin_credentials();
        let endpoint = cloud.endpoint().to_owned();
        Ok(Self { cloud: Some(cloud), endpoint, clock, id: admin.access_key_id, secret: admin.secret_access_key })
    }

    /// The stand-in.
    pub(super) fn stand_in(&self) -> Result<&LocalCloud> {
        self.cloud.as_ref().context("this trial is for the stand-in")
    }

    /// A secret as a store, with these inputs.
    pub(super) fn store(&self, inputs: Value) -> Box<dyn Store> {
        self.store_as(&self.id, &self.secret, inputs)
    }

    /// The same with other credentials.
    pub(super) fn store_as(&self, id: &str, secret: &str, inputs: Value) -> Box<dyn Store> {
        let endpoints = json!({ "secretsManager": self.endpoint, "sts": self.endpoint });
        let config = json!({ "region": "us-east-1", "accessKey": id, "secretKey": secret, "endpoints": endpoints });
        open(&self.clock, config, (inputs, all()))
    }

    /// The same for keys that have these fields and no others, of which `secret` is one.
    pub(super) fn whole_store(&self, inputs: Value, names: &[&str]) -> Box<dyn Store> {
        let endpoints = json!({ "secretsManager": self.endpoint, "sts": self.endpoint });
        let config =
            json!({ "region": "us-east-1", "accessKey": self.id, "secretKey": self.secret, "endpoints": endpoints });
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let secrets = vec!["secret".to_owned()];
        open(&self.clock, config, (inputs, Deliverable { names, secrets, ..Deliverable::default() }))
    }

    /// Secrets Manager for somebody else.
    pub(super) fn client(&self) -> Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .retry_config(RetryConfig::disabled())
            .time_source(Time(self.clock.clone()))
            .credentials_provider(Credentials::new(&self.id, &self.secret, None, None, "trial"));
        Client::from_conf(config.build())
    }

    /// What consumers read by a label.
    pub(super) async fn value(&self, name: &str, stage: &str) -> Option<String> {
        let answer = self.client().get_secret_value().secret_id(name).version_stage(stage).send().await;
        answer.ok()?.secret_string
    }

    /// Somebody makes a secret, with a value or empty.
    pub(super) async fn make(&self, name: &str, value: Option<&str>) -> Result<()> {
        let call = self.client().create_secret().name(name).set_secret_string(value.map(str::to_owned));
        call.send().await?;
        Ok(())
    }

    /// Somebody puts a value by hand.
    pub(super) async fn edit(&self, name: &str, value: &str) -> Result<()> {
        self.client().put_secret_value().secret_id(name).secret_string(value).send().await?;
        Ok(())
    }
}

/// The client signs by the plugin's clock.
#[derive(Debug)]
struct Time(ManualClock);

impl TimeSource for Time {
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::try_from(rotation::Clock::now(&self.0)).unwrap_or(std::time::SystemTime::UNIX_EPOCH)
    }
}
