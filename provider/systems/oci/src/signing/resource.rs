//! Resource principals, version 2.2: a function or another resource finds its token and key in variables, or in files that these name.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rotation::Error;

use super::located::Located;
use super::source::{Fresh, Means, TokenSource, unusable};
use crate::keypair::Pair;

/// What `OCI_RESOURCE_PRINCIPAL_…` names.
pub(crate) struct ResourcePrincipal {
    pub(crate) token: Located,
    pub(crate) key: Located,
    pub(crate) passphrase: Option<Located>,
}

#[async_trait]
impl TokenSource for ResourcePrincipal {
    async fn next(&self, _: Means<'_>) -> Result<Fresh, Error> {
        let (token, key) = (self.token.read()?, self.key.read()?);
        let passphrase = self.passphrase.as_ref().map(Located::read).transpose()?;
        let passphrase = passphrase.map(|text| crate::sources::exposed(&text).trim().into());
        let wrong = |bad| unusable(format!("the private key, {} {bad}", self.key.name()));
        let pair = Pair::from_pem(&key, passphrase.as_ref()).map_err(wrong)?;
        Ok(Fresh { token, pair: Arc::new(pair), delegation: None })
    }

    fn early(&self) -> SignedDuration {
        SignedDuration::from_secs(30)
    }

    fn ended(&self, at: Timestamp) -> String {
        let token = self.token.name();
        format!(
            "the token of the resource principal, {token}, ended at {}. OCI replaces it in files only: where the variable holds the token itself, start the job anew [KR-OCI-088]",
            at.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    }
}
