//! Stores that keys are delivered to: what every store must do, and whole lives of every system's keys with one or two stores.

mod contract;
mod ground;
mod lives;
mod shop;

pub use contract::{StoreTrial, store_trials};
pub use ground::{Ground, MotoGround};
pub(crate) use lives::TRIALS;
pub use shop::Shop;
pub(crate) use shop::all;
