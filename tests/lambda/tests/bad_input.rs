//! Bad input: an error that names it, in one line that says what works, and nothing changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

use anyhow::{Context, Error, Result};
use lambda_trials::{Ended, FUNCTION, Rig, SECRET, System};
use serde_json::{Value, json};

/// A rig with a key in its secret, about to rotate.
async fn ready(system: System) -> Result<(Rig, Vec<Value>)> {
    let rig = Rig::new(system, &json!({}))?;
    rig.rotate_hourly(1).await.map_err(Error::msg)?;
    let payloads = rig.begin()?.payloads;
    Ok((rig, payloads))
}

/// Insists that an invocation fails with a line that has these parts, and that it changes nothing.
async fn refused(rig: &Rig, payload: &Value, parts: &[&str]) -> Result<String> {
    let look = || {
        let secret = rig.cloud.aws().secret(SECRET).map(|secret| serde_json::to_string(&secret.versions));
        (
            rig.keys(),
            rig.system.tags(&rig.cloud),
            secret.map(Result::unwrap_or_default),
            rig.current().map(|key| key.id),
        )
    };
    let before = look();
    let Ended::Failed(line) = rig.invoke(payload).await else { anyhow::bail!("not refused: {payload}") };
    assert_eq!(before, look(), "{line}");
    for part in parts {
        assert!(line.contains(part), "{part:?} is not in: {line}");
    }
    assert!(!line.contains('\n') && !line.to_lowercase().contains("pulumi"), "{line}");
    assert!(rig.lines().contains(&line), "it is logged");
    assert_eq!(rig.leaks(), Vec::<String>::new());
    Ok(line)
}

/// Somebody writes other JSON into the secret.
fn edit(rig: &Rig, change: impl FnOnce(&mut Value)) -> Result<()> {
    let held = rig.cloud.aws().secret_value(SECRET, "AWSCURRENT").context("a value")?;
    let mut json: Value = serde_json::from_str(&held)?;
    change(&mut json);
    rig.cloud.aws().edit_secret(SECRET, &json.to_string())?;
    Ok(())
}

#[tokio::test]
async fn an_event_that_is_none_of_a_rotation() -> Result<()> {
    let (rig, payloads) = ready(System::Aws).await?;
    for name in ["Step", "SecretId", "ClientRequestToken"] {
        let mut payload = payloads[0].clone();
        payload[name] = Value::Null;
        refused(&rig, &payload, &[name, "Nothing was changed"]).await?;
    }
    let mut payload = payloads[0].clone();
    payload["Step"] = json!("dropSecret");
    refused(&rig, &payload, &["`Step`", "createSecret"]).await?;
    payload = payloads[0].clone();
    payload["SecretId"] = json!("arn:aws:secretsmanager:us-east-1:123456789012:secret:none-AbCdEf");
    refused(&rig, &payload, &["none", "does not exist"]).await?;
    Ok(())
}

#[tokio::test]
async fn rotation_that_is_not_enabled() -> Result<()> {
    let (rig, payloads) = ready(System::Aws).await?;
    rig.cloud.aws().set_rotation(SECRET, None)?;
    for payload in &payloads {
        refused(&rig, payload, &["rotation is not enabled", SECRET]).await?;
    }
    rig.cloud.aws().set_rotation(SECRET, Some(FUNCTION))?;
    rig.steps(&payloads).await.map_err(Error::msg)
}

