//! GetTenancy, ListRegionSubscriptions.

use serde_json::{Value, json};

use crate::oci::call::{Answer, Call, Reply};
use crate::oci::error::Refusal;
use crate::oci::region::Region;

pub(super) fn get(call: &mut Call<'_>) -> Answer {
    about(call)?;
    let tenancy = &call.tenancy;
    Ok(Reply::of(json!({
        "id": tenancy.id,
        "name": "localcloud",
        "description": "a stand-in",
        "homeRegionKey": tenancy.home.key,
        "freeformTags": {},
        "definedTags": {},
    })))
}

pub(super) fn list_regions(call: &mut Call<'_>) -> Answer {
    about(call)?;
    let tenancy = &call.tenancy;
    let shown = |region: &Region| {
        json!({
            "regionKey": region.key,
            "regionName": region.name,
            "status": "READY",
            "isHomeRegion": *region == tenancy.home,
        })
    };
    // The home region is not the first one, so that nobody comes to rely on it.
    let regions = tenancy.others.iter().chain([&tenancy.home]);
    Ok(Reply::of(regions.map(shown).collect::<Value>()))
}

fn about(call: &Call<'_>) -> Result<(), Refusal> {
    call.signer.permit(call.action, None)?;
    if call.part(1) != call.tenancy.id {
        return Err(Refusal::not_found("there is no such tenancy"));
    }
    Ok(())
}
