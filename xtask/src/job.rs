//! Running other programs: output into a log, a time limit, and a line that shows that work goes on.

use std::fs::{self, File};
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How many lines of a failed program's log are shown.
const TAIL: usize = 60;

/// What a program has cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// By the clock on the wall.
    pub(crate) wall: Duration,
    /// By the processors, of the program and of what it started and waited for. None where the system does not tell.
    pub(crate) cpu: Option<Duration>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    /// Its exit code or signal.
    pub(crate) status: ExitStatus,
    /// What it cost.
    pub(crate) cost: Cost,
}

/// What [`Job::run`] did in this process, with its cost: builds and other preparation.
static PREPARATION: Mutex<Vec<(String, Cost)>> = Mutex::new(Vec::new());
/// Jobs that run at this moment.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// What was built and prepared so far in this process.
pub(crate) fn preparation() -> Vec<(String, Cost)> {
    PREPARATION.lock().map(|done| done.clone()).unwrap_or_default()
}

/// One program run on the user's behalf.
pub(crate) struct Job {
    what: String,
    log: PathBuf,
    stdout: Option<PathBuf>,
    limit: Duration,
}

impl Job {
    /// A job that is described to the user as `what`, for example "building the plugin". Both of
    /// its outputs go to `log`. It may take half an hour.
    pub(crate) fn new(what: impl Into<String>, log: PathBuf) -> Self {
        Self { what: what.into(), log, stdout: None, limit: Duration::from_secs(1800) }
    }

    /// Sends standard output to a file of its own.
    pub(crate) fn stdout_to(mut self, file: PathBuf) -> Self {
        self.stdout = Some(file);
        self
    }

    /// Ends the program after that long.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs a program that prepares something to its end.
    ///
    /// # Errors
    /// When it cannot be started, takes too long or fails; then with the end of its log.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        let Ended { status, cost } = self.end(command)?;
        if !status.success() {
            bail!("{} failed ({status})\n{}\nall of its output: {}", self.what, tail(&self.log), self.log.display());
        }
        if let Ok(mut done) = PREPARATION.lock() {
            done.push((self.what.clone(), cost));
        }
        Ok(())
    }

    /// Runs the program to its end, whatever that is.
    ///
    /// # Errors
    /// When it cannot be started or takes too long.
    pub(crate) fn end(&self, command: &mut Command) -> Result<Ended> {
        let open = |path: &Path| File::create(path).with_context(|| format!("cannot write {}", path.display()));
        let log = open(&self.log)?;
        let stdout = match &self.stdout {
            Some(path) => open(path)?,
            None => log.try_clone().context("cannot share the log")?,
        };
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{}: cannot start {program}", self.what))?;
        self.watch(child)
    }

    fn watch(&self, mut child: Child) -> Result<Ended> {
        let mut line = Line::new(&self.what);
        let mut cpu = None;
        loop {
            let usage = Usage::of(&child);
            cpu = usage.map(|usage| usage.cpu).or(cpu);
            // Nobody can be asked what a program has cost once it has been waited for.
            let may_run = usage.is_some_and(|usage| !usage.has_ended);
            if !may_run && let Some(status) = child.try_wait().context("cannot wait for a program")? {
                line.finish(status.success());
                return Ok(Ended { status, cost: Cost { wall: line.elapsed(), cpu } });
            }
            if line.elapsed() > self.limit {
                child.kill().context("cannot end a program")?;
                child.wait().context("cannot wait for a program")?;
                line.finish(false);
                bail!(
                    "{} took longer than {} s and was ended; its output: {}",
                    self.what,
                    self.limit.as_secs(),
                    self.log.display()
                );
            }
            line.tick();
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What Linux tells of a program, also after its end as long as nobody has waited for it.
#[derive(Debug, Clone, Copy)]
struct Usage {
    cpu: Duration,
    has_ended: bool,
}

impl Usage {
    /// None on other systems.
    fn of(child: &Child) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?)
    }

    /// Reads `pid (name) state ...`: the times are in hundredths of a second, its own and those of the programs that it waited for.
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let times = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok());
        let hundredths: u64 = times.sum::<Option<u64>>()?;
        Some(Self { cpu: Duration::from_millis(hundredths * 10), has_ended: *fields.first()? == "Z" })
    }
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

