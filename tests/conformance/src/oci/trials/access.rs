use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, ManualClock, Outcome, Rig, Stack, Watch};
use rotation::{Clock, ErrorKind, Field, Material, Minted};
use serde_json::Value;

use super::OciTrial;
use crate::child::{OCI_ENDPOINT, OCI_NOW, OCI_USER, say_oci};
use crate::oci::{LocalOci, OciResource};
use crate::orders::{accepted, mint};
use crate::suite::trials;

pub(super) const TRIALS: &[OciTrial] = trials!("oci::access::", OciResource::ApiKey =>
    everything_goes_to_the_home_region,
    the_home_region_is_asked_for_once,
    a_user_who_may_not_ask_is_sent_home_by_the_refusal,
    an_endpoint_without_a_region_is_taken_as_it_is,
    a_user_rotates_its_own_key_and_goes_on_with_the_new_one,
    a_session_signs_and_stands_on_no_user,
    a_clock_that_is_off_is_named,
    keys_of_each_size_are_accepted,
);

async fn everything_goes_to_the_home_region(oci: &LocalOci) -> Result<()> {
    let mut watch = Watch::new(oci, Life::OVERLAP);
    ensure!(watch.up(&Life::inputs("1", false)).await.is_done());
    watch.destroyed().await;
    let refused: Vec<_> = oci.cloud().journal().into_iter().filter(|entry| entry.answered == Some(403)).collect();
    ensure!(refused.is_empty(), "{refused:?}");
    Ok(())
}

async fn the_home_region_is_asked_for_once(oci: &LocalOci) -> Result<()> {
    let issuer = oci.issuer();
    for _ in 0..3 {
        issuer.list().await?;
    }
    mint(&*issuer).await?;
    let asked = oci.calls().into_iter().filter(|call| call == "ListRegionSubscriptions").count();
    ensure!(asked == 1, "{:?}", oci.calls());
    Ok(())
}

async fn a_user_who_may_not_ask_is_sent_home_by_the_refusal(oci: &LocalOci) -> Result<()> {
    let key = settled(oci).await?;
    let everything = ["GetUser", "UpdateUser", "UploadApiKey", "ListApiKeys", "DeleteApiKey"];
    oci.cloud().oci().allow(LocalOci::USER, &everything)?;
    // Other regions know the key by now.
    oci.clock().advance(SignedDuration::from_mins(10));
    let issuer = oci.issuer_with(signing_as(oci, &key.material)?, oci.args(oci.user()));
    let made = mint(&*issuer).await?;
    ensure!(oci.keys().contains(&made.id));
    let journal = oci.cloud().journal();
    let uploads: Vec<_> = journal.iter().filter(|entry| entry.action == "UploadApiKey").collect();
    let answers: Vec<_> = uploads.iter().filter_map(|entry| entry.answered).collect();
    ensure!(answers == [200, 403, 200], "{answers:?}");
    // From here on it knows where home is.
    ensure!(issuer.list().await?.is_some_and(|keys| keys.iter().any(|key| key.id == made.id)));
    Ok(())
}

async fn an_endpoint_without_a_region_is_taken_as_it_is(oci: &LocalOci) -> Result<()> {
    let mut config = oci.config();
    config["endpoints"]["identity"] = oci.cloud().endpoint().into();
    let issuer = oci.issuer_with(config, oci.args(oci.user()));
    mint(&*issuer).await?;
    ensure!(oci.calls() == ["UploadApiKey"], "{:?}", oci.calls());
    Ok(())
}

/// The key that signs is the key that rotates: it stays until the plugin is configured with the new one.
async fn a_user_rotates_its_own_key_and_goes_on_with_the_new_one(oci: &LocalOci) -> Result<()> {
    let first = settled(oci).await?;
    oci.cloud().oci().allow(LocalOci::USER, &["UpdateUser", "ListRegionSubscriptions", "ListUsers"])?;
    // Other regions learn of the new key minutes later.
    let home = |mut config: Value| {
        config["region"] = "us-ashburn-1".into();
        config
    };
    let config = home(signing_as(oci, &first.material)?);
    let issuer = oci.issuer_with(config.clone(), oci.args(oci.user()));
    ensure!(issuer.configured_key().await?.as_ref() == Some(&first.id));
    let second = mint(&*issuer).await?;
    accepted(oci, &*issuer, &second.material).await?;
    let issuer = oci.issuer_with(home(signing_as(oci, &second.material)?), oci.args(oci.user()));
    ensure!(issuer.configured_key().await?.as_ref() == Some(&second.id));
    issuer.retire(&first.id).await?;
    ensure!(oci.keys() == [second.id]);
    let refused =
        oci.issuer_with(config, oci.args(oci.user())).list().await.err().context("the old key still signs")?;
    ensure!(refused.kind == ErrorKind::Unauthenticated, "{refused:?}");
    let others = oci.issuer_with(home(signing_as(oci, &second.material)?), oci.args(&oci.cloud().oci().config().user));
    ensure!(others.configured_key().await?.is_none(), "it stands on another user");
    Ok(())
}

