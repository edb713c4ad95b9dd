//! The plugin's process: its arguments, port, signals and end.

mod arguments;
mod by_hand;
mod ending;

use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use pulumi_proto::pulumirpc::resource_provider_server::ResourceProviderServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::log::{hide_panics, start_tracing};
use crate::provider::Provider;
use crate::service::Service;
use arguments::{Arguments, Asked};
use ending::{Ending, Patience};

/// The largest message the engine sends or takes.
pub(crate) const LARGEST_MESSAGE: usize = 400 << 20;

/// What may be under way on a connection; large enough that big messages do not wait for permission.
const WINDOW: u32 = 1 << 20;

/// Runs a plugin until the engine ends it.
///
/// ```no_run
/// # use pulumi_provider::*;
/// # struct Greetings;
/// # impl Provider for Greetings {
/// #     fn name(&self) -> &str { "greetings" }
/// #     fn version(&self) -> &str { "0.1.0" }
/// #     fn configure(&self, _: Object) -> Result<(), ConfigureError> { Ok(()) }
/// #     fn resources(&self) -> Vec<std::sync::Arc<dyn Resource>> { Vec::new() }
/// #     fn schema(&self) -> std::borrow::Cow<'static, str> { "{}".into() }
/// # }
/// fn main() -> std::process::ExitCode {
///     pulumi_provider::run(Greetings)
/// }
/// ```
///
/// It serves on a loopback port of IPv4, and prints that port as the only line on stdout.
/// Nothing else may be printed there, because the engine reads it.
///
/// Run by a person, it explains itself and exits: with `--help` or `--version`, and without an engine's
/// address where stdin is a terminal.
///
/// It ends when it receives SIGINT or SIGTERM (within five seconds), or when the engine
/// that started it dies. Running calls are told to stop, and the process waits for their
/// answers.
pub fn run(provider: impl Provider) -> ExitCode {
    hide_panics();
    start_tracing(provider.traced_crates());
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => return complain(problem),
    };
    let asked =
        arguments.asked.or_else(|| (arguments.engine.is_none() && io::stdin().is_terminal()).then_some(Asked::Help));
    if let Some(asked) = asked {
        return by_hand::answer(asked, &provider);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return complain("the runtime cannot be started"),
    };
    let served = runtime.block_on(serve(Service::new(provider), arguments.engine));
    runtime.shutdown_timeout(Duration::from_millis(100));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("cannot serve: {error}")),
    }
}

async fn serve(service: Service, engine: Option<String>) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let port = listener.local_addr()?.port();
    let ending = Ending::watch(engine.is_some())?;
    if let Some(address) = &engine {
        service.attach_to(address);
    }
    let closing = CancellationToken::new();
    let serving = tokio::spawn(serve_on(service.clone(), listener, closing.clone()));
    print_port(port)?;
    let patience = ending.reached().await;
    service.stop();
    closing.cancel();
    finish(service, serving, patience).await;
    Ok(())
}

/// Serves on a listener until `closing` is cancelled, and then finishes the running calls.
/// It is for embedding and for tests; a plugin calls [`run`].
///
/// # Errors
///
/// What the transport reports, for example that the listener failed.
pub async fn serve_on(
    service: Service,
    listener: TcpListener,
    closing: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let server = ResourceProviderServer::new(service)
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE);
    Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .serve_with_incoming_shutdown(server, accepted(listener), closing.cancelled_owned())
        .await
}

/// The connections to a listener. Small answers do not wait for the acknowledgement of what was sent before them.
fn accepted(listener: TcpListener) -> TcpIncoming {
    TcpIncoming::from(listener).with_nodelay(Some(true))
}

/// Waits for running calls and their answers, but not longer than the ending leaves.
async fn finish<T>(service: Service, serving: tokio::task::JoinHandle<T>, patience: Patience) {
    let finished = async {
        service.finished().await;
        let _ = serving.await;
        service.close().await;
    };
    let _ = tokio::time::timeout(patience.time(), finished).await;
}

fn print_port(port: u16) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{port}")?;
    stdout.flush()
}

fn complain(problem: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{problem}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn answers_leave_at_once() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let _engine = std::net::TcpStream::connect(address).unwrap();
        let connection = accepted(listener).next().await.unwrap().unwrap();
        assert!(connection.nodelay().unwrap());
    }
}
