//! Messages to the user, by way of the engine; and the plugin's own trace, on stderr.

mod engine;
mod trace;

use tokio::sync::mpsc::UnboundedSender;

use crate::resource::Urn;

pub(crate) use engine::EngineLog;
pub(crate) use trace::{hide_panics, start_tracing};

/// How much a message matters. There is no error level: the engine would mark the resource failed
/// while its operation succeeds; return an [`Error`](crate::Error) instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Shown with `--debug` only.
    Debug,
    /// Shown under the resource.
    Info,
    /// Shown under the resource, and counted.
    Warning,
    /// Shown in the resource's info column while it is worked on, and gone after it.
    Status,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How much it matters.
    pub severity: Severity,
    /// The resource it concerns.
    pub urn: Urn,
    /// The text, which is public.
    pub message: String,
}

/// The way to the engine's log for one resource. Sending never fails and never waits: a message that
/// cannot be delivered is dropped. Everything sent is public.
#[derive(Clone, Debug)]
pub struct Log {
    urn: Urn,
    sender: Option<UnboundedSender<Entry>>,
}

impl Log {
    /// A log whose entries arrive at a receiver.
    pub fn new(urn: Urn, sender: UnboundedSender<Entry>) -> Self {
        Self { urn, sender: Some(sender) }
    }

    /// A log that drops everything.
    pub fn discard() -> Self {
        Self { urn: Urn::default(), sender: None }
    }

    /// For the plugin's author; shown with `--debug` only.
    pub fn debug(&self, message: impl Into<String>) {
        self.send(Severity::Debug, message.into());
    }

    /// For the user.
    pub fn info(&self, message: impl Into<String>) {
        self.send(Severity::Info, message.into());
    }

    /// For the user, who should act on it.
    pub fn warning(&self, message: impl Into<String>) {
        self.send(Severity::Warning, message.into());
    }

    /// What is going on right now; replaced by the next one.
    pub fn status(&self, message: impl Into<String>) {
        self.send(Severity::Status, message.into());
    }

    fn send(&self, severity: Severity, message: String) {
        let entry = Entry { severity, urn: self.urn.clone(), message };
        let _ = self.sender.as_ref().map(|sender| sender.send(entry));
    }
}
