//! Rotation as AWS drives it: an empty version under AWSPENDING, and a function that is led through four steps.
//!
//! The function is AWS's template (`SecretsManagerRotationTemplate` of aws-samples), with a made-up password as its secret. It
//! runs within the call; AWS runs it afterwards.

use serde_json::json;

use super::call::{Answer, Call};
use super::error;
use super::secret::{CURRENT, PENDING, Rotation, Secret, Value, holder};
use crate::aws::error::Refusal;
use jiff::Timestamp;

pub(super) fn rotate(call: &mut Call<'_>) -> Answer {
    let function = call.text("RotationLambdaARN", (0, 2048))?;
    let rules = call.body.get("RotationRules").cloned();
    let at_once = call.flag("RotateImmediately").unwrap_or(true);
    let (token, now, fails) = (call.token()?, call.now, call.account.secrets.rotations_fail);
    let password = call.account.random.base64(32);
    let secret = call.secret_mut()?;
    secret.in_use()?;
    let known = secret.rotation.as_ref().map(|rotation| rotation.function.clone());
    let function = function.or(known).ok_or_else(error::no_function)?;
    let rules = rules.unwrap_or_else(|| json!({ "AutomaticallyAfterDays": 30 }));
    let versions = secret.versions.latest();
    let pending = holder(versions, PENDING);
    if pending.is_some() && pending != holder(versions, CURRENT) {
        return Err(error::rotation_stands());
    }
    secret.rotation = Some(Rotation { enabled: true, function, rules });
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    if at_once {
        secret.begin_version(&token, now)?;
        if !fails {
            run(secret, &token, password.clone(), now)?;
            call.account.issued.push((arn.clone(), password));
        }
    }
    Ok(json!({ "ARN": arn, "Name": name, "VersionId": token }))
}

pub(super) fn cancel(call: &mut Call<'_>) -> Answer {
    let secret = call.secret_mut()?;
    secret.in_use()?;
    if let Some(rotation) = &mut secret.rotation {
        rotation.enabled = false;
    }
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": holder(secret.versions.latest(), PENDING) }))
}

/// createSecret, and after two steps that have nothing to do here, finishSecret, which leaves AWSPENDING.
fn run(secret: &mut Secret, token: &str, password: String, now: Timestamp) -> Result<(), Refusal> {
    let current = holder(secret.versions.latest(), CURRENT);
    secret.put(token, Value::Text(password), Some([PENDING.to_owned()].into()), now)?;
    let current = current.filter(|current| current != token);
    secret.move_stage(CURRENT, (current.as_deref(), Some(token)), now)?;
    secret.rotated = Some(now);
    Ok(())
}
