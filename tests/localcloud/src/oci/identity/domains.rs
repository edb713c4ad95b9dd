//! ListCompartments, ListDomains. The tenancy has one compartment below its root; a secondary identity domain stands in that.

use serde_json::json;

use crate::oci::call::{Answer, Call};
use crate::oci::error::Refusal;

pub(super) fn list_compartments(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    if call.query("compartmentId").as_deref() != Some(&call.tenancy.id) {
        return Err(Refusal::not_found("there is no such compartment"));
    }
    let id = call.tenancy.compartment.clone();
    let shown = json!({"id": id, "compartmentId": call.tenancy.id, "name": "apps", "lifecycleState": "ACTIVE"});
    call.page(vec![(id, shown)])
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    let compartment = call.query("compartmentId").ok_or_else(|| Refusal::missing("compartmentId"))?;
    let domain = |name: &str, kind: &str| {
        let shown = json!({
            "id": format!("ocid1.domain.oc1..{name}"),
            "compartmentId": compartment,
            "displayName": name,
            "type": kind,
            "lifecycleState": "ACTIVE",
        });
        (name.to_owned(), shown)
    };
    let items = if compartment == call.tenancy.id {
        vec![domain("Default", "DEFAULT")]
    } else if compartment == call.tenancy.compartment {
        let others = call.tenancy.users.values().filter_map(|user| user.domain.as_deref());
        others.map(|name| domain(name, "SECONDARY")).collect()
    } else {
        return Err(Refusal::not_found("there is no such compartment"));
    };
    call.page(items)
}
