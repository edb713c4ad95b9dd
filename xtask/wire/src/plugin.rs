//! A running plugin and a connection to it.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use pulumi_proto::pulumirpc::resource_provider_client::ResourceProviderClient;
use pulumi_proto::pulumirpc::{ConfigureRequest, GetSchemaRequest};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tonic::transport::{Channel, Endpoint};

/// What the engine accepts from a plugin.
const LARGEST_MESSAGE: usize = 400 << 20;

/// The client of one provider.
pub(crate) type Client = ResourceProviderClient<Channel>;

/// A plugin started as the engine starts it in attach mode: no arguments. It is killed when dropped.
pub(crate) struct Plugin {
    child: Child,
    /// The connection; clones share it.
    pub(crate) client: Client,
}

impl Plugin {
    /// Starts a plugin with these variables and nothing else of the environment, and connects to it.
    ///
    /// # Errors
    /// When it does not start, prints no port, or does not listen.
    pub(crate) async fn start(program: &Path, variables: &[(&str, String)]) -> Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the plugin has no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await.context("cannot read the plugin's port")?;
        let port: u16 =
            line.as_deref().unwrap_or_default().trim().parse().context("the plugin's first line is no port")?;
        let client = connect(port).await?;
        Ok(Self { child, client })
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("the plugin has ended")
    }

    /// Its schema, byte for byte.
    ///
    /// # Errors
    /// When the call fails.
    pub(crate) async fn schema(&mut self) -> Result<String> {
        Ok(self.client.get_schema(GetSchemaRequest::default()).await.context("GetSchema failed")?.into_inner().schema)
    }

    /// Configures it with nothing, as an engine does whose stack has no configuration for it.
    ///
    /// # Errors
    /// When the call fails.
    pub(crate) async fn configure(&mut self) -> Result<()> {
        let request = ConfigureRequest {
            args: Some(prost_types::Struct::default()),
            accept_secrets: true,
            accept_resources: true,
            ..ConfigureRequest::default()
        };
        self.client.configure(request).await.context("Configure failed")?;
        Ok(())
    }
}

/// A connection to a plugin that listens on this port.
///
/// # Errors
/// When it does not listen.
pub(crate) async fn connect(port: u16) -> Result<Client> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).context("no endpoint")?.tcp_nodelay(true);
    let channel = endpoint.connect().await.context("cannot connect to the plugin")?;
    Ok(ResourceProviderClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE))
}
