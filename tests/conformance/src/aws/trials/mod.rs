//! What only AWS has, tried on the stand-in.

mod access;
mod marks;
mod messages;
mod traffic;

use anyhow::Result;
use futures::future::LocalBoxFuture;

use super::LocalAws;

/// A trial on the stand-in.
#[derive(Clone, Copy)]
pub struct AwsTrial {
    /// Its name.
    pub name: &'static str,
    /// Fails when the rule is broken.
    pub run: for<'a> fn(&'a LocalAws) -> LocalBoxFuture<'a, Result<()>>,
}

/// Every one.
pub fn aws_trials() -> impl Iterator<Item = AwsTrial> {
    [access::TRIALS, marks::TRIALS, messages::TRIALS, traffic::TRIALS].into_iter().flatten().copied()
}
