//! The reference model: a clock that moves only when told, and a system in memory that fails on demand.

mod clock;
mod issuer;

pub use clock::{ManualClock, NeverStop};
pub use issuer::{Fault, InMemoryCloud, InMemoryIssuer, InMemoryRules};
