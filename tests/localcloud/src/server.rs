//! The listener: its own thread, its own runtime, and connections that can be cut on purpose.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt, stream};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// A running listener. Dropping it closes the port and every connection, and waits until both are done.
pub struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Listens and serves `app` from a thread of its own, so that a caller may block as it likes.
    ///
    /// # Errors
    /// When `listen` is not a loopback address or cannot be bound.
    pub fn start(listen: SocketAddr, app: Router) -> io::Result<Self> {
        Self::start_tls(listen, app, None)
    }

    /// The same, by TLS if there is a configuration of it.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_tls(listen: SocketAddr, app: Router, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "the stand-in checks nobody at its control routes, so it listens on loopback only, not on {listen}"
                ),
            ));
        }
        let listener = std::net::TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("localcloud".to_owned()).spawn(move || {
            let served = runtime.block_on(async {
                tokio::select! { result = serve(listener, app, tls) => result, _ = stopped => Ok(()) }
            });
            drop((served, runtime));
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread), address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// A response that is never sent: the connection closes instead.
pub fn dropped() -> Response {
    let mut response = Body::empty().into_response();
    response.extensions_mut().insert(Dropped);
    response
}

/// The same response with its length announced in full, and half of its body.
pub async fn cut(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = stream::iter([Ok::<Bytes, io::Error>(body.slice(..body.len() / 2))]);
    // The pause lets the first half go out before the error closes the connection.
    let end = tokio::task::yield_now().map(|()| Err(io::Error::other("cut on purpose")));
    Response::from_parts(head, Body::from_stream(half.chain(end.into_stream())))
}

#[derive(Clone)]
struct Dropped;

#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
struct DroppedOnPurpose;

async fn serve(listener: std::net::TcpListener, app: Router, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let tls = tls.map(TlsAcceptor::from);
    loop {
        // A connection that fails while it is accepted is its client's loss, not the server's end.
        if let Ok((stream, _)) = listener.accept().await {
            // Without it a small answer waits for the client's delayed acknowledgement.
            let _ = stream.set_nodelay(true);
            let (app, tls) = (app.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => converse(stream, app).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            converse(stream, app).await;
                        }
                    }
                }
            });
        }
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, app: Router) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let answer = app.clone().oneshot(request.map(Body::new));
        async move {
            let Ok(response) = answer.await;
            match response.extensions().get::<Dropped>() {
                Some(Dropped) => Err(DroppedOnPurpose),
                None => Ok(response),
            }
        }
    });
    // Clients that go away and connections that are cut end here; both are in order.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}
