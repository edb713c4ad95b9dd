use std::collections::BTreeSet;

use cloud::Deliverable;
use pulumi_provider::{CheckFailure, Decoded, Object, Value};
use rotation::{Capability, OwnerId, Problem, Proof};

use super::clouds::DeliveryClouds;
use super::inputs::{DELIVERIES, KEEP_SECRET, KINDS, keeps_secret, read};

/// Everything that is wrong with the deliveries of keys like `of`.
pub(crate) fn failures(inputs: &Object, of: &Deliverable, clouds: &DeliveryClouds) -> Vec<CheckFailure> {
    let Decoded { value, mut failures, .. } = read(inputs);
    let mut seen = BTreeSet::new();
    for (index, delivery) in value.and_then(|inputs| inputs.deliveries).unwrap_or_default().iter().enumerate() {
        let at = format!("{DELIVERIES}[{index}]");
        let Some(store) = delivery.one() else {
            let kinds = KINDS.join(", ");
            failures.push(CheckFailure::new(
                at,
                format!("must hold exactly one store: set one of {kinds} [KR-PLUGIN-001]"),
            ));
            continue;
        };
        let kind = store.property();
        let inner = store.problems(of).into_iter();
        failures.extend(
            inner.map(|Problem { property, reason }| CheckFailure::new(format!("{at}.{kind}.{property}"), reason)),
        );
        if clouds.identity(delivery).is_some_and(|identity| !seen.insert(identity)) {
            failures.push(CheckFailure::new(at, "names the same store as a delivery before it [KR-PLUGIN-002]"));
        }
    }
    failures
}

/// Why the state must keep the secret of such keys although the inputs say that it does not; none if it need not, or while that is not known.
pub(crate) fn unkept_secret(
    inputs: &Object,
    (of, capability): (&Deliverable, Option<&Capability>),
    owner: &OwnerId,
    clouds: &DeliveryClouds,
) -> Option<CheckFailure> {
    let is_unknown = |name: &str| inputs.get(name).is_some_and(Value::contains_unknown);
    if keeps_secret(inputs) || [DELIVERIES, KEEP_SECRET].into_iter().any(is_unknown) {
        return None;
    }
    let failure = |reason: String| Some(CheckFailure::new(KEEP_SECRET, reason));
    if capability.is_some_and(|capability| capability.proof == Proof::OncePublished) {
        return failure(
            "cannot be false here: the plugin needs the private halves of these keys in later runs, to prove that the server accepts the published ones and refuses the withdrawn ones [KR-PLUGIN-032]"
                .to_owned(),
        );
    }
    let deliveries = read(inputs).value.and_then(|inputs| inputs.deliveries).unwrap_or_default();
    if deliveries.is_empty() {
        return failure(format!(
            "can be false only with `{DELIVERIES}`: otherwise nothing would have the secret [KR-PLUGIN-033]"
        ));
    }
    let mut stores =
        deliveries.iter().enumerate().filter_map(|(at, delivery)| clouds.open(delivery, Some(at), of, owner));
    if stores.any(|store| store.keeps_secrets()) {
        return None;
    }
    let needed: Vec<_> = of.secrets.iter().filter(|name| !of.optional.contains(*name)).cloned().collect();
    let raw = if needed.len() == 1 { ", or with `format` \"raw\"" } else { "" };
    let fields =
        if of.open { "`fields` unset".to_owned() } else { format!("`fields` unset or naming {}", needed.join(", ")) };
    failure(format!(
        "can be false only if one of `{DELIVERIES}` gives the secret back to the plugin: write it with `format` \"json\" and {fields}{raw} [KR-PLUGIN-034]"
    ))
}
