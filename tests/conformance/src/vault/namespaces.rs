//! Resources in namespaces below the provider's, on OpenBao, which has them.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::{Cloud, RotatingResource};
use rotation::{ErrorKind, KeyIssuer, Known};
use serde_json::{Value, json};
use system_vault::{Vault, VaultApiKey, VaultJwtKey, VaultLease, VaultSecretId};

use super::kv::VaultKv;
use super::trials::{VaultTrial, order};
use crate::suite::trials;

pub(super) const TRIALS: &[VaultTrial] = trials!("login::", () =>
    a_resource_stands_in_its_own_namespace,
    a_namespace_of_a_resource_is_below_that_of_the_provider,
    a_namespace_that_is_not_there_is_told,
    a_secret_id_stands_in_its_own_namespace,
    namespaces_are_part_of_identities_and_ids,
);

fn kv_issuer(kv: &VaultKv, config: Value, inputs: &Value) -> Result<Box<dyn KeyIssuer>> {
    kv.issuer_with(config, inputs.clone())
}

/// Two resources with the same mount and path, in two namespaces.
async fn a_resource_stands_in_its_own_namespace(kv: &VaultKv) -> Result<()> {
    for name in ["one", "two"] {
        kv.admin().post(&format!("sys/namespaces/res-{name}"), &json!({}))?;
        kv.admin()
            .in_namespace(&format!("res-{name}"))
            .post("sys/mounts/secrets", &json!({"type": "kv", "options": {"version": "2"}}))?;
    }
    let inputs = |name: &str| json!({"mount": "secrets", "path": "app", "namespace": format!("res-{name}/")});
    let (one, two) = (kv_issuer(kv, kv.config(), &inputs("one"))?, kv_issuer(kv, kv.config(), &inputs("two"))?);
    one.mint(&order("n1")).await?;
    ensure!(kv.admin().in_namespace("res-one").get("secrets/data/app").is_ok(), "it is not in the namespace");
    ensure!(two.list().await? == Some(Vec::new()), "the other namespace has the key too");
    let (here, there) = (one.account().await?, two.account().await?);
    ensure!(here != there && here.is_some_and(|account| account.ends_with("/res-one")), "{there:?}");
    Ok(())
}

async fn a_namespace_of_a_resource_is_below_that_of_the_provider(kv: &VaultKv) -> Result<()> {
    kv.admin().post("sys/namespaces/outer", &json!({}))?;
    kv.admin().in_namespace("outer").post("sys/namespaces/inner", &json!({}))?;
    let inside = kv.admin().in_namespace("outer/inner");
    let mount = inside.mount_kv(2)?;
    let mut config = kv.config();
    config["namespace"] = "outer".into();
    let issuer = kv_issuer(kv, config, &json!({"mount": mount, "path": "app", "namespace": "inner"}))?;
    issuer.mint(&order("n1")).await?;
    ensure!(inside.get(&format!("{mount}/data/app")).is_ok(), "it is not in the inner namespace");
    ensure!(issuer.account().await?.is_some_and(|account| account.ends_with("/outer/inner")));
    Ok(())
}

async fn a_namespace_that_is_not_there_is_told(kv: &VaultKv) -> Result<()> {
    let issuer = kv_issuer(kv, kv.config(), &json!({"mount": "secrets", "path": "app", "namespace": "nobody"}))?;
    let error = issuer.list().await.err().context("there is no such namespace")?;
    ensure!(error.kind == ErrorKind::Invalid && error.message.contains("namespace does not exist"), "{error:?}");
    Ok(())
}

async fn a_secret_id_stands_in_its_own_namespace(kv: &VaultKv) -> Result<()> {
    kv.admin().post("sys/namespaces/ids", &json!({}))?;
    let inside = kv.admin().in_namespace("ids");
    let mount = inside.mount_auth("approle")?;
    inside.make_app_role(&mount, "ci", &json!({}))?;
    let vault = kv.vault(kv.config())?;
    let inputs = json!({"mount": mount, "role": "ci", "namespace": "ids"});
    let issuer = VaultSecretId::new(vault).issuer(&serde_json::from_value(inputs)?, Known::default());
    let before = issuer.list().await?.context("the role is gone")?.len();
    issuer.mint(&order("n1")).await?;
    ensure!(issuer.list().await?.context("the role is gone")?.len() == before + 1);
    Ok(())
}

async fn namespaces_are_part_of_identities_and_ids(_: &VaultKv) -> Result<()> {
    fn identities<R: RotatingResource>(resource: &R, inputs: Value) -> Result<[String; 2]> {
        let mut named = inputs.clone();
        named["namespace"] = "team/dev/".into();
        let (plain, within) = (serde_json::from_value(inputs)?, serde_json::from_value(named)?);
        ensure!(resource.check(&within).is_empty());
        Ok([resource.identity(&plain), resource.identity(&within)])
    }
    let vault = Arc::new(Vault::new(Arc::new(rotation::testing::ManualClock::new(jiff::Timestamp::UNIX_EPOCH))));
    let kv = VaultApiKey::new(Arc::clone(&vault));
    let ids = VaultSecretId::new(Arc::clone(&vault));
    for [plain, within] in [
        identities(&kv, json!({"mount": "secret", "path": "app"}))?,
        identities(&ids, json!({"mount": "approle", "role": "ci"}))?,
        identities(&VaultJwtKey::new(Arc::clone(&vault)), json!({"mount": "jwt", "name": "ci"}))?,
        identities(&VaultLease::new(Arc::clone(&vault)), json!({"path": "aws/creds/ci", "name": "ci"}))?,
    ] {
        ensure!(within == format!("team/dev//{plain}"), "{within}");
    }
    let (inputs, _) = kv.import("team/dev//secret/app#3")?;
    ensure!(inputs["namespace"] == "team/dev" && inputs["mount"] == "secret" && inputs["path"] == "app", "{inputs:?}");
    let (inputs, _) = ids.import("team//approle/ci")?;
    ensure!(inputs["namespace"] == "team" && inputs["role"] == "ci", "{inputs:?}");
    let wrong = serde_json::from_value(json!({"mount": "secret", "path": "app", "namespace": "a//b"}))?;
    ensure!(kv.check(&wrong).iter().any(|problem| problem.property == "namespace"));
    Ok(())
}
