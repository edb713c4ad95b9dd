//! How secrets come and go, and what is noted at them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::actions::replication;
use super::call::{Answer, Call, date};
use super::error;
use super::secret::{Deletion, Secret, Versions};
use crate::aws::error::Refusal;
use crate::lag::History;

/// The most tags of a secret (Secrets Manager User Guide, "Quotas").
const TAGS: usize = 50;
/// The shortest, the longest and the ordinary recovery window, in days.
const WINDOW: (i64, i64, i64) = (7, 30, 30);

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let name = call.text("Name", (1, 512))?.ok_or_else(|| error::constraint("Name must not be null"))?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c)) {
        return Err(error::invalid(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    let (description, kms_key) = (call.text("Description", (0, 2048))?, call.text("KmsKeyId", (0, 2048))?);
    let (tags, value, token) = (call.tags()?, call.value()?, call.token()?);
    call.about(&name)?;
    if !tags.is_empty() {
        call.permit("TagResource", &name)?;
    }
    let replicas = regions(call);
    if let Ok(known) = call.account.secrets.find_mut(call.region, &name) {
        // A repetition of the call that made it changes nothing.
        let same =
            value.is_some_and(|value| known.versions.latest().get(&token).is_some_and(|v| v.value == Some(value)));
        return match known.deletion {
            Some(_) => Err(error::name_waits()),
            None if same => Ok(made(known, Some(&token))),
            None => Err(error::exists(&name)),
        };
    }
    let arn = format!(
        "arn:aws:secretsmanager:{}:{}:secret:{name}-{}",
        call.region,
        call.account.id,
        call.account.random.base64(6).replace(['+', '/'], "x")
    );
    let mut secret = Secret {
        description,
        kms_key,
        tags: noted(BTreeMap::new(), tags)?,
        replicas,
        ..empty(name, arn, call.region, call.now)
    };
    let token = match value {
        Some(value) => secret.put(&token, value, None, call.now).map(|()| Some(token))?,
        None => None,
    };
    let answer = made(&secret, token.as_deref());
    call.account.secrets.secrets.push(secret);
    Ok(answer)
}

/// A secret of which nothing but the name is known.
pub(super) fn empty(name: String, arn: String, region: &str, now: Timestamp) -> Secret {
    Secret {
        name,
        arn,
        region: region.to_owned(),
        description: None,
        kms_key: None,
        tags: BTreeMap::new(),
        replicas: BTreeSet::new(),
        created: now,
        changed: now,
        rotated: None,
        deletion: None,
        rotation: None,
        versions: History::new(Versions::new()),
    }
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let force = call.flag("ForceDeleteWithoutRecovery").unwrap_or(false);
    let (least, most, ordinary) = WINDOW;
    let days = match call.number("RecoveryWindowInDays") {
        Some(_) if force => {
            return Err(error::invalid(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            ));
        }
        Some(days) if !(least..=most).contains(&days) => {
            return Err(error::invalid(format!(
                "The RecoveryWindowInDays value must be between {least} and {most} days (inclusive)."
            )));
        }
        days => days.unwrap_or(ordinary),
    };
    let now = call.now;
    let id = call.secret_id()?;
    let found = call.account.secrets.find_mut(call.region, &id);
    let secret = match found {
        // Asked to leave nothing, the service does not mind that nothing is there.
        Err(missing) if force && missing.code == "ResourceNotFoundException" => {
            return Ok(json!({ "Name": id, "DeletionDate": date(now) }));
        }
        found => found?,
    };
    if !secret.replicas.is_empty() {
        return Err(error::has_replicas());
    }
    if secret.deletion.is_some() && !force {
        return Err(error::deleted_already());
    }
    let window = if force { SignedDuration::ZERO } else { SignedDuration::from_hours(24 * days) };
    let until = now.saturating_add(window).unwrap_or(now);
    secret.deletion = Some(Deletion { at: now, until });
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": date(until) }))
}

pub(super) fn restore(call: &mut Call<'_>) -> Answer {
    let secret = call.secret_mut()?;
    secret.deletion = None;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

pub(super) fn tag(call: &mut Call<'_>) -> Answer {
    let tags = call.tags()?;
    let secret = call.secret_mut()?;
    secret.in_use()?;
    secret.tags = noted(secret.tags.clone(), tags)?;
    Ok(json!({}))
}

pub(super) fn untag(call: &mut Call<'_>) -> Answer {
    let keys = call.list("TagKeys").unwrap_or_default();
    let secret = call.secret_mut()?;
    secret.in_use()?;
    secret.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn remove_regions(call: &mut Call<'_>) -> Answer {
    let regions = call.list("RemoveReplicaRegions").unwrap_or_default();
    let secret = call.secret_mut()?;
    secret.replicas.retain(|region| !regions.contains(region));
    Ok(json!({ "ARN": secret.arn, "ReplicationStatus": replication(secret) }))
}

fn made(secret: &Secret, token: Option<&str>) -> Json {
    let mut answer = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(token) = token {
        answer["VersionId"] = json!(token);
    }
    if !secret.replicas.is_empty() {
        answer["ReplicationStatus"] = replication(secret);
    }
    answer
}

fn noted(
    mut tags: BTreeMap<String, String>,
    added: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    tags.extend(added);
    if tags.len() > TAGS {
        return Err(error::invalid(format!("You can't have more than {TAGS} tags on a secret.")));
    }
    Ok(tags)
}

fn regions(call: &Call<'_>) -> BTreeSet<String> {
    let added = call.body.get("AddReplicaRegions").and_then(Json::as_array).into_iter().flatten();
    added.filter_map(|region| region.get("Region")?.as_str()).map(str::to_owned).collect()
}
