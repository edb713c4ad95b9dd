//! Processes that the engine starts on our behalf: finding them, killing them, waiting for their end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// The processes with the text `mark` somewhere in their environment, each with the program it runs.
///
/// # Errors
/// When /proc cannot be listed.
pub fn marked(mark: &str) -> Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list /proc")? {
        let entry = entry.context("cannot list /proc")?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that ends while it is looked at is none that is looked for.
        let Ok(program) = fs::read_link(entry.path().join("exe")) else { continue };
        let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
        if String::from_utf8_lossy(&environment).contains(mark) {
            found.push((pid, program));
        }
    }
    Ok(found)
}

/// The processes that run `program` with the text `mark` somewhere in their environment.
///
/// # Errors
/// When /proc cannot be listed, or there is no such program.
pub fn find(program: &Path, mark: &str) -> Result<Vec<u32>> {
    let program = fs::canonicalize(program).with_context(|| format!("there is no {}", program.display()))?;
    Ok(marked(mark)?.into_iter().filter(|(_, running)| *running == program).map(|(pid, _)| pid).collect())
}

/// Kills a process with SIGKILL. One that has ended already is no error.
///
/// # Errors
/// When it may not be killed.
pub fn kill(pid: u32) -> Result<()> {
    signal(pid, Signal::KILL)
}

/// Interrupts a process with SIGINT. One that has ended already is no error.
///
/// # Errors
/// When it may not be signalled.
pub fn interrupt(pid: u32) -> Result<()> {
    signal(pid, Signal::INT)
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no such process id")?;
    match kill_process(process, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot signal process {pid}")),
    }
}

/// Waits until no process runs `program` with `mark` in its environment.
///
/// # Errors
/// When one is still there after `limit`.
pub fn until_none(program: &Path, mark: &str, limit: Duration) -> Result<()> {
    let gone = wait::until(limit, || Ok(find(program, mark)?.is_empty().then_some(())))?;
    gone.with_context(|| format!("{} still runs after {} s", program.display(), limit.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_found_by_its_program_and_environment_and_can_be_killed() {
        let mut child = Command::new("/bin/sleep").arg("60").env("MARK", "find-me-by-this").spawn().unwrap();
        let program = fs::canonicalize("/bin/sleep").unwrap();
        let found = wait::until(Duration::from_secs(30), || {
            let found = find(&program, "MARK=find-me-by-this")?;
            Ok((!found.is_empty()).then_some(found))
        });
        assert_eq!(found.unwrap().unwrap(), [child.id()]);
        assert!(find(&program, "MARK=another").unwrap().is_empty());
        assert!(until_none(&program, "MARK=find-me-by-this", Duration::ZERO).is_err());
        kill(child.id()).unwrap();
        child.wait().unwrap();
        until_none(&program, "MARK=find-me-by-this", Duration::from_secs(30)).unwrap();
    }
}
