//! Trials that need servers of their own.

use anyhow::Result;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use vault_servers::Program;

/// Fails, or panics, when what it proves is not so.
pub type Prove = fn() -> Result<()>;

/// Functions with their names: trials are called after them.
#[macro_export]
macro_rules! named {
    ($($prove:ident),+ $(,)?) => {
        &[$((stringify!($prove), $prove as $crate::Prove)),+]
    };
}

/// A trial that is skipped, with the reason, where the machine has not got one of these programs.
pub fn trial(
    name: impl Into<String>,
    needs: &'static [Program],
    prove: impl FnOnce() -> Result<()> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || {
        if let Some(absent) = needs.iter().find_map(|program| program.find().err()) {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        prove().map_err(|error| Failed::from(format!("{error:#}")))?;
        Ok(Completion::Completed)
    })
}

/// Runs these trials, and ends the process as their test program.
pub fn run_trials(prefix: &str, needs: &'static [Program], trials: &[(&str, Prove)]) -> ! {
    let trials = trials.iter().map(|&(name, prove)| trial(format!("{prefix}{name}"), needs, prove));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
}
