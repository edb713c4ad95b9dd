//! The contract of [`rotation::KeyIssuer`], rule by rule.

mod failures;
mod keys;
mod ledger;
mod marks;

use crate::suite::ContractTrial;

/// Every rule.
pub(crate) const TRIALS: [&[ContractTrial]; 4] = [keys::TRIALS, ledger::TRIALS, marks::TRIALS, failures::TRIALS];
