//! One of the resource and the function owns a principal; the other refuses, and names it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

use anyhow::{Context, Error, Result};
use lambda_trials::{Ended, FUNCTION, Rig, SECRET, System};
use localcloud::LocalCloud;
use plugin::KeyRotation;
use pulumi_provider::testing::{Harness, object};
use pulumi_provider::{Object, Value};
use serde_json::json;

const RESOURCE: &str = "keyrotation:aws:RotatingApiKey";
const OF_OCI: &str = "keyrotation:oci:RotatingApiKey";
/// The stack and the project of the harness, and the resource.
const NAME: &str = "key";

fn config(cloud: &LocalCloud) -> Object {
    let (admin, endpoint, oci) = (cloud.aws().admin_credentials(), cloud.endpoint(), cloud.oci().config());
    let endpoints = object([("iam", endpoint.into()), ("sts", endpoint.into()), ("secretsManager", endpoint.into())]);
    let aws = object([
        ("region", "us-east-1".into()),
        ("accessKey", Value::secret(admin.access_key_id.as_str())),
        ("secretKey", Value::secret(admin.secret_access_key.as_str())),
        ("endpoints", endpoints.into()),
    ]);
    let oci = object([
        ("tenancyOcid", oci.tenancy.as_str().into()),
        ("userOcid", oci.user.as_str().into()),
        ("privateKey", Value::secret(oci.key_content.as_str())),
        ("region", oci.region.as_str().into()),
        ("endpoints", object([("identity", format!("{endpoint}/oci/{{region}}").into())]).into()),
    ]);
    object([("aws", aws.into()), ("oci", oci.into())])
}

fn resource(system: System, rig: &Rig) -> Result<(&'static str, Object)> {
    let overlap = ("overlap", Value::from("1d"));
    Ok(match system {
        System::Aws => (RESOURCE, object([("user", System::USER.into()), overlap])),
        System::Oci => {
            let user = rig.cloud.oci().user(System::USER).context("the user")?;
            (OF_OCI, object([("userId", user.id.as_str().into()), overlap]))
        }
    })
}

#[tokio::test]
async fn a_function_refuses_the_principal_of_a_resource_and_names_it() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        let harness = Harness::start(KeyRotation::new(std::sync::Arc::new(rig.clock.clone()))).await?;
        harness.configure(config(&rig.cloud)).await.map_err(|error| Error::msg(format!("{error:?}")))?;
        let (kind, inputs) = resource(system, &rig)?;
        let mut key = harness.resource(kind, NAME);
        key.up(&inputs).await.map_err(|error| Error::msg(format!("{error:?}")))?;
        rig.clock.advance(jiff::SignedDuration::from_hours(1));
        let before = (rig.keys(), system.tags(&rig.cloud));
        for payload in &rig.begin()?.payloads[..1] {
            let Ended::Failed(line) = rig.invoke(payload).await else { anyhow::bail!("not refused") };
            assert!(line.contains(NAME) && line.contains("already manages its keys"), "{line}");
        }
        assert_eq!(before, (rig.keys(), system.tags(&rig.cloud)), "nothing was changed");
    }
    Ok(())
}

#[tokio::test]
async fn a_resource_refuses_the_principal_of_a_function_and_names_it() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        rig.rotate_hourly(1).await.map_err(Error::msg)?;
        let before = (rig.keys(), system.tags(&rig.cloud));
        let harness = Harness::start(KeyRotation::new(std::sync::Arc::new(rig.clock.clone()))).await?;
        harness.configure(config(&rig.cloud)).await.map_err(|error| Error::msg(format!("{error:?}")))?;
        let (kind, inputs) = resource(system, &rig)?;
        let refused = format!("{:?}", harness.resource(kind, NAME).up(&inputs).await.err().context("not refused")?);
        assert!(refused.contains(&format!("SecretsManager:{SECRET}")), "{refused}");
        assert_eq!(before, (rig.keys(), system.tags(&rig.cloud)), "nothing was changed");
        rig.rotate().await.map_err(Error::msg)?;
    }
    Ok(())
}

#[tokio::test]
async fn two_secrets_exclude_each_other() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({}))?;
    rig.rotate_hourly(1).await.map_err(Error::msg)?;
    let aws = rig.cloud.aws();
    aws.create_secret("second", Some(&json!({"system": "aws", "user": System::USER}).to_string()))?;
    aws.set_rotation("second", Some(FUNCTION))?;
    let payloads = aws.begin_rotation("second")?.payloads;
    let Ended::Failed(line) = rig.invoke(&payloads[0]).await else { anyhow::bail!("not refused") };
    assert!(line.contains(&format!("SecretsManager:{SECRET} already manages its keys")), "{line}");
    assert_eq!(rig.keys().len(), 1);
    rig.rotate().await.map_err(Error::msg)
}

#[tokio::test]
async fn a_delivery_refuses_the_secret_of_a_function() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({}))?;
    rig.cloud.aws().create_user("other")?;
    let harness = Harness::start(KeyRotation::new(std::sync::Arc::new(rig.clock.clone()))).await?;
    harness.configure(config(&rig.cloud)).await.map_err(|error| Error::msg(format!("{error:?}")))?;
    let delivery = object([("awsSecretsManager", object([("secretId", SECRET.into())]).into())]);
    let inputs = object([("user", "other".into()), ("deliveries", Value::Array(vec![delivery.into()]))]);
    let refused = format!("{:?}", harness.resource(RESOURCE, NAME).up(&inputs).await.err().context("not refused")?);
    assert!(refused.contains("already rotated by Secrets Manager") && refused.contains(FUNCTION), "{refused}");
    assert!(rig.cloud.aws().keys("other").is_empty());
    Ok(())
}

#[tokio::test]
async fn a_key_in_the_secret_opens_no_principal_that_is_managed() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({}))?;
    rig.rotate_hourly(1).await.map_err(Error::msg)?;
    let aws = rig.cloud.aws();
    let held = aws.secret_value(SECRET, "AWSCURRENT").context("a value")?;
    aws.create_secret("second", Some(&held))?;
    aws.set_rotation("second", Some(FUNCTION))?;
    let before = (rig.keys(), rig.system.tags(&rig.cloud));
    let Ended::Failed(line) = rig.invoke(&aws.begin_rotation("second")?.payloads[0]).await else {
        anyhow::bail!("not refused")
    };
    assert!(line.contains(SECRET), "{line}");
    assert_eq!(before, (rig.keys(), rig.system.tags(&rig.cloud)), "nothing was changed");
    Ok(())
}
