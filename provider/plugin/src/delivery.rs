//! What the inputs say of deliveries: the stores that receive each generation of a key.

mod clouds;
mod status;

use std::collections::BTreeSet;

use cloud::Deliverable;
use pulumi_provider::{CheckFailure, Decoded, Object, Value, decode};
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use system_aws::SecretsManagerDelivery;

pub(crate) use clouds::DeliveryClouds;
pub(crate) use status::{DELIVERY_STATUS, DeliveryOutputs, TARGETS, set_targets, status};

/// The input.
pub(crate) const DELIVERIES: &str = "deliveries";

/// The input of every resource that has a key to hand over.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct DeliveryInputs {
    /// Secret managers that receive each generation of the key, staged in all of them before consumers of any read it. Default: none.
    #[serde(default)]
    pub(crate) deliveries: Option<Vec<Delivery>>,
}

/// A store that receives the key: exactly one of its properties is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Delivery {
    /// A secret of AWS Secrets Manager.
    #[serde(default)]
    pub(crate) aws_secrets_manager: Option<SecretsManagerDelivery>,
}

/// The properties of [`Delivery`], for messages.
const KINDS: &str = "awsSecretsManager";

/// The deliveries that inputs hold, as far as they are known.
pub(crate) fn read(inputs: &Object) -> Decoded<DeliveryInputs> {
    let own = inputs.iter().filter(|(name, _)| *name == DELIVERIES);
    decode(&own.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// One delivery as it stands in the inputs, or in the state.
pub(crate) fn read_one(given: &Value) -> Option<Delivery> {
    given.as_object().and_then(|given| decode(given).value)
}

/// Everything that is wrong with the deliveries of keys like `of`.
pub(crate) fn failures(inputs: &Object, of: &Deliverable, clouds: &DeliveryClouds) -> Vec<CheckFailure> {
    let Decoded { value, mut failures, .. } = read(inputs);
    let mut seen = BTreeSet::new();
    for (index, delivery) in value.and_then(|inputs| inputs.deliveries).unwrap_or_default().iter().enumerate() {
        let at = format!("{DELIVERIES}[{index}]");
        let Some(store) = &delivery.aws_secrets_manager else {
            failures.push(CheckFailure::new(at, format!("must hold exactly one store: set {KINDS}")));
            continue;
        };
        let inner = store.problems(of).into_iter();
        failures.extend(inner.map(|Problem { property, reason }| {
            CheckFailure::new(format!("{at}.awsSecretsManager.{property}"), reason)
        }));
        if clouds.identity(delivery).is_some_and(|identity| !seen.insert(identity)) {
            failures.push(CheckFailure::new(at, "names the same store as a delivery before it"));
        }
    }
    failures
}
