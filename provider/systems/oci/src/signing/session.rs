//! A session of Oracle's CLI, or a token that a job exchanged its own for: a token and a key in files that somebody replaces.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rotation::Error;
use secrecy::SecretString;

use super::located::Located;
use super::source::{Fresh, Means, TokenSource, unusable};
use crate::keypair::Pair;

/// The two files.
pub(crate) struct SessionFiles {
    pub(crate) token: Located,
    pub(crate) key: Located,
    pub(crate) passphrase: Option<SecretString>,
    /// The profile, for the command that renews the session.
    pub(crate) profile: String,
}

#[async_trait]
impl TokenSource for SessionFiles {
    async fn next(&self, _: Means<'_>) -> Result<Fresh, Error> {
        let (token, key) = (self.token.read()?, self.key.read()?);
        let wrong = |bad| unusable(format!("the private key, {} {bad}", self.key.name()));
        let pair = Pair::from_pem(&key, self.passphrase.as_ref()).map_err(wrong)?;
        Ok(Fresh { token, pair: Arc::new(pair), delegation: None })
    }

    fn early(&self) -> SignedDuration {
        SignedDuration::from_secs(30)
    }

    fn ended(&self, at: Timestamp) -> String {
        let (token, profile) = (self.token.name(), &self.profile);
        format!(
            "the session token, {token}, ended at {}. The plugin does not renew sessions: run `oci session refresh --profile {profile}`, or `oci session authenticate` if that is refused, or write a new token; then run this again [KR-OCI-089]",
            at.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    }
}
