//! AWS on the bench: the stand-in, moto, and what only AWS has.

mod child;
mod local;
mod moto;
mod moto_server;
mod trials;

use jiff::Timestamp;

pub use child::child;
pub use local::LocalAws;
pub(crate) use local::{marks, nowhere};
pub use moto::{MOTO_DEVIATIONS, Moto, MotoBench};
pub use trials::{AwsTrial, aws_trials};

/// When tests begin that have a clock of their own: 2026-03-01T12:00:00Z.
pub(crate) const START: Timestamp = Timestamp::constant(1_772_366_400, 0);
