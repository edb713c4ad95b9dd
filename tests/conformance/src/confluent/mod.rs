//! Confluent Cloud: the stand-in, and what only Confluent has.

mod local;
mod login;
mod many;
mod texts;
mod trials;

pub use local::{LocalConfluent, ServiceAccount};
pub use trials::{ConfluentTrial, confluent_trials};
