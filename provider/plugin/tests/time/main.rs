//! Years of platform teams: programs that run weekly, daily, monthly or irregularly, by the plugin's own Check, Diff and Update, against the
//! stand-in of AWS, in virtual time.
#![allow(clippy::print_stdout, reason = "the lane prints what was counted")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod programs;
#[path = "../support/mod.rs"]
mod support;
mod year;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trial = |program: programs::Program| {
        Trial::test(format!("time_year_{}", program.name), move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let counts = runtime.block_on(year::lived(&program));
            println!("{}", counts.line(program.name));
            counts.must_be(&program.expected).map_err(Failed::from)
        })
    };
    libtest_mimic::run(&arguments, programs::all().into_iter().map(trial).collect()).exit();
}
