//! The reference model: a clock that moves only when told, a system in memory that fails on demand, and a stack that treats
//! a resource as the engine does.

mod clock;
mod issuer;
mod life;
mod rig;
mod stack;
mod watch;

pub use clock::{ManualClock, NeverStop};
pub use issuer::{InMemoryCloud, InMemoryIssuer, InMemoryRules};
pub use life::Life;
pub use rig::{Fault, Rig};
pub use stack::{Outcome, Stack};
pub use watch::Watch;
