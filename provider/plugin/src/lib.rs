//! The Pulumi resource plugin `keyrotation`, as a library so that tests can hold it in one process with a clock of theirs.

mod clock;
mod clouds;
mod codes;
mod config;
mod delivery;
mod import;
mod registry;
mod root;
mod rotating;
mod switches;

use std::process::ExitCode;

pub use registry::KeyRotation;

/// Runs the plugin to its end: what `main` does.
pub fn run() -> ExitCode {
    pulumi_provider::run(KeyRotation::new(clock::clock()))
}
