//! What only AWS has, tried on the stand-in.

mod access;
mod login;
mod marks;
mod messages;
mod traffic;

use super::LocalAws;
use crate::suite::Trial;

/// A trial on the stand-in.
pub type AwsTrial = Trial<LocalAws>;

/// Every one.
pub fn aws_trials() -> impl Iterator<Item = &'static AwsTrial> {
    [access::TRIALS, login::TRIALS, marks::TRIALS, messages::TRIALS, traffic::TRIALS].into_iter().flatten()
}
