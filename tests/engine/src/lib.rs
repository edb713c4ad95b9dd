//! The real Pulumi engine on the plugin and the stand-in: what the tests and the demo are made of.

pub mod clock;
pub mod leak;
pub mod process;
pub mod running;
pub mod state;
pub mod workspace;

pub use clock::TestClock;
pub use leak::Secrets;
pub use running::{Ended, Running};
pub use state::State;
pub use workspace::{Tools, Workspace};