async fn a_session_signs_and_stands_on_no_user(oci: &LocalOci) -> Result<()> {
    let key = mint(&*oci.issuer()).await?;
    let Some(Field::Plain(public)) = key.material.get("publicKeyPem") else { anyhow::bail!("no public half") };
    let token = oci.cloud().oci().open_session("admin", public, SignedDuration::from_hours(1))?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("key.pem"), secret(&key.material, "privateKeyPem")?)?;
    std::fs::write(path("token"), &token)?;
    let tenancy = oci.cloud().oci().config().tenancy;
    let profile = format!(
        "[SESSION]\ntenancy={tenancy}\nregion=us-phoenix-1\nkey_file={}\nsecurity_token_file={}\n",
        path("key.pem").display(),
        path("token").display()
    );
    std::fs::write(path("config"), profile)?;
    let said = say_oci(&[
        ("OCI_CONFIG_FILE", path("config").to_str().context("a path in UTF-8")?),
        ("OCI_CLI_PROFILE", "SESSION"),
        (OCI_ENDPOINT, &format!("{}/oci/{{region}}", oci.cloud().endpoint())),
        (OCI_USER, oci.user()),
        (OCI_NOW, &oci.clock().now().to_string()),
    ])?;
    ensure!(said == "Some(1) None", "{said}");
    Ok(())
}

async fn a_clock_that_is_off_is_named(oci: &LocalOci) -> Result<()> {
    for (off, word) in [(SignedDuration::from_hours(1), "fast"), (SignedDuration::from_mins(-7), "slow")] {
        let wrong = ManualClock::new(oci.clock().now() + off);
        let issuer = oci.issuer_at(Arc::new(wrong), oci.config(), oci.args(oci.user()));
        let error = issuer.list().await.err().context("it was listed")?;
        ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
        ensure!(error.message.contains("clock of this machine") && error.message.contains(word), "{error}");
    }
    let near = ManualClock::new(oci.clock().now() + SignedDuration::from_mins(4));
    ensure!(oci.issuer_at(Arc::new(near), oci.config(), oci.args(oci.user())).list().await?.is_some());
    Ok(())
}

async fn keys_of_each_size_are_accepted(oci: &LocalOci) -> Result<()> {
    for bits in [2048, 3072] {
        let mut args = oci.args(oci.user());
        args["keyBits"] = bits.into();
        let issuer = oci.issuer_with(oci.config(), args);
        let key = mint(&*issuer).await?;
        accepted(oci, &*issuer, &key.material).await?;
    }
    Ok(())
}

/// A key of the user's that is accepted every time.
pub(super) async fn settled(oci: &LocalOci) -> Result<Minted> {
    let issuer = oci.issuer();
    let key = mint(&*issuer).await?;
    accepted(oci, &*issuer, &key.material).await?;
    Ok(key)
}

/// The configuration that signs as the user itself.
pub(super) fn signing_as(oci: &LocalOci, key: &Material) -> Result<Value> {
    let mut config = oci.config();
    config["userOcid"] = oci.user().into();
    config["privateKey"] = secret(key, "privateKeyPem")?.into();
    if let Some(Field::Plain(fingerprint)) = key.get("fingerprint") {
        config["fingerprint"] = fingerprint.as_str().into();
    }
    Ok(config)
}

pub(super) fn secret(key: &Material, field: &str) -> Result<String> {
    match key.get(field) {
        Some(Field::Secret(secret)) => Ok(secrecy::ExposeSecret::expose_secret(secret).to_owned()),
        _ => anyhow::bail!("there is no secret {field}"),
    }
}

/// One run of a stack that must fail; its error.
pub(super) async fn failing(oci: &LocalOci) -> Result<rotation::Error> {
    match Stack::new("stack/project/key").up(oci, &Life::inputs("1", false)).await {
        Outcome::Failed(error) => Ok(error),
        outcome => anyhow::bail!("it did not fail: {outcome:?}"),
    }
}
