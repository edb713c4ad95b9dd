use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Response, Status};

use super::{Answer, Service};
use crate::log::EngineLog;
use crate::redact::Redactor;
use crate::resource::{Code, Context, Error, Stop, StopReason, Urn};
use crate::status;
use crate::value::Object;

/// What lasts from one Handshake to the next: the engine's address, and whether it cancelled.
#[derive(Default)]
pub(super) struct Session {
    cancel: Mutex<CancellationToken>,
    log: EngineLog,
    running: TaskTracker,
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

    fn token(&self) -> CancellationToken {
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

impl Service {
    /// Runs a call to its end, also when the one who asked goes away: what has an effect must be
    /// finished. Its time limit and Cancel are told to it and never cut it off. A panic becomes
    /// an error without the panic's text.
    pub(super) async fn run<T, F>(&self, call: Call, work: impl FnOnce(Context) -> F) -> Result<T, Status>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let session = self.session();
        let stop = Stop::following(&session.token());
        if stop.reason().is_some() {
            let message = format!("{} did not begin: the run was cancelled before", call.name);
            return Err(status::error(&Error::new(Code::Cancelled, message)));
        }
        let (log, delivery) = session.log.open(&call.urn, call.secrets);
        tracing::debug!(call = call.name, urn = %call.urn, "begins");
        let limited = limited(work(Context::new(call.urn, log, stop.clone())), call.timeout, stop);
        let task = session.running.spawn(delivery.during(limited));
        let answer = task.await.map_err(|_| panicked(call.name));
        tracing::debug!(call = call.name, finished = answer.is_ok(), "ends");
        answer
    }

    /// Runs what neither waits nor has effects, and turns a panic into an error without its text.
    pub(super) fn guarded<T>(&self, work: impl FnOnce() -> Result<T, Status>) -> Answer<T> {
        let result = catch_unwind(AssertUnwindSafe(work));
        result.unwrap_or_else(|_| Err(panicked("the call"))).map(Response::new)
    }
}

async fn limited<T>(work: impl Future<Output = T>, limit: Option<Duration>, stop: Stop) -> T {
    let mut work = std::pin::pin!(work);
    if let Some(limit) = limit {
        match tokio::time::timeout(limit, work.as_mut()).await {
            Ok(answer) => return answer,
            Err(_) => stop.stop(StopReason::TimedOut),
        }
    }
    work.await
}

fn panicked(name: &str) -> Status {
    let message = format!("{name} failed by a defect of the provider; its place is in the plugin's error output");
    status::error(&Error::new(Code::Internal, message))
}
