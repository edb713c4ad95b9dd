use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::KeyId;

/// A version of a key in a store, as the last run or refresh saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// The entry, in the normal form that tells whether it is the same one.
    pub identity: String,
    /// The entry as messages name it.
    pub store: String,
    /// The store's own id of the version.
    pub version: String,
    /// Whether consumers read it.
    pub stage: DeliveryStage,
    /// The key's generation.
    pub generation: u64,
    /// The key.
    pub key_id: KeyId,
    /// When it came to this stage.
    pub at: Timestamp,
    /// A fingerprint of what of the key was handed over, and how.
    #[serde(default)]
    pub shape: String,
}

/// How far a version in a store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryStage {
    /// It was staged; consumers do not read it yet.
    Pending,
    /// Consumers read it.
    Current,
    /// Consumers read something else, which this resource did not deliver last.
    Drifted,
}
