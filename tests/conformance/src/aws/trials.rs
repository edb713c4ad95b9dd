use anyhow::Result;
use futures::future::LocalBoxFuture;

use super::LocalAws;

/// What only AWS has, tried on the stand-in.
#[derive(Clone, Copy)]
pub struct AwsTrial {
    /// Its name.
    pub name: &'static str,
    /// Fails when the rule is broken.
    pub run: for<'a> fn(&'a LocalAws) -> LocalBoxFuture<'a, Result<()>>,
}

/// Every one.
pub const AWS_TRIALS: &[AwsTrial] = &[];
