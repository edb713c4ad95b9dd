//! The built plugin by gRPC: each call of the protocol in each situation that an engine brings it into.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod check;
mod config;
mod diff;
mod imports;
mod life;
mod process;
mod published;
mod refused;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod values;
mod who;

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let tables = [
        process::trials(),
        who::trials(),
        refused::trials(),
        config::trials(),
        check::trials(),
        values::trials(),
        diff::trials(),
        life::trials(),
        published::trials(),
        imports::trials(),
    ];
    libtest_mimic::run(&arguments, tables.into_iter().flatten().collect()).exit();
}

/// A trial that ends, or fails after five minutes: many run at once, perhaps beside other programs.
pub(crate) fn trial<F: Future<Output = ()>>(
    name: impl Into<String>,
    test: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    Trial::test(name, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let limited = async { tokio::time::timeout(Duration::from_secs(300), test()).await };
        runtime.block_on(limited).map_err(|_| "a call hangs".into())
    })
}
