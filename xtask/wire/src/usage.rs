//! What a process has used, as /proc tells it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Resident memory in KiB.
///
/// # Errors
/// When the process has ended.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("cannot read a process's memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc names no resident memory")?;
    line.trim().trim_end_matches("kB").trim().parse().context("/proc's resident memory is no number")
}

/// Processor time of all its threads.
///
/// # Errors
/// When the process has ended.
pub(crate) fn processor(pid: u32) -> Result<Duration> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("cannot list a process's threads")? {
        let path = task.context("cannot list a process's threads")?.path().join("schedstat");
        let stat = fs::read_to_string(&path).context("cannot read a thread's processor time")?;
        let first = stat.split_whitespace().next().context("schedstat is empty")?;
        total += first.parse::<u64>().context("schedstat holds no number")?;
    }
    Ok(Duration::from_nanos(total))
}
