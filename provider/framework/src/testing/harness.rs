use std::io;
use std::net::Ipv4Addr;

use pulumi_proto::pulumirpc as rpc;
use pulumi_proto::pulumirpc::engine_server::EngineServer;
use pulumi_proto::pulumirpc::resource_provider_client::ResourceProviderClient;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

use super::engine::{Listener, Logged};
use super::managed::Managed;
use super::messages::{failures, send};
use super::problem::Problem;
use crate::provider::Provider;
use crate::resource::Urn;
use crate::serve::{LARGEST_MESSAGE, serve_on};
use crate::service::Service;
use crate::value::Object;

/// Answers of 16 KiB and more in an error's details must pass, as they do in the engine.
const LARGEST_HEADERS: u32 = 16 << 20;

/// A provider that is served over loopback, and an engine that collects its messages.
///
/// The server ends when the harness is dropped.
pub struct Harness {
    channel: Channel,
    listener: Listener,
    _closing: DropGuard,
}

impl Harness {
    /// Serves a provider and performs the Handshake.
    ///
    /// # Errors
    ///
    /// If loopback cannot be listened on, or the Handshake fails.
    pub async fn start(provider: impl Provider) -> io::Result<Self> {
        let closing = CancellationToken::new();
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = sockets.local_addr()?.port();
        tokio::spawn(serve_on(Service::new(provider), sockets, closing.clone()));
        Self::shake_hands(port, closing).await
    }

    /// Performs the Handshake with the process of a plugin that listens at this port of
    /// loopback. The caller starts and ends the process.
    ///
    /// # Errors
    ///
    /// If loopback cannot be listened on, nothing answers at the port, or the Handshake fails.
    pub async fn attach(port: u16) -> io::Result<Self> {
        Self::shake_hands(port, CancellationToken::new()).await
    }

    async fn shake_hands(port: u16, closing: CancellationToken) -> io::Result<Self> {
        let listener = Listener::default();
        let engine = serve_engine(listener.clone(), closing.clone()).await?;
        let channel = connect(&format!("http://{}:{port}", Ipv4Addr::LOCALHOST))?;
        let harness = Self { channel, listener, _closing: closing.drop_guard() };
        let request = rpc::ProviderHandshakeRequest { engine_address: engine, ..Default::default() };
        harness.client().handshake(request).await.map_err(io::Error::other)?;
        Ok(harness)
    }

    /// The gRPC client, for calls that the other methods do not cover.
    pub fn client(&self) -> ResourceProviderClient<Channel> {
        let client = ResourceProviderClient::new(self.channel.clone());
        client.max_decoding_message_size(LARGEST_MESSAGE).max_encoding_message_size(LARGEST_MESSAGE)
    }

    /// Calls an RPC by its name, with these bytes as the request. Returns the bytes of each
    /// message of the answer.
    ///
    /// Use it to send what a generated client cannot, such as a message that is cut off.
    ///
    /// # Errors
    ///
    /// The status that the provider returns.
    pub async fn call(&self, method: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Status> {
        super::raw::call(self.channel.clone(), method, bytes).await
    }

    /// Checks a configuration and configures the provider with the result, as the engine does.
    ///
    /// # Errors
    ///
    /// - [`Problem::Refused`] with the failures of CheckConfig.
    /// - [`Problem::Failed`] with the status of a call.
    /// - [`Problem::Protocol`] if CheckConfig returns no inputs.
    pub async fn configure(&self, config: Object) -> Result<(), Problem> {
        let news = Some(send(config.clone())?);
        let checked = self.client().check_config(rpc::CheckRequest { news, ..Default::default() }).await?.into_inner();
        let Some(args) = checked.inputs else {
            return Problem::broken("CheckConfig answered no inputs");
        };
        if !checked.failures.is_empty() {
            return Err(Problem::Refused(failures(checked.failures)));
        }
        let request = rpc::ConfigureRequest { args: Some(args), accept_secrets: true, ..Default::default() };
        self.client().configure(request).await?;
        Ok(())
    }

    /// A resource of a program. It does not exist yet, and nothing is called.
    ///
    /// `token` is the whole type token: `package:module:Name`, with `index` for the root
    /// module.
    pub fn resource(&self, token: &str, name: &str) -> Managed {
        let urn = Urn::new(format!("urn:pulumi:test::project::{token}::{name}"));
        Managed::new(self.client(), urn)
    }

    /// Cancels the running calls, as the engine does when the user presses ^C and at the end of
    /// every command.
    ///
    /// # Errors
    ///
    /// The status that the transport returns.
    pub async fn cancel(&self) -> Result<(), Status> {
        self.client().cancel(()).await.map(|_| ())
    }

    /// The messages that the provider sent to the user so far, in order.
    pub fn logged(&self) -> Vec<Logged> {
        self.listener.heard()
    }
}

async fn serve_engine(listener: Listener, closing: CancellationToken) -> io::Result<String> {
    let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = sockets.local_addr()?.to_string();
    let incoming = TcpIncoming::from(sockets).with_nodelay(Some(true));
    let server = Server::builder().serve_with_incoming_shutdown(
        EngineServer::new(listener),
        incoming,
        closing.cancelled_owned(),
    );
    tokio::spawn(server);
    Ok(address)
}

fn connect(address: &str) -> io::Result<Channel> {
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(io::Error::other)?;
    let endpoint = endpoint.http2_max_header_list_size(LARGEST_HEADERS).tcp_nodelay(true);
    Ok(endpoint.connect_lazy())
}

/// Whether none of the secrets appears in a value outside of a secret wrapper, at any
/// depth.
///
/// ```
/// use pulumi_provider::Value;
/// use pulumi_provider::testing::{free_of, object};
///
/// let hidden = object([("password", Value::secret("hunter2"))]);
/// assert!(free_of(&hidden, &["hunter2"]));
/// let shown = object([("note", "the password is hunter2".into())]);
/// assert!(!free_of(&shown, &["hunter2"]));
/// ```
pub fn free_of(object: &Object, secrets: &[&str]) -> bool {
    let shown = format!("{object:?}");
    !secrets.iter().any(|secret| shown.contains(secret))
}
