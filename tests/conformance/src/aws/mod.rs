//! AWS: the stand-in, moto, and what only AWS has.

mod local;
mod moto;
mod moto_server;
mod trials;

use jiff::Timestamp;

pub(crate) use local::marks;
pub use local::{AwsUser, LocalAws};
pub use moto::{MOTO_DEVIATIONS, Moto, MotoRig};
pub(crate) use moto_server::MotoServer;
pub use trials::{AwsTrial, aws_trials};

/// When tests begin that have a clock of their own: 2026-03-01T12:00:00Z.
pub(crate) const START: Timestamp = Timestamp::constant(1_772_366_400, 0);
