//! What a user asks.

mod age;
mod args;
mod duration;
mod inputs;
mod keepers;
mod window;

pub use args::{Problem, Retirement, RotationArgs, Verification};
pub use duration::{format_duration, parse_duration};
pub use inputs::{
    Adopt, RetirementInputs, Revoke, RevokedGeneration, RotationInputs, TriggerInputs, VerificationInputs, WhenInUse,
    WhenQuotaReached,
};
pub use keepers::Keepers;
pub use window::{RotationWindow, RotationWindowInputs, Weekday};
