//! A program under way: its output in a file, a time limit, a way to kill it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::wait;

/// A program that was started and has not been waited for. It is killed when dropped.
pub struct Running {
    what: String,
    child: Child,
    output: PathBuf,
}

/// How a program ended, and all that it printed.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The command line, for messages.
    pub what: String,
    /// Whether it ended with exit code 0.
    pub success: bool,
    /// Both outputs, as they came.
    pub text: String,
}

impl Running {
    /// Starts a program; both of its outputs go to `output`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(what: String, command: &mut Command, output: PathBuf) -> Result<Self> {
        let file = File::create(&output).with_context(|| format!("cannot write {}", output.display()))?;
        let both = file.try_clone().context("cannot share an output file")?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(both).spawn();
        let child = child.with_context(|| format!("cannot start {what}"))?;
        Ok(Self { what, child, output })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it printed until now.
    ///
    /// # Errors
    /// When the output file cannot be read.
    pub fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.output).with_context(|| format!("cannot read {}", self.output.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait().with_context(|| format!("cannot wait for {}", self.what))?.is_some())
    }

    /// Interrupts it once, as ^C at a terminal does; it goes on until it has ended in order.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn interrupt(&self) -> Result<()> {
        process::interrupt(self.pid()).with_context(|| format!("cannot interrupt {}", self.what))
    }

    /// Kills it with SIGKILL, as a crash or the kernel would, and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be killed or waited for.
    pub fn kill(mut self) -> Result<Ended> {
        self.child.kill().with_context(|| format!("cannot kill {}", self.what))?;
        self.wait(Duration::from_secs(60))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it takes longer than `limit`; it is killed then, and its output is in the message.
    pub fn wait(mut self, limit: Duration) -> Result<Ended> {
        let what = self.what.clone();
        let ended = wait::until(limit, || self.child.try_wait().with_context(|| format!("cannot wait for {what}")))?;
        let text = self.text()?;
        let Some(status) = ended else { bail!("{what} took longer than {} s:\n{text}", limit.as_secs()) };
        Ok(Ended { what, success: status.success(), text })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Insists that it succeeded.
    ///
    /// # Errors
    /// When it did not; with its output.
    pub fn expect_success(self) -> Result<Self> {
        if !self.success {
            bail!("{} failed:\n{}", self.what, self.text);
        }
        Ok(self)
    }

    /// Insists that it failed.
    ///
    /// # Errors
    /// When it did not; with its output.
    pub fn expect_failure(self) -> Result<Self> {
        if self.success {
            bail!("{} succeeded, and should not have:\n{}", self.what, self.text);
        }
        Ok(self)
    }

    /// Insists that its output holds `words`.
    ///
    /// # Errors
    /// When it does not; with its output.
    pub fn expect_text(self, words: &str) -> Result<Self> {
        if !self.text.contains(words) {
            bail!("{} does not say {words:?}:\n{}", self.what, self.text);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Result<Running>) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let running = Running::start(script.to_owned(), &mut command, folder.path().join("out"));
        (folder, running)
    }

    #[test]
    fn both_outputs_and_the_exit_code_are_kept() {
        let (_folder, running) = shell("echo one; echo two >&2; exit 1");
        let ended = running.unwrap().wait(Duration::from_secs(60)).unwrap();
        assert_eq!((ended.success, ended.text.as_str()), (false, "one\ntwo\n"));
        assert!(ended.clone().expect_success().is_err() && ended.clone().expect_failure().is_ok());
        assert!(ended.clone().expect_text("two").is_ok() && ended.expect_text("three").is_err());
    }

    #[test]
    fn a_program_that_hangs_is_an_error_with_its_words() {
        let (_folder, running) = shell("echo before; exec sleep 60");
        let error = running.unwrap().wait(Duration::from_millis(300)).unwrap_err().to_string();
        assert!(error.contains("took longer") && error.contains("before"), "{error}");
    }

    #[test]
    fn a_killed_program_did_not_succeed() {
        let (_folder, running) = shell("exec sleep 60");
        assert!(!running.unwrap().kill().unwrap().success);
    }
}
