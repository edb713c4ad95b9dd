//! The rotation function on the stand-in, in one process: what holds its principal, its secret and its time.

mod case;
mod life;
mod reader;
mod rig;
mod suite;
mod system;

pub use case::{Case, Then};
pub use life::Life;
pub use reader::Reader;
pub use rig::{Ended, FUNCTION, Rig, SECRET};
pub use suite::run;
pub use system::{System, Used};
