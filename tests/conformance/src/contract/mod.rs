//! The contract of [`rotation::KeyIssuer`], rule by rule.

mod failures;
mod keys;
mod ledger;

use crate::suite::Trial;

/// Every rule.
pub(crate) const TRIALS: [&[Trial]; 3] = [keys::TRIALS, ledger::TRIALS, failures::TRIALS];
