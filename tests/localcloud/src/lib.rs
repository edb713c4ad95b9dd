#![doc = include_str!("../README.md")]

mod authority;
pub mod aws;
mod calls;
mod clock;
mod cloud;
pub mod confluent;
mod control;
mod fault;
mod journal;
mod lag;
pub mod oci;
mod random;
mod rule;
mod server;
mod turn;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use authority::authority;
pub use aws::{Aws, AwsOptions, Consistency, Credentials, Invocations, Key, Rotated, Secret};
pub use clock::{Clock, FileClock, ManualClock, SystemClock};
pub use cloud::{LocalCloud, Options};
pub use confluent::{Confluent, ConfluentOptions};
pub use fault::{ErrorAnswer, Fault, Hook};
pub use journal::{Effect, Entry, Journal};
pub use oci::{Oci, OciOptions};
pub use rule::{Faults, Held, Rule};
pub use server::{Server, cut, dropped};
pub use turn::{Desk, Interruption, Turn};

/// Locks. A thread that panicked while it held the lock has failed its test already; the others
/// may go on to look at what is there.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
