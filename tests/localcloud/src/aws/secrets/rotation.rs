//! Rotation as AWS drives it: an empty version under AWSPENDING, and a function that is led through four steps.
//!
//! A function that has an address is invoked there, after the call, as `drive` says. Any other one is AWS's template
//! (`SecretsManagerRotationTemplate` of aws-samples), with a made-up password as its secret, which runs within the call.

use serde_json::json;

use super::call::{Answer, Call};
use super::driven::{TEST, WHOLE};
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
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    if let Some(standing) = standing(secret) {
        // AWS says so, and does it.
        call.account.secrets.begin_driving(&function, (&arn, &standing), &WHOLE, &mut call.account.random);
        return Err(error::rotation_stands());
    }
    secret.rotation = Some(Rotation { enabled: true, function: function.clone(), rules });
    let is_driven = call.account.secrets.functions.contains_key(&function);
    let secret = call.account.secrets.find_mut(call.region, &arn)?;
    match (at_once, is_driven) {
        (true, true) => {
            secret.begin_version(&token, now)?;
            call.account.secrets.begin_driving(&function, (&arn, &token), &WHOLE, &mut call.account.random);
        }
        (true, false) => {
            secret.begin_version(&token, now)?;
            if !fails {
                run(secret, &token, password.clone(), now)?;
                call.account.issued.push((arn.clone(), password));
            }
        }
        (false, true) => {
            secret.begin_version(&token, now)?;
            call.account.secrets.begin_driving(&function, (&arn, &token), &TEST, &mut call.account.random);
        }
        (false, false) => {}
    }
    Ok(json!({ "ARN": arn, "Name": name, "VersionId": token }))
}

/// The version of a rotation that is not complete.
pub(super) fn standing(secret: &Secret) -> Option<String> {
    let versions = secret.versions.latest();
    holder(versions, PENDING).filter(|pending| Some(pending) != holder(versions, CURRENT).as_ref())
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