/// "what ... 40 s", redrawn each second on a terminal that shows nothing else, repeated every half minute elsewhere, and
/// absent when the work is done before anyone would wonder.
struct Line<'a> {
    what: &'a str,
    started: Instant,
    next: Duration,
    shown: bool,
    terminal: bool,
}

impl<'a> Line<'a> {
    fn new(what: &'a str) -> Self {
        let is_alone = RUNNING.fetch_add(1, Ordering::Relaxed) == 0;
        let terminal = is_alone && std::io::stderr().is_terminal();
        Self { what, started: Instant::now(), next: Duration::from_secs(2), shown: false, terminal }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn tick(&mut self) {
        if self.elapsed() < self.next {
            return;
        }
        if self.terminal && self.shown && RUNNING.load(Ordering::Relaxed) > 1 {
            eprintln!();
            self.terminal = false;
        }
        self.next = self.elapsed() + Duration::from_secs(if self.terminal { 1 } else { 30 });
        self.shown = true;
        if self.terminal {
            eprint!("\r{} ... {} s", self.what, self.elapsed().as_secs());
            // A progress line that cannot be flushed is late, nothing worse.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{} ... {} s", self.what, self.elapsed().as_secs());
        }
    }

    fn finish(&self, success: bool) {
        if self.shown {
            let start = if self.terminal { "\r" } else { "" };
            let end = if success { "done" } else { "failed" };
            eprintln!("{start}{} ... {end} after {} s", self.what, self.elapsed().as_secs());
        }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_shows_the_end_of_the_log() {
        let job = Job::new("counting", paths::log("job-test-failure").unwrap());
        let error = job.run(&mut shell("for i in $(seq 100); do echo line-$i-; done; exit 3")).unwrap_err().to_string();
        assert!(
            error.contains("counting failed") && error.contains("line-100-") && error.contains("line-41-"),
            "{error}"
        );
        assert!(!error.contains("line-40-"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let job = Job::new("hanging", paths::log("job-test-hang").unwrap()).limit(Duration::from_millis(200));
        let error = job.run(&mut shell("exec sleep 60")).unwrap_err().to_string();
        assert!(error.contains("hanging took longer"), "{error}");
    }

    #[test]
    fn output_can_be_kept_apart_from_messages() {
        let out = paths::log("job-test-out").unwrap();
        let log = paths::log("job-test-err").unwrap();
        Job::new("speaking", log.clone()).stdout_to(out.clone()).run(&mut shell("echo data; echo words >&2")).unwrap();
        assert_eq!(fs::read_to_string(out).unwrap(), "data\n");
        assert_eq!(fs::read_to_string(log).unwrap(), "words\n");
    }

    #[test]
    fn a_cost_counts_what_the_program_started_and_waited_for() {
        let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let job = Job::new("computing", paths::log("job-test-cost").unwrap());
        let Cost { wall, cpu } = job.end(&mut shell(&format!("sh -c '{busy}'; true"))).unwrap().cost;
        if cfg!(target_os = "linux") {
            let cpu = cpu.unwrap();
            assert!(!cpu.is_zero() && cpu <= wall + Duration::from_millis(200), "{cpu:?} in {wall:?}");
        }
    }

    #[test]
    fn a_line_of_linux_is_read_whatever_the_program_is_called() {
        let usage = Usage::parse("7 (a) b (c) Z 1 2 3 4 5 6 7 8 9 10 100 20 3 1 0 0").unwrap();
        assert!(usage.has_ended);
        assert_eq!(usage.cpu, Duration::from_millis(1240));
        assert!(Usage::parse("7 (a) S 1 2").is_none());
    }
}
