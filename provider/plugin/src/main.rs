//! The Pulumi resource plugin `keyrotation`.

mod clock;
mod config;
mod import;
mod registry;
mod rotating;

use std::process::ExitCode;

fn main() -> ExitCode {
    pulumi_provider::run(registry::KeyRotation::new(clock::clock()))
}
