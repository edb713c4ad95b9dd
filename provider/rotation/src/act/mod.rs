//! What is done, and what came of it.

mod begin;
mod deliveries;
mod reduce;
mod refresh;
mod run;
mod secrets;

pub use deliveries::refresh_stores;
pub use reduce::{Event, reduce};
pub use refresh::refresh;
pub use run::{Interrupted, RunContext, look_into_stores, run, run_until};
