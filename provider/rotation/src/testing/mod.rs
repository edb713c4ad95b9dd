//! The reference model: a clock that moves only when told, a system in memory that fails on demand, and a stack that treats
//! a resource as the engine does.

mod bench;
mod clock;
mod cloud;
mod issuer;
mod life;
mod rig;
mod stack;
mod store;
mod stored_entry;
mod watch;

pub use clock::{ManualClock, NeverStop};
pub use cloud::{InMemoryCloud, InMemoryRules};
pub use issuer::InMemoryIssuer;
pub use life::Life;
pub use rig::{ContestedRig, Fault, Rig};
pub use stack::{Outcome, Stack};
pub use store::InMemoryStore;
pub use watch::{Elsewhere, Watch};
