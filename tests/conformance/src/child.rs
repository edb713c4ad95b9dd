//! The plugin's own code in a process of its own, since what a machine is configured with comes from the environment.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cloud::{Cloud, RotatingResource};
use rotation::testing::ManualClock;
use rotation::{KeyIssuer, Known};
use serde_json::json;
use system_aws::{Aws, AwsApiKey};
use system_oci::{Oci, OciApiKey};
use vault_servers::RealTime;

use crate::LocalAws;

const SYSTEM: &str = "KEYROTATION_CONFORMANCE_CHILD";
/// Where the child reaches OCI, whose keys it looks at, and when.
pub(crate) const OCI_ENDPOINT: &str = "KEYROTATION_CONFORMANCE_OCI_ENDPOINT";
pub(crate) const OCI_USER: &str = "KEYROTATION_CONFORMANCE_OCI_USER";
pub(crate) const OCI_NOW: &str = "KEYROTATION_CONFORMANCE_OCI_NOW";

/// In a child of the suite, whose environment is its own: looks at the user's keys with nothing configured, for OCI but the endpoint, and
/// prints what it found. False if this is no child.
pub fn child() -> bool {
    let Ok(system) = std::env::var(SYSTEM) else { return false };
    let said = crate::run(async {
        let issuer = issuer(&system)?;
        let keys = issuer.list().await?.map(|keys| keys.len());
        let configured = issuer.configured_key().await?.map(|key| key.0);
        Ok(format!("{keys:?} {configured:?}"))
    });
    #[allow(clippy::print_stdout, reason = "that is how the suite hears of it")]
    match said {
        Ok(said) => println!("{said}"),
        Err(error) => println!("{error:#}"),
    }
    true
}

fn issuer(system: &str) -> Result<Box<dyn KeyIssuer>> {
    match system {
        "aws" => Ok(AwsApiKey(Arc::new(Aws::new(Arc::new(RealTime))))
            .issuer(&serde_json::from_value(json!({"user": LocalAws::USER}))?, Known::default())),
        "oci" => {
            let oci = Oci::new(Arc::new(ManualClock::new(std::env::var(OCI_NOW)?.parse()?)));
            let endpoints = json!({"endpoints": {"identity": std::env::var(OCI_ENDPOINT)?}});
            oci.configure(serde_json::from_value(endpoints)?);
            let args = json!({"userId": std::env::var(OCI_USER)?});
            Ok(OciApiKey(Arc::new(oci)).issuer(&serde_json::from_value(args)?, Known::default()))
        }
        other => bail!("{other} is no system"),
    }
}

/// What a child says of AWS that is started with these variables and none of AWS's beside.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn say_aws(variables: &[(&str, &str)]) -> Result<String> {
    let mut all = vec![
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ];
    all.extend(variables);
    say("aws", &["AWS_"], &all)
}

/// What a child says of OCI that is started with these variables and none of Oracle's or Terraform's beside.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn say_oci(variables: &[(&str, &str)]) -> Result<String> {
    say("oci", &["OCI_", "TF_VAR_"], variables)
}

fn say(system: &str, prefixes: &[&str], variables: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
    let theirs = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars_os().filter(|(name, _)| theirs(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let output = command.env(SYSTEM, system).envs(variables.iter().copied()).output()?;
    Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        .trim()
        .to_owned())
}
