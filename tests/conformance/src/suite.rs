use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::future::LocalBoxFuture;
use libtest_mimic::Failed;

use crate::rig::{Feature, ReachableRig};
use crate::{contract, lives, stores};

/// One rule, tried on a fresh rig. It is called after its function: see `trials!`.
pub struct Trial<R: ?Sized + 'static, O: 'static = ()> {
    /// Its name.
    pub name: &'static str,
    /// On which of several rigs, or what the rig must be able to do.
    pub on: O,
    /// Fails, or panics, when the rule is broken.
    pub run: for<'a> fn(&'a R) -> LocalBoxFuture<'a, Result<()>>,
}

/// A rule for every system that has these features.
pub type ContractTrial = Trial<dyn ReachableRig, &'static [Feature]>;

/// Registers async functions as trials that bear their names, after a prefix: `trials!("aws::", () => one, two)`, or
/// `trials!("aws::" => one: &[], two: &[Feature::Faults])` where they differ in what they are tried on.
macro_rules! trials {
    ($prefix:literal, $on:expr => $($name:ident),+ $(,)?) => {
        $crate::suite::trials!($prefix => $($name: $on),+)
    };
    ($prefix:literal => $($name:ident: $on:expr),+ $(,)?) => {
        &[$($crate::suite::Trial {
            name: concat!($prefix, stringify!($name)),
            on: $on,
            run: |rig| futures::FutureExt::boxed_local($name(rig)),
        }),+]
    };
}
pub(crate) use trials;

/// A trial that a system is known to fail.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The trial's name.
    pub trial: &'static str,
    /// A part of how it fails.
    pub says: &'static str,
    /// What the system does, what AWS does, and how that is known.
    pub reason: &'static str,
}

/// Every trial for a system with these features.
pub fn contract_trials(features: &[Feature]) -> impl Iterator<Item = &'static ContractTrial> {
    let all = contract::TRIALS.into_iter().flatten().chain(lives::TRIALS).chain(stores::TRIALS);
    all.filter(move |trial| trial.on.iter().all(|need| features.contains(need)))
}

/// The trials for a system with these features that need OpenBao as a store, whatever the system is.
pub fn kv_trials(features: &[Feature]) -> impl Iterator<Item = &'static ContractTrial> {
    stores::KV_TRIALS.iter().filter(move |trial| trial.on.iter().all(|need| features.contains(need)))
}

/// Runs a future to its end, on a runtime of its own; five minutes of real time at most, because a call that waits for a clock
/// which nobody moves would otherwise stop the suite.
///
/// # Errors
/// What the future gives, that it did not end, or that there is no runtime.
pub fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::time::timeout(LONGEST, work).await.context("it did not end")? })
}

const LONGEST: Duration = Duration::from_secs(300);

/// Judges how a trial ended: well, or as its deviation says.
///
/// # Errors
/// The failure, or that a known deviation is gone.
pub fn check(deviation: Option<&Deviation>, work: impl FnOnce() -> Result<()>) -> Result<(), Failed> {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(anyhow!("{}", text.unwrap_or_else(|| "it panicked".to_owned())))
    });
    let Some(known) = deviation else {
        return result.map_err(|error| format!("{error:#}").into());
    };
    match result {
        Err(error) if format!("{error:#}").contains(known.says) => Ok(()),
        Err(error) => {
            let message = format!("it fails, but not as its deviation says ({:?}): {error:#}", known.says);
            Err(message.into())
        }
        Ok(()) => Err(format!("a known deviation is gone; remove its row: {}", known.reason).into()),
    }
}
