//! The stand-in of AWS that the measured plugin calls.

use anyhow::{Context, Result, anyhow};
use localcloud::{LocalCloud, Options};

/// The user whose key is made.
pub(crate) const USER: &str = "deployer";

/// A stand-in without lags, because a release reads the real clock.
pub(crate) struct Cloud {
    inner: LocalCloud,
}

impl Cloud {
    /// Starts a stand-in with one user.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn start() -> Result<Self> {
        let inner = LocalCloud::start(Options::default().immediate()).context("cannot start the stand-in of AWS")?;
        inner.aws().create_user(USER).map_err(|refusal| anyhow!("cannot create a user: {refusal:?}"))?;
        Ok(Self { inner })
    }

    /// The variables that lead a plugin to it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let administrator = self.inner.aws().admin_credentials();
        let endpoint = self.inner.endpoint();
        vec![
            ("AWS_ACCESS_KEY_ID", administrator.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", administrator.secret_access_key),
            ("AWS_ENDPOINT_URL_IAM", endpoint.to_owned()),
            ("AWS_ENDPOINT_URL_STS", endpoint.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }
}
