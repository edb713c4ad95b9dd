//! The misbehaving provider as a plugin, for the real engine to run.
#![allow(missing_docs, reason = "a part of the tests")]

#[path = "mod.rs"]
mod support;

fn main() -> std::process::ExitCode {
    pulumi_provider::run(support::Things::default())
}