#[tokio::test]
async fn an_unknown_token_and_a_version_that_is_not_pending() -> Result<()> {
    let (rig, payloads) = ready(System::Aws).await?;
    for payload in &payloads {
        let mut unknown = payload.clone();
        unknown["ClientRequestToken"] = json!("00000000-0000-0000-0000-000000000000");
        refused(&rig, &unknown, &["00000000-0000", "ClientRequestToken"]).await?;
    }
    rig.steps(&payloads).await.map_err(Error::msg)?;
    rig.rotate().await.map_err(Error::msg)?;
    for payload in &payloads {
        refused(&rig, payload, &["not AWSPENDING", "AWSPREVIOUS"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_step_before_its_time() -> Result<()> {
    for system in System::ALL {
        let (rig, payloads) = ready(system).await?;
        for step in [1, 3] {
            refused(&rig, &payloads[step], &["holds no new key", "createSecret"]).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_not_json_or_names_nothing() -> Result<()> {
    let (rig, payloads) = ready(System::Aws).await?;
    for (text, part) in [
        ("not json, and hidden", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        ("{}", "`system` is required"),
        (r#"{"system": "azure", "user": "ci"}"#, "`system` is none of aws, oci, confluent, vault"),
        (r#"{"system": "aws"}"#, "`user`"),
        (r#"{"system": "aws", "user": 7}"#, "`user`"),
        (r#"{"system": "aws", "user": "a b"}"#, "`user`"),
        (r#"{"system": "oci"}"#, "`userId`"),
        (r#"{"system": "oci", "userId": "hidden"}"#, "`userId`"),
        (r#"{"system": "confluent"}"#, "`owner`"),
        (r#"{"system": "vault", "role": "ci"}"#, "`mount`"),
        (r#"{"system": "aws", "user": "ci", "overlap": "soon"}"#, "`overlap`"),
        (r#"{"system": "aws", "user": "ci", "overlap": "0s"}"#, "`overlap`"),
        (r#"{"system": "aws", "user": "ci", "retirement": {"soak": "1d"}}"#, "`retirement`"),
        (r#"{"system": "aws", "user": "ci", "adminSecret": 3}"#, "`adminSecret`"),
    ] {
        rig.cloud.aws().edit_secret(SECRET, text)?;
        let line = refused(&rig, &payloads[0], &[part, SECRET]).await?;
        assert!(!line.contains("hidden"), "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_missing_principal() -> Result<()> {
    let (rig, payloads) = ready(System::Aws).await?;
    rig.cloud.aws().edit_secret(SECRET, r#"{"system": "aws", "user": "nobody"}"#)?;
    refused(&rig, &payloads[0], &["\"nobody\"", "does not exist"]).await?;
    let (rig, payloads) = ready(System::Oci).await?;
    edit(&rig, |json| {
        *json = json!({"system": "oci", "adminSecret": System::ADMIN, "userId": "ocid1.user.oc1..aaaaaaaanobody"});
    })?;
    refused(&rig, &payloads[0], &["ocid1.user.oc1..aaaaaaaanobody"]).await?;
    Ok(())
}

#[tokio::test]
async fn an_administrators_secret_that_is_not_there_or_wrong() -> Result<()> {
    let (rig, payloads) = ready(System::Oci).await?;
    for (admin, parts) in [
        (None, ["oci/admin", "does not exist"]),
        (Some("hidden"), ["oci/admin", "is not a JSON object"]),
        (Some(r#"{"tenancy": "hidden"}"#), ["oci/admin", "`tenancy`"]),
        (Some(r#"{"tenancyOcid": "hidden"}"#), ["oci/admin", "`tenancyOcid`"]),
    ] {
        rig.cloud.aws().delete_secret(System::ADMIN)?;
        if let Some(text) = admin {
            rig.cloud.aws().create_secret(System::ADMIN, Some(text))?;
        }
        let line = refused(&rig, &payloads[0], &parts).await?;
        assert!(!line.contains("hidden"), "{line}");
        if admin.is_none() {
            rig.cloud.aws().create_secret(System::ADMIN, Some("{}"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_role_without_a_permission() -> Result<()> {
    // The first call that needs it, by the step in which it comes.
    for (action, step) in [
        ("secretsmanager:DescribeSecret", 0),
        ("secretsmanager:GetSecretValue", 0),
        ("iam:ListAccessKeys", 0),
        ("iam:ListUserTags", 0),
        ("iam:TagUser", 0),
    ] {
        let (mut rig, payloads) = ready(System::Aws).await?;
        rig.cloud.aws().create_user("role")?;
        let key = rig.cloud.aws().mint_key("role")?;
        rig.clock.advance(jiff::SignedDuration::from_hours(1));
        rig.sign_as(&key)?;
        rig.cloud.aws().deny("role", &[action])?;
        refused(&rig, &payloads[step], &[action]).await?;
        rig.cloud.aws().deny("role", &[])?;
        rig.steps(&payloads).await.map_err(Error::msg)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_right_that_is_missing_in_the_middle_of_a_step_is_named_and_healed() -> Result<()> {
    for (action, step) in [
        ("iam:CreateAccessKey", 0),
        ("secretsmanager:PutSecretValue", 0),
        ("secretsmanager:UpdateSecretVersionStage", 3),
        ("iam:TagUser", 3),
    ] {
        let (mut rig, payloads) = ready(System::Aws).await?;
        rig.cloud.aws().create_user("role")?;
        let key = rig.cloud.aws().mint_key("role")?;
        rig.clock.advance(jiff::SignedDuration::from_hours(1));
        rig.sign_as(&key)?;
        rig.steps(&payloads[..step]).await.map_err(Error::msg)?;
        rig.cloud.aws().deny("role", &[action])?;
        let Ended::Failed(line) = rig.invoke(&payloads[step]).await else { anyhow::bail!("not refused: {action}") };
        assert!(line.contains(action) && line.contains("AWSCURRENT"), "{line}");
        assert!(rig.works(&rig.current().context("a key")?));
        rig.cloud.aws().deny("role", &[])?;
        rig.clock.advance(jiff::SignedDuration::from_mins(2));
        rig.steps(&payloads[step..]).await.map_err(Error::msg)?;
        assert_eq!(rig.keys().len(), 2, "{action}");
    }
    Ok(())
}

#[tokio::test]
async fn json_that_names_another_principal_in_the_middle_of_a_rotation() -> Result<()> {
    let (rig, payloads) = ready(System::Aws).await?;
    rig.steps(&payloads[..1]).await.map_err(Error::msg)?;
    rig.cloud.aws().create_user("other")?;
    edit(&rig, |json| json["user"] = json!("other"))?;
    refused(&rig, &payloads[2], &["another principal", "AWSPENDING"]).await?;
    Ok(())
}
