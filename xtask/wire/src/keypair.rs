//! What RSA keys cost: generated as the plugin does it, beside `openssl genrsa`.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use system_oci::{KeyBits, Pair};

use crate::table::Figure;

const KEYS: usize = 50;
/// Keys that each core makes when cores are compared.
const KEYS_A_CORE: usize = 30;

/// Processor time of one key, and how much faster two cores are than one.
///
/// # Errors
/// There is no openssl or no bash, or no key can be made.
pub(crate) fn figures() -> Result<Vec<Figure>> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..KEYS {
        theirs.push(openssl()?);
        ours.push(generated()?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let (one, two) = (together(1)?, together(2)?);
    Ok(vec![
        Figure {
            name: "processor time of an RSA-2048 key, median of 50",
            measured: ours,
            target: Some(theirs / 2.0),
            unit: "ms",
            reference: Some((theirs, "openssl genrsa 2048")),
        },
        Figure {
            name: "an RSA-2048 key with two cores at work",
            measured: two,
            target: Some(one / 1.7),
            unit: "ms",
            reference: Some((one, "a key with one core at work")),
        },
    ])
}

/// Processor time of this thread for one key, in milliseconds.
fn generated() -> Result<f64> {
    let before = processor()?;
    Pair::generate(KeyBits::B2048)?;
    Ok(milliseconds(processor()?.saturating_sub(before)))
}

/// The same of openssl, as bash tells it.
fn openssl() -> Result<f64> {
    let script = "TIMEFORMAT='%3U %3S'; time openssl genrsa -out /dev/null 2048 2>/dev/null";
    let output = Command::new("bash").args(["-c", script]).env("LC_ALL", "C").output().context("cannot start bash")?;
    ensure!(output.status.success(), "openssl genrsa failed");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let seconds: Vec<f64> = told.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    ensure!(seconds.len() == 2, "bash told no time: {told}");
    Ok(seconds.iter().sum::<f64>() * 1000.0)
}

/// Wall time of a key while so many threads make them, in milliseconds.
fn together(threads: usize) -> Result<f64> {
    let begun = Instant::now();
    let make = || (0..KEYS_A_CORE).try_for_each(|_| Pair::generate(KeyBits::B2048).map(drop));
    let workers: Vec<_> = (0..threads).map(|_| thread::spawn(make)).collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow!("a thread panicked"))??;
    }
    Ok(milliseconds(begun.elapsed()) / (threads * KEYS_A_CORE) as f64)
}

fn processor() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").context("cannot read this thread's processor time")?;
    let first = stat.split_whitespace().next().context("schedstat is empty")?;
    Ok(Duration::from_nanos(first.parse().context("schedstat holds no number")?))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
