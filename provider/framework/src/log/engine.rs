use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pulumi_proto::pulumirpc::engine_client::EngineClient;
use pulumi_proto::pulumirpc::{LogRequest, LogSeverity};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tonic::transport::{Channel, Endpoint};

use super::{Entry, Log, Severity};
use crate::redact::Redactor;
use crate::resource::Urn;

/// How long one message may take; the engine is on the same machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// The engine's log. Without an engine, messages are dropped.
#[derive(Clone, Default)]
pub(crate) struct EngineLog {
    engine: Arc<Mutex<Option<EngineClient<Channel>>>>,
}

impl EngineLog {
    /// Sends from now on to the engine at `host:port`; an address that is none means no engine. Nothing is
    /// contacted before the first message.
    pub(crate) fn connect(&self, address: &str) {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).ok().filter(|_| !address.is_empty());
        let client = endpoint.map(|endpoint| EngineClient::new(endpoint.connect_lazy()));
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// A log for one call, and what delivers its messages without the call's secrets.
    pub(crate) fn open(&self, urn: &Urn, secrets: Redactor) -> (Log, Delivery) {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match engine {
            None => (Log::discard(), Delivery(None)),
            Some(engine) => {
                let (sender, receiver) = unbounded_channel();
                (Log::new(urn.clone(), sender), Delivery(Some(Line { engine, receiver, secrets })))
            }
        }
    }
}

/// Delivers one call's messages in their order.
pub(crate) struct Delivery(Option<Line>);

struct Line {
    engine: EngineClient<Channel>,
    receiver: UnboundedReceiver<Entry>,
    secrets: Redactor,
}

impl Delivery {
    /// Runs the call, delivers while it runs, and answers when the last message is delivered: the engine
    /// shows what arrives after a call's answer under the next step, or not at all.
    pub(crate) async fn during<T>(self, call: impl Future<Output = T>) -> T {
        let Some(line) = self.0 else {
            return call.await;
        };
        let (ended, end) = oneshot::channel::<()>();
        let watched = async {
            let answer = call.await;
            drop(ended);
            answer
        };
        let (answer, ()) = futures::join!(watched, deliver(line, end));
        answer
    }
}

/// Delivers until the call has ended and nothing is left. Once the engine does not take a message, the
/// others are dropped.
async fn deliver(mut line: Line, mut end: oneshot::Receiver<()>) {
    loop {
        let next = tokio::select! {
            biased;
            next = line.receiver.recv() => next,
            _ = &mut end, if !line.receiver.is_closed() => {
                line.receiver.close();
                continue;
            }
        };
        let Some(mut entry) = next else {
            return;
        };
        entry.message = line.secrets.redact(&entry.message);
        match tokio::time::timeout(PATIENCE, line.engine.log(request(entry))).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

fn request(entry: Entry) -> LogRequest {
    let severity = match entry.severity {
        Severity::Debug => LogSeverity::Debug,
        Severity::Info | Severity::Status => LogSeverity::Info,
        Severity::Warning => LogSeverity::Warning,
    };
    LogRequest {
        severity: severity.into(),
        message: entry.message,
        urn: entry.urn.to_string(),
        stream_id: 0,
        ephemeral: entry.severity == Severity::Status,
    }
}
