use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When things are due: the one input that the plugin computes. It is decided from inputs and one clock reading alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The start of the rotation schedule.
    #[schemars(with = "String")]
    pub anchor: Timestamp,
    /// The start of the period that last required a rotation. Unset until a period required one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub window: Option<Timestamp>,
    /// When a rotation was last asked for, by time, keepers or creation. Rounded down to the hour, or to the minute where overlap or period is under a day.
    #[schemars(with = "String")]
    pub rotated_at: Timestamp,
    /// What a superseded key is due for.
    pub phase: Phase,
    /// The last incident that `revoke` named; it revokes no second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// Whether `ignoreChanges: ["schedule"]` stops rotation by time. Unset otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(with = "Option<bool>")]
    pub suspended: bool,
    /// When this was computed, rounded up to the minute, where keys expire: from it a run knows which of them it must renew. A change of this value alone is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub reading: Option<Timestamp>,
}

/// What a superseded key is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It keeps working.
    Overlap,
    /// It may be disabled.
    Disable,
    /// It may be removed.
    Retire,
}
