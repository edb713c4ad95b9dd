//! A server's process, which does not outlive the tests.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(180);
/// How long it may take to end by itself once it is told to.
const END: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// A running server. It ends when this is dropped, and when the test program ends in whatever way.
pub(crate) struct Process {
    child: Child,
    guard: Child,
    log: PathBuf,
    farewell: Signal,
}

impl Process {
    /// Starts it with both outputs into `log`. `farewell` is the signal that lets it end in order.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(command: &mut Command, log: &Path, farewell: Signal) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log).context("cannot write a server's log")?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        // A group of its own, so that an interrupt at the terminal reaches the test program alone.
        let mut child = command.process_group(0).spawn().with_context(|| format!("cannot start {command:?}"))?;
        match guard(&child, farewell) {
            Ok(guard) => Ok(Self { child, guard, log: log.to_owned(), farewell }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the server is ready.
    ///
    /// # Errors
    /// It ended, or is not ready after three minutes; its output is in the message.
    pub(crate) fn until(&mut self, mut ready: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}): {}", self.output());
            }
            if begun.elapsed() > START {
                bail!("the server is not ready after {} s: {}", START.as_secs(), self.output());
            }
            sleep(LOOK);
        }
        Ok(())
    }

    /// Kills it on the spot, as a crash of its machine would.
    pub(crate) fn kill(&mut self) {
        self.call_off();
        // One that has ended already cannot be killed; either way nothing is left of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Lets it end in order, and kills it if it takes too long.
    pub(crate) fn end(&mut self) {
        self.call_off();
        let begun = Instant::now();
        if !self.has_ended()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, self.farewell);
        }
        while !self.has_ended() && begun.elapsed() < END {
            sleep(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The guard goes first: once the server is gone, its process id may be somebody else's.
    fn call_off(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().map_or(true, |status| status.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// A shell that ends the server once its input ends, which happens when the test program does, even by SIGKILL.
fn guard(child: &Child, farewell: Signal) -> Result<Child> {
    let signal = farewell.as_raw().to_string();
    let mut command = Command::new("sh");
    command.args(["-c", r#"read -r _; kill "-$1" "$2""#, "guard", &signal, &child.id().to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().context("cannot start sh")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(farewell: Signal) -> Process {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; while :; do sleep 1; done"]);
        Process::start(&mut command, &folder.path().join("log"), farewell).unwrap()
    }

    fn lives(id: u32) -> bool {
        Path::new(&format!("/proc/{id}")).exists()
    }

    #[test]
    fn a_server_ends_with_its_handle() {
        let process = sleeper(Signal::QUIT);
        let (id, guard) = (process.id(), process.guard.id());
        assert!(lives(id) && lives(guard));
        drop(process);
        assert!(!lives(id) && !lives(guard));
    }

    #[test]
    fn a_server_ends_when_the_guards_input_does() {
        let mut process = sleeper(Signal::QUIT);
        drop(process.guard.stdin.take());
        let begun = Instant::now();
        while process.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            sleep(LOOK);
        }
    }

    #[test]
    fn a_server_that_ends_early_tells_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such option; exit 3"]);
        let mut process = Process::start(&mut command, &folder.path().join("log"), Signal::TERM).unwrap();
        let failure = process.until(|| false).unwrap_err().to_string();
        assert!(failure.contains("no such option") && failure.contains('3'), "{failure}");
    }
}
