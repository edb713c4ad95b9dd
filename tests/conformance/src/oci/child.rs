use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use cloud::{Cloud, RotatingResource};
use rotation::testing::ManualClock;
use serde_json::json;
use system_oci::{Oci, OciApiKey};

const CHILD: &str = "KEYROTATION_CONFORMANCE_OCI_CHILD";
pub(super) const ENDPOINT: &str = "KEYROTATION_CONFORMANCE_OCI_ENDPOINT";
pub(super) const USER: &str = "KEYROTATION_CONFORMANCE_OCI_USER";
pub(super) const NOW: &str = "KEYROTATION_CONFORMANCE_OCI_NOW";

/// In a child of the suite, whose environment is its own: looks at the user's keys with nothing configured but the endpoint, and
/// prints what it found. False if this is no child.
pub fn oci_child() -> bool {
    if std::env::var_os(CHILD).is_none() {
        return false;
    }
    let said = crate::run(async {
        let oci = Oci::new(Arc::new(ManualClock::new(std::env::var(NOW)?.parse()?)));
        oci.configure(serde_json::from_value(json!({"endpoints": {"identity": std::env::var(ENDPOINT)?}}))?);
        let issuer = OciApiKey(Arc::new(oci)).issuer(serde_json::from_value(json!({"userId": std::env::var(USER)?}))?);
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

/// What such a child says that is started with these variables and none of Oracle's or Terraform's beside.
///
/// # Errors
/// When it cannot be started.
pub(super) fn say(variables: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
    let theirs = |name: &str| name.starts_with("OCI_") || name.starts_with("TF_VAR_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| theirs(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let output = command.env(CHILD, "1").envs(variables.iter().copied()).output()?;
    Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        .trim()
        .to_owned())
}
