use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::Keepers;
use super::window::RotationWindowInputs;

/// The inputs that every rotating resource has, as users write them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationInputs {
    /// Values that the key belongs to. When an entry is changed, added or removed, the key is rotated once.
    /// Order and secretness do not count; an empty map is the same as none.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub keepers: Option<Keepers>,
    /// Rotate when a new period starts: a duration such as `"90d"`, `"12h"` or ISO 8601 `"P90D"`, at least one hour.
    /// A day is 24 hours; months and years are refused. Default: what `maxAge` leaves, or no rotation by time.
    #[serde(default)]
    pub rotation_period: Option<String>,
    /// The start of the rotation schedule, in RFC 3339, such as `"2026-01-01T03:00:00Z"`. Periods are counted before it too. Default: the time of creation.
    #[serde(default)]
    pub rotation_anchor: Option<String>,
    /// How often `pulumi up` runs, as a duration. `maxAge` is planned with it. Default: `"1d"`.
    #[serde(default)]
    pub run_every: Option<String>,
    /// When the schedule may rotate and delete keys, in UTC. Changed keepers, `revoke` and lost keys do not wait for it, and neither does a key that
    /// would exceed `maxAge`. Default: at any time.
    #[serde(default)]
    pub rotation_window: Option<RotationWindowInputs>,
    /// How long the previous key keeps working after a rotation, such as `"1d"`. Default: `"1d"`, or half of `rotationPeriod` if that is shorter.
    /// With `retirement.soak` it must be shorter than `rotationPeriod`; `"0s"` needs `allowOutage`.
    #[serde(default)]
    pub overlap: Option<String>,
    /// The longest age that any key may reach, as a duration. Alone it is a whole rule: `"90d"` also gives `rotationPeriod`. With `rotationPeriod`,
    /// the sum `rotationPeriod` + 2 × `overlap` + `retirement.soak` + `retirement.deadline` + 2 × `runEvery` must not exceed it. A key that is older is a warning in each run.
    #[serde(default)]
    pub max_age: Option<String>,
    /// What a rotation does while the system's quota of keys is used up by a previous key that may not be deleted yet: `defer` waits with a
    /// warning and lets the run succeed, `fail` fails the run. Default: `defer`.
    #[serde(default)]
    pub when_quota_reached: Option<WhenQuotaReached>,
    /// How a new key is proven before it is promoted.
    #[serde(default)]
    pub verification: Option<VerificationInputs>,
    /// What must be true before a superseded key is removed, beyond its overlap.
    #[serde(default)]
    pub retirement: Option<RetirementInputs>,
    /// An emergency: a new incident text removes that generation in the next run, which makes a new key first.
    #[serde(default)]
    pub revoke: Option<Revoke>,
    /// An existing key to take over when the resource is created. Later it makes a key current that the plugin found on the principal and that
    /// the state does not contain (an unrecorded key); otherwise it is ignored.
    #[serde(default)]
    pub adopt: Option<Adopt>,
    /// Permits `overlap: "0s"`: the run that creates the new key deletes the old one, before dependents are updated. Default: false.
    #[serde(default)]
    pub allow_outage: Option<bool>,
}

/// The inputs that say when a rotation is due, for resources without a key of which two could overlap.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerInputs {
    /// Values that the secret belongs to. When an entry is changed, added or removed, the secret is rotated once.
    /// Order and secretness do not count; an empty map is the same as none.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub keepers: Option<Keepers>,
    /// Rotate when a new period starts: a duration such as `"90d"`, `"12h"` or ISO 8601 `"P90D"`, at least one hour.
    /// A day is 24 hours; months and years are refused. Default: no rotation by time.
    #[serde(default)]
    pub rotation_period: Option<String>,
    /// The start of the rotation schedule, in RFC 3339, such as `"2026-01-01T03:00:00Z"`. Periods are counted before it too. Default: the time of creation.
    #[serde(default)]
    pub rotation_anchor: Option<String>,
    /// When the schedule may rotate, in UTC. Changed keepers do not wait for it. Default: at any time.
    #[serde(default)]
    pub rotation_window: Option<RotationWindowInputs>,
}

impl From<TriggerInputs> for RotationInputs {
    /// With no overlap, and nothing that a key would need.
    fn from(inputs: TriggerInputs) -> Self {
        let TriggerInputs { keepers, rotation_period, rotation_anchor, rotation_window } = inputs;
        let (overlap, allow_outage) = (Some("0s".to_owned()), Some(true));
        Self { keepers, rotation_period, rotation_anchor, rotation_window, overlap, allow_outage, ..Self::default() }
    }
}

/// How a new key is proven before it is promoted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Verification")]
pub struct VerificationInputs {
    /// Whether the plugin verifies a new key before it makes the key current. Default: true.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// How often in a row the new key must be accepted, 1 to 100: systems that are eventually consistent accept a key once and then refuse it again. Default: 3.
    #[serde(default)]
    pub successes: Option<u32>,
    /// How long one run waits for that, as a duration. The next run continues with the same key. Default: `"5m"`.
    #[serde(default)]
    pub timeout: Option<String>,
}

/// What must be true before a superseded key is removed, beyond its overlap.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Retirement")]
pub struct RetirementInputs {
    /// How long a previous key must not have been used before it is deleted, as a duration such as `"12h"`. Until then each run that would
    /// delete the key keeps it and warns. `"0s"` ignores use. Default: half of `overlap`.
    #[serde(default)]
    pub quiet_period: Option<String>,
    /// Disable the key first, which can be undone, and remove it this much later, as a duration. Default: no time between the two.
    #[serde(default)]
    pub soak: Option<String>,
    /// How long after the overlap the plugin waits for a key that is still in use, as a duration; then `whenInUse` decides. Not allowed with
    /// `quietPeriod: "0s"`. Default: no limit.
    #[serde(default)]
    pub deadline: Option<String>,
    /// What happens at the `deadline` to a key that is still in use. Default: `wait`.
    #[serde(default)]
    pub when_in_use: Option<WhenInUse>,
    /// The `generation` that every consumer is known to use. With it, previous keys are deleted only once it equals the output `generation`.
    /// Default: the overlap alone decides.
    #[serde(default)]
    pub confirmed_generation: Option<u64>,
}

/// What a rotation does while one of the resource's own keys takes the place of the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenQuotaReached {
    /// The rotation waits, and every run warns.
    #[default]
    Defer,
    /// The run fails.
    Fail,
}

/// What happens at the deadline to a superseded key that is still in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenInUse {
    /// It stays, and every run warns.
    #[default]
    Wait,
    /// It is removed all the same.
    Delete,
}

/// An emergency: a generation that must go now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revoke {
    /// Names the incident. A text that was not there in the last run revokes once; taking the block away changes nothing.
    pub incident: String,
    /// Which generation goes.
    pub generation: RevokedGeneration,
}

/// Which generation a revocation removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RevokedGeneration {
    /// The current key.
    Current,
    /// Every superseded key.
    Previous,
    /// Every key that this resource has.
    All,
}

/// An existing key to take over.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adopt {
    /// The key's id in its system: an access key id in AWS, a fingerprint or OCID in OCI, an API key in Confluent Cloud, an accessor, version or key id in Vault.
    pub id: String,
    /// Its secret. With it the key becomes the current one; without it a new key is made at once and this one is superseded.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("x-secret" = true))]
    pub secret: Option<SecretString>,
}

impl PartialEq for Adopt {
    /// By the key that is meant; its secret never differs for one key.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.secret.is_some() == other.secret.is_some()
    }
}
