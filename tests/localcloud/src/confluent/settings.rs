//! What can be set while the stand-in runs: lags, quotas, rate limits, and which of two answers is given.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// How the organisation behaves. Every field can be changed at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// When new keys begin to work.
    pub activation: Activations,
    /// A deleted key still works for this long. Confluent publishes no figure.
    pub revocation: SignedDuration,
    /// A new key is not listed, and a deleted one still is, for this long. Confluent publishes no figure.
    pub listing_lag: SignedDuration,
    /// How many keys there may be.
    pub quotas: Quotas,
    /// What is answered over quota.
    pub over_quota: OverQuota,
    /// What is answered to who reads, changes or deletes a key that is gone.
    pub gone: Gone,
    /// The status of a successful create: 202 by the specification, while other sources show 200 and 201.
    pub created: u16,
    /// The most characters of a description. Confluent publishes no figure; nothing means any number.
    pub longest_description: Option<usize>,
    /// The most characters of a display name; nothing means any number.
    pub longest_display_name: Option<usize>,
    /// What is longer is cut without a word, not refused with 422.
    pub cuts_texts: bool,
    /// Requests that the cloud's own APIs take from the whole organisation. Nothing means any number.
    pub rate_limit: Option<RateLimit>,
    /// Requests that all data planes together take. Nothing means any number.
    pub data_plane_rate_limit: Option<RateLimit>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activation: Activations::default(),
            revocation: SignedDuration::ZERO,
            listing_lag: SignedDuration::ZERO,
            quotas: Quotas::default(),
            over_quota: OverQuota::default(),
            gone: Gone::default(),
            created: 202,
            longest_description: None,
            longest_display_name: None,
            cuts_texts: false,
            rate_limit: None,
            data_plane_rate_limit: None,
        }
    }
}

impl Settings {
    /// Without any lag: for tests that do not care.
    pub fn immediate() -> Self {
        Self { activation: Activations::immediate(), ..Self::default() }
    }
}

/// When new keys of each kind begin to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activations {
    /// Cloud keys.
    pub cloud: Activation,
    /// Global keys.
    pub global: Activation,
    /// Keys of a Kafka cluster.
    pub kafka: Activation,
    /// Keys of a Schema Registry.
    pub schema_registry: Activation,
    /// Keys of a ksqlDB cluster. No probe of them is known.
    pub ksqldb: Activation,
    /// Flink keys.
    pub flink: Activation,
    /// Tableflow keys.
    pub tableflow: Activation,
}

impl Activations {
    /// All at once.
    pub fn immediate() -> Self {
        Self::all(Activation::default())
    }

    fn all(same: Activation) -> Self {
        Self {
            cloud: same,
            global: same,
            kafka: same,
            schema_registry: same,
            ksqldb: same,
            flink: same,
            tableflow: same,
        }
    }

    pub(super) fn of(&self, kind: Kind) -> Activation {
        match kind {
            Kind::Cloud => self.cloud,
            Kind::Global => self.global,
            Kind::Kafka => self.kafka,
            Kind::SchemaRegistry => self.schema_registry,
            Kind::Ksqldb => self.ksqldb,
            Kind::Flink => self.flink,
            Kind::Tableflow => self.tableflow,
        }
    }
}

impl Default for Activations {
    /// As the Terraform provider's authors saw it: about ten seconds, and two minutes for Kafka.
    /// Of Schema Registry, Flink and ksqlDB only their waits are known, of which this is half.
    fn default() -> Self {
        let after = |seconds| Activation { delay: SignedDuration::from_secs(seconds), ..Activation::default() };
        Self {
            kafka: Activation { unsteady: SignedDuration::from_secs(60), unsteady_refusals: 2, ..after(60) },
            schema_registry: after(30),
            flink: after(30),
            ksqldb: after(150),
            ..Self::all(after(10))
        }
    }
}

/// When a new key begins to work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activation {
    /// It is refused for this long.
    pub delay: SignedDuration,
    /// For this long after `delay` it is accepted and refused in turn, accepted first: requests
    /// reach one broker that knows it and one that does not.
    pub unsteady: SignedDuration,
    /// The most refusals during `unsteady`; after them every broker knows it.
    pub unsteady_refusals: u32,
}

/// How many keys there may be. The figures are third-party; the service's own are told by its quota API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Cloud and Global keys of a user.
    pub cloud_per_user: usize,
    /// Other keys of a user.
    pub cluster_per_user: usize,
    /// Cloud and Global keys of a service account.
    pub cloud_per_service_account: usize,
    /// Other keys of a service account.
    pub cluster_per_service_account: usize,
    /// Cloud and Global keys of the organisation.
    pub cloud_per_organization: usize,
    /// Keys of one Kafka cluster.
    pub per_kafka_cluster: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            cloud_per_user: 10,
            cluster_per_user: 10,
            cloud_per_service_account: 100,
            cluster_per_service_account: 100,
            cloud_per_organization: 1000,
            per_kafka_cluster: 2000,
        }
    }
}

/// What is answered over quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverQuota {
    /// 402 `quota_exceeded`, by the specification.
    #[default]
    PaymentRequired,
    /// 400 with "… is currently limited to …", by the list of known issues.
    BadRequest,
}

/// What is answered about a key that is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// 404 `api_key_not_found`, as the newest recordings have it.
    #[default]
    NotFound,
    /// 403 `forbidden_access`, as older recordings have it.
    Forbidden,
}

/// So many requests in each span of time; the one after them is answered with 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many.
    pub requests: u32,
    /// The span, which begins with the first request in it.
    #[serde(default = "second")]
    pub per: SignedDuration,
    /// Counts in real time, whatever the stand-in's clock says.
    #[serde(default)]
    pub real_time: bool,
}

impl RateLimit {
    /// So many requests a second of the stand-in's clock.
    pub fn per_second(requests: u32) -> Self {
        Self { requests, per: second(), real_time: false }
    }

    /// The same in real time.
    pub fn in_real_time(mut self) -> Self {
        self.real_time = true;
        self
    }
}

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}
