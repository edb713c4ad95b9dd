use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::log::EngineLog;
use crate::redact::Redactor;
use crate::resource::Urn;
use crate::value::Object;

/// What lasts from one Handshake to the next: the engine's address, and whether it cancelled.
#[derive(Default)]
pub(super) struct Session {
    cancel: Mutex<CancellationToken>,
    pub(super) log: EngineLog,
    pub(super) running: TaskTracker,
}

impl Session {
    /// Forgets an earlier Cancel; one process may serve many commands.
    pub(super) fn begin(&self, engine: Option<&str>) {
        if let Some(address) = engine {
            self.log.connect(address);
        }
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
    }

    pub(super) fn cancel(&self) {
        self.token().cancel();
    }

    pub(super) async fn finished(&self) {
        self.running.close();
        self.running.wait().await;
    }

    /// Tells the user what a check found, before the check is answered.
    pub(super) async fn warn(&self, urn: &Urn, warnings: Vec<String>) {
        if warnings.is_empty() {
            return;
        }
        let (log, delivery) = self.log.open(urn, Redactor::default());
        delivery.during(async move { warnings.into_iter().for_each(|warning| log.warning(warning)) }).await;
    }

    pub(super) fn token(&self) -> CancellationToken {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a call is and how long it may take.
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) urn: Urn,
    pub(super) timeout: Option<Duration>,
    pub(super) secrets: Redactor,
}

impl Call {
    /// A call without a time limit.
    pub(super) fn new(name: &'static str, urn: Urn) -> Self {
        Self { name, urn, timeout: None, secrets: Redactor::default() }
    }

    /// Its time limit, which the request states in seconds; 0 is none.
    pub(super) fn limited_to(mut self, seconds: f64) -> Self {
        let limit = Duration::try_from_secs_f64(seconds).ok();
        self.timeout = limit.filter(|limit| !limit.is_zero());
        self
    }

    /// What its messages must not say.
    pub(super) fn hiding<'a>(mut self, objects: impl IntoIterator<Item = &'a Object>) -> Self {
        self.secrets.learn(objects);
        self
    }
}
