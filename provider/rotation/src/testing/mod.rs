//! The reference model: a clock that moves only when told, a system in memory that fails on demand, and a stack that treats
//! a resource as the engine does.

mod clock;
mod issuer;
mod rig;
mod stack;

pub use clock::{ManualClock, NeverStop};
pub use issuer::{InMemoryCloud, InMemoryIssuer, InMemoryRules};
pub use rig::{Fault, Rig};
pub use stack::{Outcome, Stack};
