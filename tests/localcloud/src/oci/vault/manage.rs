//! CreateSecret, UpdateSecret, and the deletion of secrets and of their versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::rules::{about, change, found, number, vault};
use super::secret::{DEPRECATED, Secret, Upload};
use super::vaults::Kept;
use super::{limits, shown};
use crate::oci::call::{Answer, Call, Reply};
use crate::oci::error::Refusal;
use crate::oci::limits as common;
use crate::oci::secret::ocid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct New {
    compartment_id: Option<String>,
    vault_id: Option<String>,
    key_id: Option<String>,
    secret_name: Option<String>,
    description: Option<String>,
    freeform_tags: Option<BTreeMap<String, String>>,
    secret_content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Changes {
    current_version_number: Option<u64>,
    secret_content: Option<Content>,
    secret_rules: Option<Value>,
    description: Option<String>,
    freeform_tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Content {
    content_type: String,
    content: Option<String>,
    name: Option<String>,
    stage: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Deletion {
    time_of_deletion: Option<Timestamp>,
}

impl Content {
    fn upload(self) -> Result<Upload, Refusal> {
        let Self { content_type, content, name, stage } = self;
        if content_type != "BASE64" {
            return Err(Refusal::invalid("contentType must be BASE64."));
        }
        let content = content.ok_or_else(|| Refusal::missing("content"))?;
        limits::content(&content)?;
        name.iter().try_for_each(|name| limits::name("name", name))?;
        let is_pending = match stage.as_deref() {
            None | Some("CURRENT") => false,
            Some("PENDING") => true,
            Some(_) => return Err(Refusal::invalid("stage must be CURRENT or PENDING.")),
        };
        Ok(Upload { name, content, is_pending })
    }
}

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    let new: New = call.body()?;
    let needed = |value: Option<String>, name| value.ok_or_else(|| Refusal::missing(name));
    let compartment = needed(new.compartment_id, "compartmentId")?;
    let (wanted, key) = (needed(new.vault_id, "vaultId")?, needed(new.key_id, "keyId")?);
    let name = needed(new.secret_name, "secretName")?;
    limits::name("secretName", &name)?;
    call.effect.principal = Some(name.clone());
    let known = [&call.tenancy.id, &call.tenancy.compartment].contains(&&compartment);
    if !known || vault(call) != (wanted.clone(), key.clone()) {
        return Err(Refusal::related("the compartment, the vault or the key is not there"));
    }
    if call.tenancy.vaults.named((&wanted, &name), call.now).is_some() {
        return Err(Refusal::exists(format!("The vault has a secret with the name {name}.")));
    }
    let upload = new.secret_content.ok_or_else(|| Refusal::missing("secretContent"))?.upload()?;
    if upload.is_pending {
        return Err(Refusal::invalid("The stage of a secret's first version must be CURRENT."));
    }
    let tags = new.freeform_tags.unwrap_or_default();
    common::tags(&tags, &Map::new())?;
    let mut first = Secret { description: new.description, tags, etag: call.tenancy.etag(), ..Secret::default() };
    first.upload(upload, call.now)?;
    let id = ocid("vaultsecret", &mut call.tenancy.random);
    let place = (id.clone(), call.region.name.clone());
    let kept = Kept::new(place, [compartment, wanted, key, name], (first, call.now));
    call.tenancy.vaults.secrets.insert(id.clone(), kept);
    Ok(shown::reply(call, found(call, &id)?).made(&id))
}

/// A new value, another current version, or other rules: one of them at a time.
pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    let changes: Changes = call.body()?;
    let kinds =
        [changes.current_version_number.is_some(), changes.secret_content.is_some(), changes.secret_rules.is_some()];
    if kinds.into_iter().filter(|is_there| *is_there).count() > 1 {
        let words = "secretContent, currentVersionNumber and secretRules cannot be changed at the same time.";
        return Err(Refusal::invalid(words));
    }
    let upload = changes.secret_content.map(Content::upload).transpose()?;
    let now = call.now;
    change(call, &id, (ACTIVE, "UPDATING"), |_, secret| {
        secret.description = changes.description.or_else(|| secret.description.take());
        if let Some(tags) = changes.freeform_tags {
            common::tags(&tags, &Map::new())?;
            secret.tags = tags;
        }
        if let Some(upload) = upload {
            secret.upload(upload, now)?;
        }
        changes.current_version_number.map_or(Ok(()), |number| secret.make_current(number))
    })?;
    Ok(shown::reply(call, found(call, &id)?))
}

const ACTIVE: &str = "ACTIVE";

pub(super) fn schedule(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    let at = deletion(call)?;
    change(call, &id, (ACTIVE, "SCHEDULING_DELETION"), |kept, _| {
        kept.leaves = Some(at);
        Ok(())
    })?;
    done(call, &id)
}

pub(super) fn cancel(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    change(call, &id, ("PENDING_DELETION", "CANCELLING_DELETION"), |kept, _| {
        kept.leaves = None;
        Ok(())
    })?;
    done(call, &id)
}

pub(super) fn schedule_version(call: &mut Call<'_>) -> Answer {
    let (id, number) = (about(call)?, number(call)?);
    let at = deletion(call)?;
    change(call, &id, (ACTIVE, "UPDATING"), |_, secret| {
        let leaving = secret.leaving();
        let version = secret.version_mut(number)?;
        if version.leaves.is_some() {
            return Err(Refusal::incorrect_state("PENDING_DELETION"));
        }
        if !version.has(DEPRECATED) {
            return Err(Refusal::invalid("Only a deprecated version can be deleted."));
        }
        if leaving >= limits::VERSIONS {
            return Err(Refusal::too_many_versions(limits::VERSIONS));
        }
        version.leaves = Some(at);
        Ok(())
    })?;
    done(call, &id)
}

pub(super) fn cancel_version(call: &mut Call<'_>) -> Answer {
    let (id, number) = (about(call)?, number(call)?);
    change(call, &id, (ACTIVE, "UPDATING"), |_, secret| {
        let version = secret.version_mut(number)?;
        let leaves = version.leaves.take();
        leaves.map(drop).ok_or_else(|| Refusal::incorrect_state(ACTIVE))
    })?;
    done(call, &id)
}

fn deletion(call: &Call<'_>) -> Result<Timestamp, Refusal> {
    let wanted = if call.request.body.is_empty() { Deletion::default() } else { call.body()? };
    limits::deletion(wanted.time_of_deletion, call.now)
}

/// 200 without a body, and the new etag.
fn done(call: &Call<'_>, id: &str) -> Answer {
    let etag = found(call, id)?.latest(call.now).etag;
    Ok(Reply::empty().with_etag(&etag))
}
