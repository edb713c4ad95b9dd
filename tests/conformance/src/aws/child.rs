use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use cloud::{Cloud, RotatingResource};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::Clock;
use serde_json::json;
use system_aws::{Aws, AwsApiKey};

use super::LocalAws;

const CHILD: &str = "KEYROTATION_CONFORMANCE_CHILD";

/// In a child of the suite, whose environment is its own: looks at the user's keys with nothing configured, and prints what it found.
/// False if this is no child.
pub fn child() -> bool {
    if std::env::var_os(CHILD).is_none() {
        return false;
    }
    let said = crate::run(async {
        let system = AwsApiKey(Arc::new(Aws::new(Arc::new(RealTime))));
        let issuer = system.issuer(serde_json::from_value(json!({"user": LocalAws::USER}))?);
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

/// What such a child says that is started with these variables and none of AWS's beside.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn say(variables: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null");
    command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env(CHILD, "1");
    let output = command.envs(variables.iter().copied()).output()?;
    Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        .trim()
        .to_owned())
}

/// Real time.
struct RealTime;

impl Clock for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        self.timer(duration)
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration.try_into().unwrap_or_default()).boxed()
    }
}
