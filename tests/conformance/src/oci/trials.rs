//! What only OCI has: regions, permissions that hide, clocks, capabilities, tags.

mod access;
mod login;
mod marks;
mod messages;

use super::{LocalOci, OciResource};
use crate::suite::Trial;

/// One rule of OCI's, tried on a fresh stand-in.
pub type OciTrial = Trial<LocalOci, OciResource>;

/// Every trial.
pub fn oci_trials() -> impl Iterator<Item = &'static OciTrial> {
    [access::TRIALS, login::TRIALS, marks::TRIALS, messages::TRIALS].into_iter().flatten()
}
