//! What the schema says of a root that rotates.

use pulumi_provider::{ObjectSchema, ResourceSpec};
use rotation::{Schedule, TriggerInputs};
use schemars::JsonSchema;
use system_vault::{RootArgs, VaultRoot};

pub(super) fn spec() -> ResourceSpec {
    let inputs = ObjectSchema::of::<RootArgs>().merge(ObjectSchema::of::<TriggerInputs>());
    ResourceSpec::new(VaultRoot::TOKEN, VaultRoot::DOCS, inputs, ObjectSchema::of::<Outputs>())
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made: outputs are written by state.rs")]
struct Outputs {
    /// Counts the rotations that this resource requested: 1 after its creation, 0 after an import.
    generation: u64,
    /// When the secret was last rotated for this resource, in RFC 3339; null after an import, unless Vault tells.
    rotated_at: Option<String>,
    /// The access key id that the AWS engine works with, as of the last `pulumi up` or refresh; null for databases.
    access_key_id: Option<String>,
    /// When Vault last changed the password of the static role, by its own clock, as of the last `pulumi up` or refresh; null for others.
    last_vault_rotation: Option<String>,
    /// When rotations are due, as the plugin computed it from inputs and time. `ignoreChanges: ["schedule"]` stops rotation by time.
    schedule: Schedule,
    /// When a new period will ask for a rotation, in RFC 3339; null without `rotationPeriod`.
    next_rotation_at: Option<String>,
    /// The id of the Vault cluster that keeps the secret, with its namespace if there is one; null until the plugin found the secret there.
    account: Option<String>,
}
