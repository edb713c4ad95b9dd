//! What only OCI has: regions, permissions that hide, clocks, capabilities, tags.

mod access;
mod marks;
mod messages;

use anyhow::Result;
use futures::future::LocalBoxFuture;

use super::{LocalOci, OciResource};

/// One rule of OCI's, tried on a fresh stand-in.
#[derive(Clone, Copy)]
pub struct OciTrial {
    /// Its name.
    pub name: &'static str,
    /// What is on the bench.
    pub resource: OciResource,
    /// Fails, or panics, when the rule is broken.
    pub run: for<'a> fn(&'a LocalOci) -> LocalBoxFuture<'a, Result<()>>,
}

/// Every trial.
pub fn oci_trials() -> impl Iterator<Item = OciTrial> {
    [access::TRIALS, marks::TRIALS, messages::TRIALS].into_iter().flatten().copied()
}
