//! Where tokens come from.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::Client;
use rotation::{Clock, Error, ErrorKind};
use secrecy::SecretString;

use crate::keypair::{KeySource, Pair};
use crate::region::Regions;

/// A token, and what signs with it.
pub(crate) struct Fresh {
    pub(crate) token: SecretString,
    pub(crate) pair: Arc<Pair>,
    /// A delegation token, which requests then carry as well.
    pub(crate) delegation: Option<SecretString>,
}

/// What a source works with.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) client: &'a Client,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) regions: &'a Regions,
    pub(crate) pairs: &'a Arc<dyn KeySource>,
}

/// Where tokens come from.
#[async_trait]
pub(crate) trait TokenSource: Send + Sync {
    /// A token as it is to be had now. Nothing is kept of earlier ones.
    async fn next(&self, means: Means<'_>) -> Result<Fresh, Error>;

    /// The region, where the source knows it and the configuration does not.
    async fn region(&self, _: Means<'_>) -> Result<Option<String>, Error> {
        Ok(None)
    }

    /// How long before its end a token is replaced.
    fn early(&self) -> SignedDuration;

    /// What the user does about a token that has ended.
    fn ended(&self, at: Timestamp) -> String;
}

/// What messages call the way to a token.
pub(crate) const OPERATION: &str = "oci credentials";

/// What cannot be used of the answers and files that lead to a token.
pub(crate) fn unusable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unauthenticated, OPERATION, message)
}
