//! AWS Secrets Manager, API version 2017-10-17: secrets, their versions and staging labels, and rotation as AWS drives it.

mod actions;
mod admin;
mod call;
mod drive;
mod driven;
mod error;
mod front;
mod lifecycle;
mod rotation;
mod secret;
mod shelf;

pub use admin::{Secret, SecretVersion};
pub use drive::Invocations;
pub use driven::Rotated;
pub(super) use front::{serve, target};
pub(super) use shelf::Shelf;
