use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use cloud::{Cloud, RotatingResource};
use localcloud::{LocalCloud, Options};
use rotation::testing::Rig;
use serde_json::{Value, json};
use system_aws::{Aws, AwsApiKey};

use super::AwsTrial;
use crate::aws::LocalAws;
use crate::child::say_aws;
use crate::suite::trials;

pub(super) const TRIALS: &[AwsTrial] = trials!("aws::access::", () =>
    roles_are_assumed_one_after_another,
    the_key_behind_a_role_counts_as_configured,
    a_temporary_key_stands_on_no_user,
    a_new_configuration_replaces_the_old_one,
    variables_and_files_are_looked_up,
    without_any_credentials_it_says_where_to_put_them,
);

async fn roles_are_assumed_one_after_another(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer_with(with_roles(aws, &["one", "two"]), user());
    ensure!(issuer.list().await?.is_some());
    ensure!(aws.calls() == ["AssumeRole", "AssumeRole", "ListAccessKeys"], "{:?}", aws.calls());
    let signers: Vec<_> = aws.cloud().journal().into_iter().filter_map(|entry| entry.signer).collect();
    let temporary: Vec<_> = signers.iter().map(|id| id.starts_with("ASIA")).collect();
    ensure!(temporary == [false, true, true], "{signers:?}");
    ensure!(signers[1] != signers[2], "the second role signs");
    Ok(())
}

async fn the_key_behind_a_role_counts_as_configured(aws: &LocalAws) -> Result<()> {
    let admin = aws.cloud().aws().admin_credentials().access_key_id;
    for config in [aws.config(), with_roles(aws, &["one"])] {
        let configured = aws.issuer_with(config, user()).configured_key().await?;
        ensure!(configured.as_ref().is_some_and(|key| key.0 == admin), "{configured:?}");
    }
    Ok(())
}

async fn a_temporary_key_stands_on_no_user(aws: &LocalAws) -> Result<()> {
    let admin = aws.cloud().aws().admin_credentials();
    let credentials = Credentials::new(admin.access_key_id, admin.secret_access_key, None, None, "conformance");
    let sts = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(aws.cloud().endpoint())
        .time_source(Signing(aws.clock().clone()))
        .build();
    let role = aws_config::sts::AssumeRoleProvider::builder("arn:aws:iam::123456789012:role/one")
        .configure(&sts)
        .session_name("conformance")
        .build_from_provider(credentials)
        .await;
    let session = aws_credential_types::provider::ProvideCredentials::provide_credentials(&role).await?;
    let mut config = aws.config();
    config["accessKey"] = session.access_key_id().into();
    config["secretKey"] = session.secret_access_key().into();
    config["token"] = session.session_token().into();
    let issuer = aws.issuer_with(config, user());
    ensure!(issuer.list().await?.is_some());
    ensure!(issuer.configured_key().await?.is_none());
    Ok(())
}

async fn a_new_configuration_replaces_the_old_one(aws: &LocalAws) -> Result<()> {
    let other = LocalAws::new()?;
    let system = Arc::new(Aws::new(Arc::new(aws.clock().clone())));
    for target in [aws, &other] {
        system.configure(serde_json::from_value(target.config())?);
        let issuer =
            AwsApiKey(Arc::clone(&system)).issuer(&serde_json::from_value(user())?, rotation::Known::default());
        ensure!(issuer.list().await?.is_some());
    }
    ensure!(aws.calls() == ["ListAccessKeys"] && other.calls() == ["ListAccessKeys"]);
    Ok(())
}

async fn variables_and_files_are_looked_up(_: &LocalAws) -> Result<()> {
    let cloud = LocalCloud::start(Options::default())?;
    cloud.aws().create_user(LocalAws::USER)?;
    let admin = cloud.aws().admin_credentials();
    let expected = format!("Some(0) Some({:?})", admin.access_key_id);
    let here = [("AWS_ENDPOINT_URL_IAM", cloud.endpoint()), ("AWS_ENDPOINT_URL_STS", cloud.endpoint())];
    let keys = [("AWS_ACCESS_KEY_ID", &*admin.access_key_id), ("AWS_SECRET_ACCESS_KEY", &*admin.secret_access_key)];
    let said = say_aws(&[here, keys].concat())?;
    ensure!(said == expected, "{said}");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("credentials");
    let lines = format!(
        "[ops]\nregion = eu-central-1\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        admin.access_key_id, admin.secret_access_key
    );
    std::fs::write(&file, lines)?;
    let file = file.to_str().context("a path in UTF-8")?;
    let profile = [("AWS_PROFILE", "ops"), ("AWS_SHARED_CREDENTIALS_FILE", file)];
    let said = say_aws(&[here, profile].concat())?;
    ensure!(said == expected, "{said}");
    Ok(())
}

async fn without_any_credentials_it_says_where_to_put_them(_: &LocalAws) -> Result<()> {
    let said =
        say_aws(&[("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9"), ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")])?;
    for word in ["iam:ListAccessKeys", "no AWS credentials", "keyrotation:aws.accessKey", "AWS environment"] {
        ensure!(said.contains(word), "{said}");
    }
    Ok(())
}

fn with_roles(aws: &LocalAws, names: &[&str]) -> Value {
    let role = |name: &&str| json!({"roleArn": format!("arn:aws:iam::123456789012:role/{name}"), "externalId": "x"});
    let mut config: BTreeMap<String, Value> = serde_json::from_value(aws.config()).unwrap_or_default();
    config.insert("assumeRoles".to_owned(), names.iter().map(role).collect());
    json!(config)
}

fn user() -> Value {
    json!({"user": LocalAws::USER})
}

/// The manual clock, for a client that is not the plugin's.
#[derive(Debug)]
struct Signing(rotation::testing::ManualClock);

impl aws_smithy_async::time::TimeSource for Signing {
    fn now(&self) -> std::time::SystemTime {
        rotation::Clock::now(&self.0).try_into().unwrap_or(std::time::SystemTime::UNIX_EPOCH)
    }
}
