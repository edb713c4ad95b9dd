use anyhow::{Context, Result, ensure};
use rotation::testing::Rig;
use rotation::{Effect, Error, ErrorKind, KeyId, KeyIssuer, Ledger, OwnerId, Retry};
use serde_json::{Value, json};

use super::AwsTrial;
use crate::aws::LocalAws;
use crate::orders::{accepted, mint};
use crate::rig::{ReachableRig, nowhere};
use crate::suite::trials;

pub(super) const TRIALS: &[AwsTrial] = trials!("aws::messages::", () =>
    each_missing_permission_is_named,
    a_user_that_does_not_exist_is_named,
    an_address_that_nobody_answers_is_named_by_its_property,
    refused_credentials_are_named_by_their_properties,
    a_wrong_configuration_is_named_before_any_call,
    a_role_that_may_not_be_assumed_is_named,
    a_key_of_another_user_is_refused_for_good,
    nothing_that_is_shown_holds_a_secret,
);

const ACTIONS: [&str; 8] = [
    "iam:ListAccessKeys",
    "iam:ListUserTags",
    "iam:TagUser",
    "iam:UntagUser",
    "iam:CreateAccessKey",
    "iam:GetAccessKeyLastUsed",
    "iam:UpdateAccessKey",
    "iam:DeleteAccessKey",
];

async fn each_missing_permission_is_named(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer();
    let key = mint(&*issuer).await?.id;
    let before = (aws.keys(), aws.cloud().aws().tags(LocalAws::USER));
    for action in ACTIONS {
        aws.cloud().aws().deny("admin", &[action])?;
        let error = call(&*issuer, action, &key).await.err().with_context(|| format!("{action} was permitted"))?;
        ensure!(error.kind == ErrorKind::Denied && error.retry == Retry::Never, "{error:?}");
        ensure!(error.operation == action && error.message.contains(action), "{error}");
    }
    ensure!((aws.keys(), aws.cloud().aws().tags(LocalAws::USER)) == before);
    Ok(())
}

async fn a_user_that_does_not_exist_is_named(aws: &LocalAws) -> Result<()> {
    let issuer = aws.nobody();
    for action in ["iam:ListUserTags", "iam:TagUser", "iam:CreateAccessKey"] {
        let error = call(&*issuer, action, &KeyId(String::new())).await.err().context("nobody was found")?;
        ensure!(error.kind == ErrorKind::NotFound, "{error:?}");
        ensure!(error.message.contains("\"nobody\"") && error.message.contains("`user`"), "{error}");
    }
    Ok(())
}

