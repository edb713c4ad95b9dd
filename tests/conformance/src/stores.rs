//! Stores that keys are delivered to: what every store must do, and whole lives of every system's keys with one or two stores.

mod aws;
mod contract;
mod ground;
mod key;
mod kv;
mod kv_trials;
mod lives;
mod oci;
mod oci_trials;
mod rules;
mod shelves;
mod shop;

pub use contract::{StoreTrial, store_trials};
pub use ground::{Ground, MotoGround};
pub use kv_trials::{KvGround, KvStoreTrial, kv_store_trials};
pub(crate) use lives::{KV_TRIALS, TRIALS};
pub use oci_trials::{OciGround, OciStoreTrial, oci_store_trials};
pub use rules::{Entries, RuleTrial, rule_trials};
pub(crate) use shelves::all;
pub use shop::Shop;
