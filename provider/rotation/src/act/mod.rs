//! What is done, and what came of it.

mod begin;
mod reduce;
mod refresh;
mod run;

pub use reduce::{Event, reduce};
pub use refresh::refresh;
pub use run::{Deck, Interrupted, run};
