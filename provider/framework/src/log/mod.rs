//! Messages to the user, which the engine prints, and traces of the plugin, which go to
//! stderr.

mod engine;
mod trace;

use tokio::sync::mpsc::UnboundedSender;

use crate::resource::Urn;

pub(crate) use engine::EngineLog;
pub(crate) use trace::{hide_panics, start_tracing};

/// How important a message is.
///
/// There is no error level: the engine would mark the resource as failed while its
/// operation succeeds. Return an [`Error`](crate::Error) instead. The enum is
/// non-exhaustive, because the engine may add a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// Shown with `--debug` only.
    Debug,
    /// Shown under the resource.
    Info,
    /// Shown under the resource, and counted in the summary.
    Warning,
    /// Shown in the resource's info column while the operation runs, and removed after it.
    Status,
}

/// One message on its way to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How much it matters.
    pub severity: Severity,
    /// The resource it concerns.
    pub urn: Urn,
    /// The text, which is public.
    pub message: String,
}

/// The engine's log, for one resource.
///
/// Sending never fails and never waits: a message that cannot be delivered is dropped.
/// Everything sent is public.
///
/// ```
/// use pulumi_provider::Log;
/// use pulumi_provider::log::Severity;
///
/// let (sender, mut entries) = tokio::sync::mpsc::unbounded_channel();
/// let log = Log::new("urn:pulumi:dev::shop::p:index:Type::name".into(), sender);
/// log.info("creating a new key: keepers changed");
///
/// let entry = entries.try_recv().unwrap();
/// assert_eq!(entry.severity, Severity::Info);
/// assert_eq!(entry.message, "creating a new key: keepers changed");
/// ```
#[derive(Clone, Debug)]
pub struct Log {
    urn: Urn,
    sender: Option<UnboundedSender<Entry>>,
}

impl Log {
    /// A log that sends its entries to a channel, for tests.
    pub fn new(urn: Urn, sender: UnboundedSender<Entry>) -> Self {
        Self { urn, sender: Some(sender) }
    }

    /// A log that drops every message.
    pub fn discard() -> Self {
        Self { urn: Urn::default(), sender: None }
    }

    /// A message for the author of the provider. The engine shows it with `--debug` only.
    pub fn debug(&self, message: impl Into<String>) {
        self.send(Severity::Debug, message.into());
    }

    /// A message for the user. Begin with a verb in the present participle, such as `creating a
    /// new key`.
    pub fn info(&self, message: impl Into<String>) {
        self.send(Severity::Info, message.into());
    }

    /// A message that the user should act on. Say what to do.
    pub fn warning(&self, message: impl Into<String>) {
        self.send(Severity::Warning, message.into());
    }

    /// What the call is doing right now. The next status replaces it.
    pub fn status(&self, message: impl Into<String>) {
        self.send(Severity::Status, message.into());
    }

    fn send(&self, severity: Severity, message: String) {
        let entry = Entry { severity, urn: self.urn.clone(), message };
        let _ = self.sender.as_ref().map(|sender| sender.send(entry));
    }
}
