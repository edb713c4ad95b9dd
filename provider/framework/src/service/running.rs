//! How a call is run: to its end, within its limit, without a panic that ends the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tonic::{Response, Status};

use super::session::Call;
use super::{Answer, Service};
use crate::resource::{Code, Context, Error, Stop, StopReason};
use crate::status;

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
