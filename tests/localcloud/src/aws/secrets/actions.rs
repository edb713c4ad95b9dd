//! The actions on values and labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::call::{Answer, Call, date};
use super::error;
use super::secret::{Secret, Value, Versions, Wanted};
use super::{lifecycle, rotation};

/// Does what a call asks; nothing, for an action that is not known.
pub(super) fn answer(call: &mut Call<'_>) -> Option<Answer> {
    call.account.secrets.purge(call.now);
    Some(match call.action {
        "CreateSecret" => lifecycle::create(call),
        "DeleteSecret" => lifecycle::delete(call),
        "RestoreSecret" => lifecycle::restore(call),
        "TagResource" => lifecycle::tag(call),
        "UntagResource" => lifecycle::untag(call),
        "RemoveRegionsFromReplication" => lifecycle::remove_regions(call),
        "DescribeSecret" => describe(call),
        "GetSecretValue" => get(call),
        "PutSecretValue" => put(call),
        "UpdateSecretVersionStage" => move_stage(call),
        "ListSecretVersionIds" => list_versions(call),
        "RotateSecret" => rotation::rotate(call),
        "CancelRotateSecret" => rotation::cancel(call),
        _ => return None,
    })
}

fn get(call: &mut Call<'_>) -> Answer {
    let version = call.text("VersionId", (32, 64))?;
    let stage = call.text("VersionStage", (1, 256))?;
    let (now, lag) = (call.now, call.account.secrets.lag);
    let secret = call.secret()?;
    secret.in_use()?;
    let wanted = Wanted { version: version.as_deref(), stage: stage.as_deref() };
    let (id, version) = secret.read(&wanted, now, lag)?;
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "VersionStages": version.stages,
        "CreatedDate": date(version.created),
    });
    match &version.value {
        Some(Value::Text(text)) => answer["SecretString"] = json!(text),
        Some(Value::Binary(bytes)) => answer["SecretBinary"] = json!(bytes),
        None => {}
    }
    Ok(answer)
}

fn put(call: &mut Call<'_>) -> Answer {
    let value = call.value()?.ok_or_else(|| error::invalid("You must provide either SecretString or SecretBinary."))?;
    let stages = call.list("VersionStages").map(BTreeSet::from_iter);
    let stages = stages.filter(|stages: &BTreeSet<String>| !stages.is_empty());
    let (token, now) = (call.token()?, call.now);
    let rotation = call.text("RotationToken", (36, 256))?;
    let arn = call.secret()?.arn.clone();
    let wanted = call.account.secrets.rotation_tokens.get(&(arn, token.clone()));
    if wanted.is_some() && wanted != rotation.as_ref() {
        return Err(error::invalid("The RotationToken is invalid."));
    }
    let secret = call.secret_mut()?;
    secret.in_use()?;
    secret.put(&token, value, stages, now)?;
    let stages = secret.versions.latest().get(&token).map(|version| version.stages.clone());
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": stages }))
}

fn move_stage(call: &mut Call<'_>) -> Answer {
    let stage = call.text("VersionStage", (1, 256))?;
    let stage = stage.ok_or_else(|| error::constraint("VersionStage must not be null"))?;
    let to = call.text("MoveToVersionId", (32, 64))?;
    let from = call.text("RemoveFromVersionId", (32, 64))?;
    let now = call.now;
    let secret = call.secret_mut()?;
    secret.in_use()?;
    secret.move_stage(&stage, (from.as_deref(), to.as_deref()), now)?;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

/// Works on secrets that wait for their deletion, too.
fn describe(call: &mut Call<'_>) -> Answer {
    let (now, lag, region) = (call.now, call.account.secrets.lag, call.region.to_owned());
    let secret = call.secret()?;
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": date(secret.created),
        "LastChangedDate": date(secret.changed),
        "Tags": tags(&secret.tags),
        "VersionIdsToStages": labels(secret.versions.seen(now, lag)),
    });
    let optional = [
        ("Description", secret.description.as_ref().map(|text| json!(text))),
        ("KmsKeyId", secret.kms_key.as_ref().map(|key| json!(key))),
        ("DeletedDate", secret.deletion.map(|deletion| date(deletion.at))),
        ("LastRotatedDate", secret.rotated.map(date)),
        ("PrimaryRegion", (!secret.replicas.is_empty()).then(|| json!(secret.region))),
        ("ReplicationStatus", (!secret.replicas.is_empty() && secret.region == region).then(|| replication(secret))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            answer[name] = value;
        }
    }
    // Absent where rotation was never set up.
    if let Some(rotation) = &secret.rotation {
        answer["RotationEnabled"] = json!(rotation.enabled);
        answer["RotationLambdaARN"] = json!(rotation.function);
        answer["RotationRules"] = rotation.rules.clone();
    }
    Ok(answer)
}

fn list_versions(call: &mut Call<'_>) -> Answer {
    let deprecated = call.flag("IncludeDeprecated").unwrap_or(false);
    let (now, lag) = (call.now, call.account.secrets.lag);
    let secret = call.secret()?;
    secret.in_use()?;
    let versions = secret.versions.seen(now, lag).iter();
    let shown = versions.filter(|(_, version)| deprecated || !version.stages.is_empty());
    let versions: Vec<Json> = shown
        .map(|(id, version)| {
            json!({ "VersionId": id, "VersionStages": version.stages, "CreatedDate": date(version.created) })
        })
        .collect();
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "Versions": versions }))
}

/// The state of each replica. All are in order here at once.
pub(super) fn replication(secret: &Secret) -> Json {
    secret.replicas.iter().map(|region| json!({ "Region": region, "Status": "InSync" })).collect()
}

fn tags(tags: &BTreeMap<String, String>) -> Json {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// Versions without labels are not told.
fn labels(versions: &Versions) -> BTreeMap<&String, &BTreeSet<String>> {
    let labeled = versions.iter().filter(|(_, version)| !version.stages.is_empty());
    labeled.map(|(id, version)| (id, &version.stages)).collect()
}
