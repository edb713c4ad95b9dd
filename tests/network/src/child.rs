//! The plugin's own clients in a process of their own, since proxies and certificates come from the environment.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cloud::{Cloud, RotatingResource};
use md5::{Digest, Md5};
use rcgen::{KeyPair, PublicKeyData};
use rotation::{Error, KeyId, KeyIssuer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use system_aws::{Aws, AwsApiKey};
use system_confluent::{Confluent, ConfluentApiKey};
use system_oci::{Oci, OciApiKey};
use system_vault::{Vault, VaultApiKey};
use vault_servers::RealTime;

const SYSTEM: &str = "KEYROTATION_NETWORK_CHILD";
const CONFIG: &str = "KEYROTATION_NETWORK_CONFIG";
const ACT: &str = "KEYROTATION_NETWORK_ACT";
/// The secret of the key that is tried.
const KEY: &str = "KEYROTATION_NETWORK_KEY";

/// What came of a call.
#[derive(Debug, Serialize, Deserialize)]
pub struct Said {
    /// The error, or nothing.
    pub message: String,
    /// Its kind.
    pub kind: String,
    /// Whether it may be tried again.
    pub retry: String,
    /// What it may have done.
    pub effect: String,
    /// How long it took.
    pub seconds: f64,
}

/// In a child: makes its one call and prints what came of it. False if this is no child.
pub fn child() -> bool {
    let Ok(system) = std::env::var(SYSTEM) else { return false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let said = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(act(&system)));
    #[allow(clippy::print_stdout, reason = "that is how the test hears of it")]
    match said {
        Ok(said) => println!("{said}"),
        Err(error) => println!("{error:#}"),
    }
    true
}

/// What such a child says that looks at its keys (`list`), or tries one (`verify`), with this configuration and these variables alone.
///
/// # Errors
/// When it cannot be started, or says something else.
pub fn say(system: &str, act: &str, config: &Value, home: &Path, variables: &[(&str, String)]) -> Result<Said> {
    let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
    command.env_clear().env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env(SYSTEM, system).env(ACT, act).env(CONFIG, config.to_string());
    let output = command.envs(variables.iter().map(|(name, value)| (*name, value))).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_str(&said).with_context(|| format!("{said}{errors}"))
}

async fn act(system: &str) -> Result<String> {
    let config: Value = serde_json::from_str(&std::env::var(CONFIG)?)?;
    let is_try = std::env::var(ACT)? == "verify";
    let begun = Instant::now();
    let result = match system {
        "aws" => {
            let aws = Arc::new(Aws::new(Arc::new(RealTime)));
            aws.configure(serde_json::from_value(config)?);
            call(&AwsApiKey(aws), json!({"user": "ci"}), "AKIAIOSFODNN7EXAMPLE", is_try).await?
        }
        "confluent" => {
            let confluent = Arc::new(Confluent::new(Arc::new(RealTime)));
            confluent.configure(serde_json::from_value(config)?);
            call(&ConfluentApiKey(confluent), json!({"owner": {"id": "sa-1"}}), "NEWKEY", is_try).await?
        }
        "oci" => {
            let oci = Arc::new(Oci::new(Arc::new(RealTime)));
            oci.configure(serde_json::from_value(config)?);
            call(&OciApiKey(oci), json!({"userId": "ocid1.user.oc1..aaaa"}), &fingerprint(), is_try).await?
        }
        "vault" => {
            let vault = Arc::new(Vault::new(Arc::new(RealTime)));
            vault.configure(serde_json::from_value(config)?);
            call(&VaultApiKey::new(vault), json!({"mount": "secret", "path": "app"}), "1", is_try).await?
        }
        other => bail!("{other} is no system"),
    };
    let error = result.err();
    let said = Said {
        message: error.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: error.as_ref().map(|error| format!("{:?}", error.kind)).unwrap_or_default(),
        retry: error.as_ref().map(|error| format!("{:?}", error.retry)).unwrap_or_default(),
        effect: error.as_ref().map(|error| format!("{:?}", error.effect)).unwrap_or_default(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    Ok(serde_json::to_string(&said)?)
}

/// OCI's name of the key in the environment, if it is one: the MD5 of its public half.
fn fingerprint() -> String {
    let pair = KeyPair::from_pem(&std::env::var(KEY).unwrap_or_default());
    let digest = pair.map(|pair| Md5::digest(pair.subject_public_key_info()).to_vec()).unwrap_or_default();
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

async fn call<S: RotatingResource>(system: &S, args: Value, key: &str, is_try: bool) -> Result<Result<(), Error>> {
    let secret = Some(std::env::var(KEY).unwrap_or_default().into());
    let material = system.imported(&serde_json::from_value(args.clone())?, &KeyId(key.to_owned()), secret);
    let issuer: Box<dyn KeyIssuer> = system.issuer(&serde_json::from_value(args)?, rotation::Known::default());
    Ok(if is_try { issuer.verify(&material).await.map(drop) } else { issuer.list().await.map(drop) })
}
