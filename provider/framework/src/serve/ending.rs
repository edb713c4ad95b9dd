use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long an end waits for running calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// A signal came: the engine kills after five seconds.
    Signalled,
    /// The engine is dead and nobody waits: what has begun may finish.
    Orphaned,
}

impl Patience {
    pub(super) fn time(self) -> Duration {
        match self {
            Self::Signalled => Duration::from_millis(4500),
            Self::Orphaned => Duration::from_secs(300),
        }
    }
}

/// What ends the process.
pub(super) struct Ending {
    signals: Signals,
    orphaned: CancellationToken,
}

impl Ending {
    /// Watches for signals, and for the death of an engine that holds our stdin as a pipe.
    pub(super) fn watch(has_engine: bool) -> io::Result<Self> {
        let orphaned = CancellationToken::new();
        if has_engine && stdin_is_pipe() {
            let token = orphaned.clone();
            std::thread::spawn(move || wait_for_end_of_stdin(&token));
        }
        Ok(Self { signals: Signals::new()?, orphaned })
    }

    pub(super) async fn reached(mut self) -> Patience {
        tokio::select! {
            () = self.signals.received() => Patience::Signalled,
            () = self.orphaned.cancelled() => Patience::Orphaned,
        }
    }
}

/// Reads stdin on a thread of its own: the runtime's would keep the process from ending.
fn wait_for_end_of_stdin(ended: &CancellationToken) {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    ended.cancel();
}

#[cfg(unix)]
fn stdin_is_pipe() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from);
    stdin.and_then(|stdin| stdin.metadata()).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(windows)]
fn stdin_is_pipe() -> bool {
    winapi_util::file::typ(winapi_util::HandleRef::stdin()).is_ok_and(|kind| kind.is_pipe())
}

/// What the operating system asks the process to end with.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The same on Windows: Ctrl+C from a terminal, Ctrl+Break from the engine, and the end of the console or the session.
#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    terminate: tokio::signal::windows::CtrlBreak,
    closed: tokio::signal::windows::CtrlClose,
    shut_down: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()?, closed: ctrl_close()?, shut_down: ctrl_shutdown()? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.closed.recv() => {}
            _ = self.shut_down.recv() => {}
        }
    }
}
