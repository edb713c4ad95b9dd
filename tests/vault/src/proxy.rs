//! A way to a real server on which calls are counted, recorded, and fail on demand.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::State;
use axum::http::header::{CONNECTION, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use localcloud::{Desk, Effect, Entry, Faults, Interruption, Server, Turn, cut, dropped};
use rotation::testing::{Fault, ManualClock};
use serde_json::json;
use tokio::net::TcpStream;

use crate::clock::SharedClock;
use crate::clouds::Hook;

/// More than any answer of the API takes.
const BODY: usize = 8 * 1024 * 1024;
/// What [`Fault::Before`] answers: Vault's words when it is sealed, which it says before it does anything.
pub const REFUSED: (u16, &str) = (503, "Vault is sealed");
/// What [`Fault::After`] answers: Vault's words for a failure that it does not explain, which it can say after an effect.
pub const UNANSWERED: (u16, &str) = (500, "internal error");
/// What [`Fault::Throttled`] answers.
pub const THROTTLED: (u16, &str) = (429, r#"request path "a path": rate limit quota exceeded"#);

/// A proxy in front of a server without TLS. It stops when it is dropped.
///
/// Its journal and rules name a request by method and path, `POST kv-1/data/app` for example, and number it from 1.
/// Bodies and tokens pass through it and are kept nowhere.
pub struct Proxy {
    desk: Arc<Desk>,
    endpoint: String,
    _server: Server,
}

impl Proxy {
    /// Listens on loopback in front of `server`. When a call hangs, it moves `clock` by `hang_advances`, so that a client's
    /// time-out by that clock ends it at once.
    ///
    /// # Errors
    /// No port can be bound.
    pub fn start(server: SocketAddr, clock: &ManualClock, hang_advances: SignedDuration) -> io::Result<Self> {
        Self::with(server, clock, hang_advances, None)
    }

    /// The same, where this answers logins that the server does not know.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn with(
        server: SocketAddr,
        clock: &ManualClock,
        hang_advances: SignedDuration,
        hook: Option<Hook>,
    ) -> io::Result<Self> {
        let desk = Arc::new(Desk::new(SharedClock::new(clock).shared(), hang_advances));
        let way = Way { desk: Arc::clone(&desk), server, hook };
        let app = Router::new().fallback(pass).with_state(way);
        let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), app)?;
        let endpoint = format!("http://{}", server.address);
        Ok(Self { desk, endpoint, _server: server })
    }

    /// The URL, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What is to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.desk.faults
    }

    /// Every request so far, oldest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.desk.journal.entries()
    }

    /// Every request so far as method and path.
    pub fn calls(&self) -> Vec<String> {
        self.journal().into_iter().map(|entry| entry.action).collect()
    }
}

/// The fault tests' view: calls are numbered from 0 over the proxy's life.
impl Proxy {
    /// Lets a call fail.
    pub fn inject(&self, call: usize, fault: Fault) {
        self.faults().strike_call(call, fault_of_vault(fault));
    }
}

/// A fault as Vault answers it.
pub fn fault_of_vault(fault: Fault) -> localcloud::Fault {
    let worded = |(status, words): (u16, &str)| localcloud::ErrorAnswer {
        status,
        code: String::new(),
        message: words.to_owned(),
    };
    match fault {
        Fault::Before => localcloud::Fault::ErrorBefore(worded(REFUSED)),
        Fault::After => localcloud::Fault::ErrorAfter(worded(UNANSWERED)),
        other => plain_fault(other),
    }
}

/// The faults that are the same for every API.
///
/// # Panics
/// For the two that are answered in an API's own words.
pub fn plain_fault(fault: Fault) -> localcloud::Fault {
    match fault {
        Fault::Before | Fault::After => unreachable!("{fault:?} is worded by its API"),
        Fault::Throttled => localcloud::Fault::Throttle,
        Fault::Hang => localcloud::Fault::Hang,
        Fault::HangAfter => localcloud::Fault::HangAfter,
        Fault::Cut => localcloud::Fault::CutBody,
        Fault::DieBefore => localcloud::Fault::HoldBefore,
        Fault::DieAfter => localcloud::Fault::HoldAfter,
    }
}

#[derive(Clone)]
struct Way {
    desk: Arc<Desk>,
    server: SocketAddr,
    hook: Option<Hook>,
}

async fn pass(State(way): State<Way>, request: Request<Body>) -> Response {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let action = format!("{} {}", request.method(), target.strip_prefix("/v1/").unwrap_or(target));
    let turn = Turn::open(&way.desk, &action);
    match way.take(&turn, request).await {
        Some(response) => {
            turn.answered(response.status().as_u16());
            response
        }
        None => dropped(),
    }
}

impl Way {
    /// The answer, or nothing if the client is to get none.
    async fn take(&self, turn: &Turn, request: Request<Body>) -> Option<Response> {
        if let Err(interruption) = turn.before().await {
            return interrupted(interruption, None).await;
        }
        let response = match self.forward(request).await {
            Ok(response) => response,
            Err(error) => refusal(502, &format!("the server behind the proxy does not answer: {error:#}")),
        };
        turn.done(Effect { outcome: response.status().as_u16().to_string(), ..Effect::default() });
        match turn.after().await {
            Ok(()) => Some(response),
            Err(interruption) => interrupted(interruption, Some(response)).await,
        }
    }

    /// The server's whole answer, so that "after" means after the effect.
    async fn forward(&self, mut request: Request<Body>) -> Result<Response> {
        request.headers_mut().remove(CONNECTION);
        if let Some(hook) = &self.hook {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, BODY).await?;
            if let Some((status, answer)) = hook(head.uri.path(), &body) {
                return Ok((StatusCode::from_u16(status)?, Json(answer)).into_response());
            }
            request = Request::from_parts(head, Body::from(body));
        }
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (mut head, body) = sender.send_request(request).await?.into_parts();
        head.headers.remove(CONNECTION);
        head.headers.remove(TRANSFER_ENCODING);
        Ok(Response::from_parts(head, to_bytes(Body::new(body), BODY).await?.into()))
    }
}

async fn interrupted(interruption: Interruption, response: Option<Response>) -> Option<Response> {
    match interruption {
        Interruption::Dropped => None,
        // An answer without a body breaks off in its head.
        Interruption::Cut => match response?.map(Body::new) {
            empty if empty.body().is_end_stream() => None,
            full => Some(cut(full).await),
        },
        Interruption::Throttled => Some(refusal(THROTTLED.0, THROTTLED.1)),
        Interruption::Error(error) => Some(refusal(error.status, &error.message)),
    }
}

/// An error as Vault tells it.
fn refusal(status: u16, words: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"errors": [words]}).to_string();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
