//! Confluent Cloud on the bench: the stand-in, and what only Confluent has.

mod local;
mod many;
mod texts;
mod trials;

pub use local::LocalConfluent;
pub use trials::{ConfluentTrial, confluent_trials};
