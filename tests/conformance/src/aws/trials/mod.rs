//! What only AWS has, tried on the stand-in.

mod access;
mod marks;
mod messages;
mod traffic;

use super::LocalAws;
use crate::suite::Trial;

/// A trial on the stand-in.
pub type AwsTrial = Trial<LocalAws>;

/// Every one.
pub fn aws_trials() -> impl Iterator<Item = &'static AwsTrial> {
    [access::TRIALS, marks::TRIALS, messages::TRIALS, traffic::TRIALS].into_iter().flatten()
}
