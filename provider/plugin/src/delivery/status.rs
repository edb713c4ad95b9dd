use pulumi_provider::{Error, Object, Value};
use rotation::{Delivered, DeliveryStage, KeyState, Target, plain_label};
use schemars::JsonSchema;
use serde::Serialize;

use super::inputs::KINDS;
use crate::rotating::outputs::object;

/// The output.
pub(crate) const DELIVERY_STATUS: &str = "deliveryStatus";

/// What a resource shows of its deliveries.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct DeliveryOutputs {
    /// What consumers of each store read, in the order of `deliveries`. It changes only when a delivery did, so a consumer that depends on it restarts only then.
    delivery_status: Vec<DeliveryStatus>,
}

/// What stands in one store, as the last `pulumi up` or refresh saw it.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryStatus {
    /// The store, such as `Secrets Manager secret "ci/key"`.
    store: String,
    /// The id of the version in Secrets Manager; null for other stores, and where nothing was delivered yet.
    version_id: Option<String>,
    /// The number of the version in a KV engine; null for other stores, and where nothing was delivered yet.
    version: Option<u64>,
    /// The number of the version in an OCI Vault; null for other stores, and where nothing was delivered yet.
    version_number: Option<u64>,
    /// `current`: consumers read it. `pending`: it is staged. `drifted`: consumers read something else, and the next `pulumi up` delivers the key again. Null where nothing was delivered yet.
    stage: Option<DeliveryStage>,
    /// The generation of the key in that version; null where nothing was delivered yet.
    generation: Option<u64>,
    /// The id of that key in its system; null where nothing was delivered yet.
    key_id: Option<String>,
    /// When the version came to this stage, in RFC 3339; null where nothing was delivered yet.
    at: Option<String>,
}

/// The status of each store that is wanted, in their order.
pub(crate) fn status(state: &KeyState, wanted: &[Target]) -> Result<Value, Error> {
    let of_each = wanted.iter().map(|target| object(&of(state, target)).map(Value::Object));
    of_each.collect::<Result<Vec<_>, Error>>().map(Value::Array)
}

fn of(state: &KeyState, target: &Target) -> DeliveryStatus {
    let own = || state.deliveries.iter().filter(|delivered| delivered.identity == target.identity);
    let read = own().find(|delivered| delivered.stage != DeliveryStage::Pending);
    let store = plain_label(&target.label).to_owned();
    let [of_aws, of_kv, of_oci] = KINDS.map(|kind| is_of(&target.identity, kind));
    match read.or_else(|| own().next()) {
        None => DeliveryStatus { store, ..DeliveryStatus::default() },
        Some(Delivered { version, stage, generation, key_id, at, .. }) => DeliveryStatus {
            store,
            version_id: of_aws.then(|| version.clone()),
            version: version.parse().ok().filter(|_| of_kv),
            version_number: version.parse().ok().filter(|_| of_oci),
            stage: Some(*stage),
            generation: Some(*generation),
            key_id: Some(key_id.0.clone()),
            at: Some(at.to_string()),
        },
    }
}

/// Whether a store's identity is one of this kind.
fn is_of(identity: &str, kind: &str) -> bool {
    identity.strip_prefix(kind).is_some_and(|rest| rest.starts_with(':'))
}

/// The inputs of every delivery whose store may hold something: what the next run needs where inputs do not name it.
pub(crate) fn set_targets(outputs: &mut Object, targets: Vec<Value>) {
    outputs.remove(TARGETS);
    if !targets.is_empty() {
        outputs.insert(TARGETS.to_owned(), Value::Array(targets));
    }
}

/// Bookkeeping that no schema names.
pub(crate) const TARGETS: &str = "deliveryTargets";
