//! The key that the plugin itself uses, from a file.

use anyhow::{Context, Result, ensure};
use localcloud::confluent::Kind;
use rotation::testing::Rig;
use rotation::{ErrorKind, KeyIssuer};
use serde_json::Value;

use super::{ConfluentTrial, LocalConfluent};
use crate::suite::trials;

pub(super) const TRIALS: &[ConfluentTrial] = trials!("confluent::login::", Kind::Cloud =>
    a_secret_in_a_file_is_read_at_the_first_call,
    a_missing_and_an_empty_secret_are_named,
    a_rewritten_secret_is_what_the_next_process_uses,
);

/// The configuration with its secret in this file, and the secret.
fn by_file(cloud: &LocalConfluent, file: &std::path::Path) -> Result<(Value, String)> {
    let mut config = cloud.config();
    let all = config.as_object_mut().context("a configuration")?;
    let secret = all.remove("cloudApiSecret").context("a secret")?;
    all.insert("cloudApiSecretFile".to_owned(), file.display().to_string().into());
    Ok((config, secret.as_str().context("a text")?.to_owned()))
}

fn issuer(cloud: &LocalConfluent, config: &Value) -> Box<dyn KeyIssuer> {
    cloud.issuer_with(config.clone(), cloud.args())
}

async fn a_secret_in_a_file_is_read_at_the_first_call(cloud: &LocalConfluent) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret");
    let (config, secret) = by_file(cloud, &file)?;
    let issuer = issuer(cloud, &config);
    ensure!(cloud.calls().is_empty());
    std::fs::write(&file, format!("{secret}\n"))?;
    issuer.list().await?;
    Ok(())
}

async fn a_missing_and_an_empty_secret_are_named(cloud: &LocalConfluent) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret");
    let (config, _) = by_file(cloud, &file)?;
    let error = issuer(cloud, &config).list().await.err().context("there is no file")?;
    ensure!(error.message.contains("cloudApiSecretFile") && error.message.contains("cannot be read"), "{error}");
    std::fs::write(&file, "\n")?;
    let error = issuer(cloud, &config).list().await.err().context("the file is empty")?;
    ensure!(error.message.contains("cloudApiSecretFile") && error.message.contains("empty"), "{error}");
    ensure!(cloud.calls().is_empty(), "{:?}", cloud.calls());
    Ok(())
}

async fn a_rewritten_secret_is_what_the_next_process_uses(cloud: &LocalConfluent) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret");
    let (config, secret) = by_file(cloud, &file)?;
    std::fs::write(&file, "another")?;
    let error = issuer(cloud, &config).list().await.err().context("it was let in")?;
    ensure!(error.kind == ErrorKind::Unauthenticated && !error.message.contains("another"), "{error:?}");
    std::fs::write(&file, secret)?;
    issuer(cloud, &config).list().await?;
    Ok(())
}
