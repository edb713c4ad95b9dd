//! Rotation without `pulumi up`: the rotation model as a rotation function of AWS Secrets Manager.
//!
//! Secrets Manager calls the function four times for each rotation: create, set, test, finish. Each call is one [`rotation::run_until`] over a
//! state that is read from the secret's own versions and from the mark on the principal: there is no other memory. Which steps a call may
//! take is all that is decided here; whether and when is [`rotation`]'s.
//!
//! - `AWSCURRENT` holds the current key, `AWSPENDING` the one on its way. They are one store of the model, whose staged version is named by
//!   Secrets Manager (the `ClientRequestToken`).
//! - The owner of the mark is a hash of the secret's ARN, and so is the instance.
//! - A key was minted for the version that holds it: that is its trigger. So a repeated call finds its key, and never mints twice.

mod admin;
mod decoded;
mod document;
mod event;
mod failure;
mod function;
mod goal;
mod held;
mod invocation;
mod keys;
mod process;
mod scope;
mod settings;
mod state;
mod store;
mod systems;
mod version;
mod words;
mod work;

pub use event::{Event, Step};
pub use failure::Failure;
pub use function::Function;
pub use process::run;
pub use settings::Settings;
pub use words::for_rotations;
