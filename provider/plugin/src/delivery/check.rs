use std::collections::BTreeSet;

use cloud::Deliverable;
use pulumi_provider::{CheckFailure, Decoded, Object};
use rotation::Problem;

use super::clouds::DeliveryClouds;
use super::inputs::{DELIVERIES, KINDS, read};

/// Everything that is wrong with the deliveries of keys like `of`.
pub(crate) fn failures(inputs: &Object, of: &Deliverable, clouds: &DeliveryClouds) -> Vec<CheckFailure> {
    let Decoded { value, mut failures, .. } = read(inputs);
    let mut seen = BTreeSet::new();
    for (index, delivery) in value.and_then(|inputs| inputs.deliveries).unwrap_or_default().iter().enumerate() {
        let at = format!("{DELIVERIES}[{index}]");
        let Some(store) = delivery.one() else {
            let kinds = KINDS.join(", ");
            failures.push(CheckFailure::new(at, format!("must hold exactly one store: set one of {kinds}")));
            continue;
        };
        let kind = store.property();
        let inner = store.problems(of).into_iter();
        failures.extend(
            inner.map(|Problem { property, reason }| CheckFailure::new(format!("{at}.{kind}.{property}"), reason)),
        );
        if clouds.identity(delivery).is_some_and(|identity| !seen.insert(identity)) {
            failures.push(CheckFailure::new(at, "names the same store as a delivery before it"));
        }
    }
    failures
}
