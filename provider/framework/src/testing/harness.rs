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

/// A provider that is served over loopback, and an engine that listens to its messages.
pub struct Harness {
    channel: Channel,
    listener: Listener,
    _closing: DropGuard,
}

impl Harness {
    /// Serves a provider and shakes hands with it.
    ///
    /// # Errors
    /// When loopback cannot be listened on, or the Handshake fails.
    pub async fn start(provider: impl Provider) -> io::Result<Self> {
        let closing = CancellationToken::new();
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = sockets.local_addr()?.port();
        tokio::spawn(serve_on(Service::new(provider), sockets, closing.clone()));
        Self::shake_hands(port, closing).await
    }

    /// Shakes hands with a plugin's process that listens at this port of loopback. The process is the caller's to end.
    ///
    /// # Errors
    /// When loopback cannot be listened on, nobody answers there, or the Handshake fails.
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

    /// The bare protocol.
    pub fn client(&self) -> ResourceProviderClient<Channel> {
        let client = ResourceProviderClient::new(self.channel.clone());
        client.max_decoding_message_size(LARGEST_MESSAGE).max_encoding_message_size(LARGEST_MESSAGE)
    }

    /// Calls an RPC by its name, with bytes as they are. Answers the bytes of each message that came back.
    ///
    /// # Errors
    /// What the provider says.
    pub async fn call(&self, method: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Status> {
        super::raw::call(self.channel.clone(), method, bytes).await
    }

    /// Checks a configuration and configures the provider with it, as the engine does.
    ///
    /// # Errors
    /// What the provider says.
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

    /// A resource of a program that does not exist yet. The type's token is whole: `package:module:Name`.
    pub fn resource(&self, token: &str, name: &str) -> Managed {
        let urn = Urn::new(format!("urn:pulumi:test::project::{token}::{name}"));
        Managed::new(self.client(), urn)
    }

    /// Cancels the running calls, as at the end of every command.
    ///
    /// # Errors
    /// What the transport says.
    pub async fn cancel(&self) -> Result<(), Status> {
        self.client().cancel(()).await.map(|_| ())
    }

    /// What the provider told the user so far.
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

/// Whether none of the secrets stands anywhere in a value outside a secret wrapper.
pub fn free_of(object: &Object, secrets: &[&str]) -> bool {
    let shown = format!("{object:?}");
    !secrets.iter().any(|secret| shown.contains(secret))
}
