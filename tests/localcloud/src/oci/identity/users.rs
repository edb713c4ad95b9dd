//! CreateUser, GetUser, UpdateUser, UpdateUserCapabilities, DeleteUser, ListUsers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::oci::call::{Answer, Call, Reply, date};
use crate::oci::error::Refusal;
use crate::oci::key::Life;
use crate::oci::limits::{self, CAPABILITIES};
use crate::oci::tenancy::{Details, Tags, User};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewUser {
    compartment_id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    email: Option<String>,
    freeform_tags: Option<Tags>,
    defined_tags: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Changes {
    description: Option<String>,
    email: Option<String>,
    freeform_tags: Option<Tags>,
    defined_tags: Option<Map<String, Value>>,
}

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    let new: NewUser = call.body()?;
    in_tenancy(call, &new.compartment_id.ok_or_else(|| Refusal::missing("compartmentId"))?)?;
    let name = limits::user_name(new.name)?;
    let details = Details {
        description: limits::text("description", new.description)?,
        email: new.email,
        tags: new.freeform_tags.unwrap_or_default(),
        defined_tags: new.defined_tags.unwrap_or_default(),
        ..call.tenancy.ordinary_details()
    };
    limits::tags(&details.tags, &details.defined_tags)?;
    let id = call.tenancy.create_user(&name, Life::new(call.now), details)?;
    call.effect.principal = Some(id.clone());
    Ok(latest(call, &id)?.made(&id))
}

pub(super) fn get(call: &mut Call<'_>) -> Answer {
    let id = call.about_user()?;
    let user = call.tenancy.user(&id)?;
    let details = user.details.seen(call.now, call.lag + call.tenancy.lags.tag_lag);
    Ok(Reply::of(shown(call, user, details)).with_etag(&details.etag))
}

/// What is left out stays as it is; tags that are given take the place of all there are.
pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let id = call.about_user()?;
    let changes: Changes = call.body()?;
    let description = changes.description.map(|text| limits::text("description", Some(text))).transpose()?;
    let old = call.tenancy.user(&id)?.details.latest();
    let tags = changes.freeform_tags.unwrap_or_else(|| old.tags.clone());
    let defined_tags = changes.defined_tags.unwrap_or_else(|| old.defined_tags.clone());
    limits::tags(&tags, &defined_tags)?;
    call.check_match(&old.etag)?;
    call.tenancy.change_user(&id, call.now, |details| {
        details.description = description.unwrap_or_else(|| details.description.clone());
        details.email = changes.email.or_else(|| details.email.clone());
        (details.tags, details.defined_tags) = (tags, defined_tags);
    })?;
    latest(call, &id)
}

pub(super) fn update_capabilities(call: &mut Call<'_>) -> Answer {
    let id = call.about_user()?;
    let changes: BTreeMap<String, Option<bool>> = call.body()?;
    if let Some(unknown) = changes.keys().find(|name| !CAPABILITIES.contains(&name.as_str())) {
        return Err(Refusal::not_understood(format!("there is no capability {unknown}")));
    }
    call.check_match(&call.tenancy.user(&id)?.details.latest().etag)?;
    let changes = changes.into_iter().filter_map(|(name, can)| Some((name, can?)));
    call.tenancy.change_user(&id, call.now, |details| details.capabilities.extend(changes))?;
    latest(call, &id)
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let id = call.about_user()?;
    call.check_match(&call.tenancy.user(&id)?.details.latest().etag)?;
    call.tenancy.delete_user(&id)?;
    Ok(Reply::empty())
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    in_tenancy(call, &call.query("compartmentId").ok_or_else(|| Refusal::missing("compartmentId"))?)?;
    let wanted = call.query("name");
    let lag = call.lag + call.tenancy.lags.tag_lag;
    let in_default = call.tenancy.users.values().filter(|user| user.domain.is_none());
    let users = in_default.filter(|user| user.life.seen(call.now, call.lag));
    let named = users.filter(|user| wanted.as_ref().is_none_or(|wanted| *wanted == user.name));
    let items = named.map(|user| (user.id.clone(), shown(call, user, user.details.seen(call.now, lag)))).collect();
    call.page(items)
}

/// Users stand in the root compartment, which has the tenancy's id.
fn in_tenancy(call: &Call<'_>, compartment: &str) -> Result<(), Refusal> {
    if compartment != call.tenancy.id {
        return Err(Refusal::not_found("there is no such compartment"));
    }
    Ok(())
}

fn latest(call: &Call<'_>, id: &str) -> Answer {
    let user = call.tenancy.user(id)?;
    let details = user.details.latest();
    Ok(Reply::of(shown(call, user, details)).with_etag(&details.etag))
}

fn shown(call: &Call<'_>, user: &User, details: &Details) -> Value {
    json!({
        "id": user.id,
        "compartmentId": call.tenancy.id,
        "name": user.name,
        "description": details.description,
        "email": details.email,
        "emailVerified": false,
        "timeCreated": date(user.life.created),
        "lifecycleState": "ACTIVE",
        "inactiveStatus": null,
        "freeformTags": details.tags,
        "definedTags": details.defined_tags,
        "capabilities": details.capabilities,
        "isMfaActivated": false,
    })
}
