//! A stand-in on a manual clock, and the AWS SDK as its client.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_iam::config::{BehaviorVersion, Region};
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::Tag;
use aws_smithy_async::time::TimeSource;
use aws_smithy_types::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use localcloud::{Clock, Consistency, LocalCloud, ManualClock, Options};

/// The name of the user that most tests are about.
pub(crate) const USER: &str = "ci";

/// A stand-in, its clock, and a user without keys.
pub(crate) struct Rig {
    pub(crate) cloud: LocalCloud,
    pub(crate) clock: ManualClock,
}

impl Rig {
    /// Everything takes effect at once.
    pub(crate) fn new() -> Self {
        Self::with(Consistency::immediate())
    }

    pub(crate) fn with(consistency: Consistency) -> Self {
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let mut options = Options::new(clock.clone());
        options.aws.consistency = consistency;
        let cloud = LocalCloud::start(options).unwrap();
        cloud.aws().create_user(USER).unwrap();
        Self { cloud, clock }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The admin's credentials, for a client.
    pub(crate) fn admin(&self) -> Credentials {
        client_credentials(&self.cloud.aws().admin_credentials())
    }

    /// IAM as the admin, without retries.
    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        self.iam_as(self.admin())
    }

    pub(crate) fn iam_as(&self, credentials: Credentials) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::from_conf(self.iam_config(credentials).build())
    }

    /// A configuration to change: signs by the stand-in's clock, never retries.
    pub(crate) fn iam_config(&self, credentials: Credentials) -> aws_sdk_iam::config::Builder {
        aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(self.cloud.endpoint())
            .retry_config(RetryConfig::disabled())
            .time_source(Time(self.clock.clone()))
            .credentials_provider(credentials)
    }

    pub(crate) fn sts_as(&self, credentials: Credentials) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .endpoint_url(self.cloud.endpoint())
            .retry_config(RetryConfig::disabled())
            .time_source(Time(self.clock.clone()))
            .credentials_provider(credentials)
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    /// Whether STS knows the credentials now; the code of its refusal if not.
    pub(crate) async fn identity(&self, credentials: &Credentials) -> Result<String, String> {
        let answer = self.sts_as(credentials.clone()).get_caller_identity().send().await;
        let answer = answer.map_err(|error| code(&error))?;
        Ok(answer.arn().unwrap_or_default().to_owned())
    }

    /// A key of [`USER`], made through the API.
    pub(crate) async fn mint(&self) -> Credentials {
        let answer = self.iam().create_access_key().user_name(USER).send().await.unwrap();
        let key = answer.access_key().unwrap();
        Credentials::from_keys(key.access_key_id(), key.secret_access_key(), None)
    }

    /// The ids of the user's keys that exist.
    pub(crate) fn key_ids(&self) -> Vec<String> {
        self.cloud.aws().keys(USER).into_iter().map(|key| key.id).collect()
    }
}

/// The error code that the SDK read, or nothing if there was no answer.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &E) -> String {
    error.code().unwrap_or_default().to_owned()
}

pub(crate) fn client_credentials(credentials: &localcloud::Credentials) -> Credentials {
    Credentials::from_keys(&credentials.access_key_id, &credentials.secret_access_key, None)
}

/// The SDK's view of the stand-in's clock.
#[derive(Debug)]
pub(crate) struct Time(pub(crate) ManualClock);

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        system_time(self.0.now())
    }
}

pub(crate) fn system_time(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(time.as_nanosecond().try_into().unwrap())
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}