async fn an_address_that_nobody_answers_is_named_by_its_property(aws: &LocalAws) -> Result<()> {
    let nowhere = nowhere().context("no address")?;
    let key = mint(&*aws.issuer()).await?;
    let mut config = aws.config();
    config["endpoints"]["iam"] = nowhere.clone().into();
    let error = aws.issuer_with(config, user()).list().await.err().context("it was listed")?;
    for part in ["IAM at", nowhere.as_str(), "`keyrotation:aws.endpoints.iam`", "refused"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    let mut config = aws.config();
    config["endpoints"]["sts"] = nowhere.clone().into();
    let error = aws.issuer_with(config, user()).verify(&key.material).await.err().context("it was accepted")?;
    for part in ["STS at", nowhere.as_str(), "`keyrotation:aws.endpoints.sts`", "refused", "it is kept"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    ensure!(error.kind == ErrorKind::Unreachable && error.retry == Retry::Never, "{error:?}");
    Ok(())
}

async fn refused_credentials_are_named_by_their_properties(aws: &LocalAws) -> Result<()> {
    for (property, value, words) in [
        ("accessKey", "AKIAIOSFODNN7EXAMPLE", ["InvalidClientTokenId", "keyrotation:aws.accessKey"]),
        ("secretKey", "not-the-secret", ["SignatureDoesNotMatch", "clock of this machine"]),
        ("token", "not-a-token", ["InvalidClientTokenId", "AWS environment"]),
    ] {
        let mut config = aws.config();
        config[property] = value.into();
        let error = aws.issuer_with(config, user()).list().await.err().context("it was listed")?;
        ensure!(error.kind == ErrorKind::Unauthenticated && error.retry == Retry::Never, "{error:?}");
        ensure!(words.iter().all(|word| error.message.contains(word)), "{error}");
        ensure!(!error.message.contains(value), "{error}");
    }
    Ok(())
}

async fn a_wrong_configuration_is_named_before_any_call(aws: &LocalAws) -> Result<()> {
    let mut wrong = aws.config();
    wrong["secretKey"] = "".into();
    let error = aws.issuer_with(wrong, user()).list().await.err().context("it was listed")?;
    ensure!(error.message.contains("keyrotation:aws.secretKey"), "{error}");
    ensure!(aws.calls().is_empty());
    Ok(())
}

async fn a_role_that_may_not_be_assumed_is_named(aws: &LocalAws) -> Result<()> {
    let mut config = aws.config();
    config["assumeRoles"] = json!([{"roleArn": "arn:aws:iam::123456789012:role/one"}]);
    aws.cloud().aws().deny("admin", &["sts:AssumeRole"])?;
    let error = aws.issuer_with(config, user()).list().await.err().context("it was listed")?;
    ensure!(error.kind == ErrorKind::Unauthenticated && error.effect == Effect::None, "{error:?}");
    ensure!(error.message.contains("keyrotation:aws.assumeRoles") && error.message.contains("AccessDenied"), "{error}");
    Ok(())
}

async fn a_key_of_another_user_is_refused_for_good(aws: &LocalAws) -> Result<()> {
    aws.cloud().aws().create_user("ci2")?;
    let theirs = aws.issuer_with(aws.config(), json!({"user": "ci2"}));
    let key = mint(&*theirs).await?;
    accepted(aws, &*theirs, &key.material).await?;
    let error = aws.issuer().verify(&key.material).await.err().context("it was accepted")?;
    ensure!(error.kind == ErrorKind::Unverified && error.retry == Retry::Never, "{error:?}");
    Ok(())
}

async fn nothing_that_is_shown_holds_a_secret(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer_with(aws.config(), json!({"user": LocalAws::USER, "sesRegion": "eu-central-1"}));
    let key = mint(&*issuer).await?;
    let mut shown = format!("{key:?} {:?} {:?}", issuer.list().await?, issuer.verify(&key.material).await);
    for action in ACTIONS {
        for fault in rotation::testing::Fault::ALL.into_iter().take(6) {
            aws.inject(aws.calls().len(), fault);
            let result = call(&*issuer, action, &key.id).await;
            shown.push_str(&result.map_or_else(|error| format!("{error} {error:?}"), |()| String::new()));
            aws.calm();
        }
    }
    let leaked = aws.cloud().aws().leaks(&shown);
    ensure!(leaked.is_empty(), "the secrets of {leaked:?} are shown");
    let fields = ["secretAccessKey", "sesSmtpPassword"].map(|name| key.material.get(name));
    for field in fields {
        let Some(rotation::Field::Secret(secret)) = field else { anyhow::bail!("a field is missing or plain") };
        let secret = secrecy::ExposeSecret::expose_secret(secret);
        ensure!(secret.len() >= 40 && !shown.contains(secret));
    }
    Ok(())
}

async fn call(issuer: &dyn KeyIssuer, action: &str, key: &KeyId) -> Result<(), Error> {
    let owner = OwnerId::new("urn:a", "a");
    match action {
        "iam:ListAccessKeys" => issuer.list().await.map(drop),
        "iam:ListUserTags" => issuer.read_ledgers(&owner).await.map(drop),
        "iam:TagUser" => issuer.write_ledger(&owner, Some(&Ledger::default())).await,
        "iam:UntagUser" => issuer.write_ledger(&owner, None).await,
        "iam:CreateAccessKey" => mint(issuer).await.map(drop),
        "iam:GetAccessKeyLastUsed" => issuer.last_use(key).await.map(drop),
        "iam:UpdateAccessKey" => issuer.disable(key).await,
        _ => issuer.retire(key).await.map(drop),
    }
}

fn user() -> Value {
    json!({"user": LocalAws::USER})
}
