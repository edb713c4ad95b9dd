//! An engine's first calls, to a plugin that was perhaps built for another machine.

use std::fs;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use prost_types::Struct;
use pulumi_proto::pulumirpc::{
    CheckFailure, CheckRequest, ConfigureRequest, CreateRequest, GetSchemaRequest, ProviderHandshakeRequest,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::plugin::{Client, connect};

/// Nothing listens there; the address only has to look like an engine's.
const ENGINE: &str = "127.0.0.1:9";
const TOKEN: &str = "keyrotation:aws:RotatingApiKey";
/// An emulator on a busy machine takes long to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts the program, through a runner where one is named, makes the first calls, and lets the engine die. Its schema must be what the file has.
pub(crate) async fn run(schema: &Path, program: &str, through: &[&str]) -> Result<ExitCode> {
    let schema = fs::read_to_string(schema).with_context(|| format!("cannot read {}", schema.display()))?;
    let mut line = through.to_vec();
    line.extend([program, ENGINE]);
    let (name, arguments) = line.split_first().context("no program")?;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    let stdout = child.stdout.take().context("the plugin has no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let port = tokio::time::timeout(PATIENCE, lines.next_line()).await.context("the plugin prints no port")?;
    let port = port.context("cannot read the plugin's port")?.unwrap_or_default();
    let mut client = connect(port.trim().parse().with_context(|| format!("{port:?} is no port"))?).await?;
    calls(&mut client, &schema).await?;
    ends_with_its_engine(child).await?;
    Ok(ExitCode::SUCCESS)
}

async fn calls(client: &mut Client, schema: &str) -> Result<()> {
    let shaken = client.handshake(ProviderHandshakeRequest::default()).await.context("Handshake")?.into_inner();
    ensure!(shaken.accept_secrets, "the plugin takes no secrets");
    let info = client.get_plugin_info(()).await.context("GetPluginInfo")?.into_inner();
    ensure!(info.version == env!("CARGO_PKG_VERSION"), "it is version {}", info.version);
    let served = client.get_schema(GetSchemaRequest::default()).await.context("GetSchema")?.into_inner().schema;
    ensure!(served == schema, "it serves another schema than schema.json");
    let config = CheckRequest { news: Some(Struct::default()), ..CheckRequest::default() };
    let checked = client.check_config(config).await.context("CheckConfig")?.into_inner();
    ensure!(checked.failures.is_empty(), "an empty configuration is refused: {}", names(&checked.failures));
    let configure = ConfigureRequest { args: Some(Struct::default()), accept_secrets: true, ..Default::default() };
    client.configure(configure).await.context("Configure")?;
    let checked = client.check(check(inputs())).await.context("Check")?.into_inner();
    ensure!(checked.failures.is_empty(), "good inputs are refused: {}", names(&checked.failures));
    let refused = client.check(check(Struct::default())).await.context("Check without inputs")?.into_inner();
    ensure!(refused.failures.iter().any(|failure| failure.property == "user"), "a missing user is not refused");
    let properties = checked.inputs;
    let preview = CreateRequest { urn: urn(), properties, preview: true, ..CreateRequest::default() };
    client.create(preview).await.context("Create in a preview")?;
    Ok(())
}

fn names(failures: &[CheckFailure]) -> String {
    failures.iter().map(|failure| failure.property.as_str()).collect::<Vec<_>>().join(", ")
}

fn check(news: Struct) -> CheckRequest {
    CheckRequest { urn: urn(), news: Some(news), random_seed: vec![7; 32], ..CheckRequest::default() }
}

fn inputs() -> Struct {
    let user = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue("deployer".to_owned())) };
    Struct { fields: [("user".to_owned(), user)].into() }
}

fn urn() -> String {
    format!("urn:pulumi:dev::first-calls::{TOKEN}::key")
}

/// An engine that dies leaves nothing but a closed pipe.
async fn ends_with_its_engine(mut child: Child) -> Result<()> {
    let mut stdin = child.stdin.take().context("the plugin has no standard input")?;
    stdin.shutdown().await.context("cannot close the plugin's standard input")?;
    drop(stdin);
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.context("the plugin outlives its engine")?;
    ensure!(ended.context("cannot wait for the plugin")?.success(), "the plugin ended with an error");
    Ok(())
}
