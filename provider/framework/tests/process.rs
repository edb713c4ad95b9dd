//! The plugin's process, as the engine starts and ends it: over the example's binary.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use http_body_util::Full;
use prost::bytes::Bytes;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::wire::{Unknowns, from_struct, to_struct};
use rpc::resource_provider_client::ResourceProviderClient;
use support::{PASSWORD, inputs};
use tonic::codegen::http::Request;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt;

/// Nothing listens there; the address only has to look like one.
const ENGINE: &str = "127.0.0.1:9";
/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A plugin's process that ends with the test.
struct Plugin {
    child: Child,
    stdout: BufReader<ChildStdout>,
    port: u16,
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let binary = folder.join("examples").join(name);
    assert!(binary.exists(), "build the example first: cargo test -p pulumi-provider builds it");
    binary
}

impl Plugin {
    fn start(arguments: &[&str], stdin: Stdio) -> Self {
        Self::start_named("pulumi-resource-token", arguments, stdin)
    }

    fn start_named(name: &str, arguments: &[&str], stdin: Stdio) -> Self {
        let mut command = Command::new(binary(name));
        command.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.strip_suffix('\n').and_then(|digits| digits.parse().ok());
        Self { child, stdout, port: port.unwrap_or_else(|| panic!("{line:?} is no port")) }
    }

    fn client(&self) -> ResourceProviderClient<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", self.port)).unwrap();
        ResourceProviderClient::new(endpoint.connect_lazy())
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// The exit code, if the process ends in time.
    async fn exit(&mut self, within: Duration) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                pause(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(within, ended).await.ok().flatten()
    }

    /// What was printed after the port, once the process has ended.
    fn rest(&mut self) -> (String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (stdout, stderr)
    }
}

async fn pause(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

async fn answers(plugin: &Plugin) -> bool {
    let info = plugin.client().get_plugin_info(()).await;
    info.is_ok_and(|info| info.into_inner().version == "0.1.0")
}

#[tokio::test]
async fn the_first_line_is_the_port_and_nothing_else_is_printed() {
    for arguments in [&[][..], &[ENGINE], &["--logtostderr", "-v=9", "--tracing", "http://x", "--later=1", ENGINE]] {
        let mut plugin = Plugin::start(arguments, Stdio::piped());
        assert!(answers(&plugin).await, "{arguments:?}");
        plugin.signal("TERM");
        assert_eq!(plugin.exit(SOON).await, Some(0), "{arguments:?}");
        assert_eq!(plugin.rest(), (String::new(), String::new()), "{arguments:?}");
    }
}

#[test]
fn two_addresses_are_an_error_that_prints_no_port() {
    let output =
        Command::new(binary("pulumi-resource-token")).args([ENGINE, ENGINE]).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("at most one argument"));
}

#[tokio::test]
async fn it_listens_on_ipv4_loopback_only() {
    let plugin = Plugin::start(&[], Stdio::null());
    assert!(std::net::TcpStream::connect(("127.0.0.1", plugin.port)).is_ok());
    assert!(std::net::TcpStream::connect(("127.0.0.2", plugin.port)).is_err());
    assert!(std::net::TcpStream::connect(("::1", plugin.port)).is_err());
}

/// The code of the answer to a message of which only the size arrives.
async fn code_of_size(plugin: &Plugin, size: u32) -> i32 {
    let channel = Endpoint::from_shared(format!("http://127.0.0.1:{}", plugin.port)).unwrap().connect_lazy();
    let head: Vec<u8> = [0].into_iter().chain(size.to_be_bytes()).collect();
    let body = tonic::body::Body::new(Full::new(Bytes::from(head)));
    let request = Request::post("/pulumirpc.ResourceProvider/Create").header("content-type", "application/grpc");
    let response = channel.oneshot(request.body(body).unwrap()).await.unwrap();
    response.headers()["grpc-status"].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn messages_are_as_large_as_the_engine_s_and_no_larger() {
    let plugin = Plugin::start(&[], Stdio::null());
    let too_large = i32::from(tonic::Code::OutOfRange);
    assert_eq!(code_of_size(&plugin, (400 << 20) + 1).await, too_large);
    assert_ne!(code_of_size(&plugin, 400 << 20).await, too_large, "what is missing of it is another mistake");
}

#[tokio::test]
async fn cancel_is_answered_every_time_and_ends_nothing() {
    let mut plugin = Plugin::start(&[ENGINE], Stdio::piped());
    for _ in 0..3 {
        plugin.client().cancel(()).await.unwrap();
    }
    assert!(answers(&plugin).await);
    assert_eq!(plugin.exit(Duration::from_millis(300)).await, None);
    let request = rpc::ProviderHandshakeRequest { engine_address: ENGINE.into(), ..Default::default() };
    let hands = plugin.client().handshake(request).await.unwrap().into_inner();
    assert!(hands.accept_secrets && hands.accept_resources && hands.accept_outputs);
    assert!(create(&plugin).await.is_ok(), "a Handshake begins a new session");
}

#[tokio::test]
async fn one_process_serves_commands_with_and_without_handshake() {
    let plugin = Plugin::start(&[], Stdio::null());
    for _ in 0..3 {
        plugin.client().attach(rpc::PluginAttach { address: ENGINE.into() }).await.unwrap();
        plugin.client().configure(rpc::ConfigureRequest::default()).await.unwrap();
        create(&plugin).await.unwrap();
        plugin.client().cancel(()).await.unwrap();
        assert_eq!(create(&plugin).await.err().unwrap().code(), tonic::Code::Cancelled);
    }
    plugin.client().configure(rpc::ConfigureRequest::default()).await.unwrap();
    create(&plugin).await.unwrap();
}

async fn create(plugin: &Plugin) -> Result<(), tonic::Status> {
    let request = rpc::CreateRequest {
        urn: "urn:pulumi:s::p::token:index:Token::t".into(),
        properties: Some(prost_types::Struct::default()),
        ..Default::default()
    };
    plugin.client().create(request).await.map(|_| ())
}

#[tokio::test]
async fn signals_end_it_with_success_also_while_a_connection_is_open() {
    for signal in ["TERM", "INT"] {
        let mut plugin = Plugin::start(&[ENGINE], Stdio::piped());
        let mut client = plugin.client();
        client.get_plugin_info(()).await.unwrap();
        plugin.signal(signal);
        assert_eq!(plugin.exit(SOON).await, Some(0), "{signal}");
        drop(client);
    }
}

#[tokio::test]
async fn it_ends_when_the_engine_that_holds_its_stdin_dies() {
    let mut plugin = Plugin::start(&[ENGINE], Stdio::piped());
    assert!(answers(&plugin).await);
    assert_eq!(plugin.exit(Duration::from_millis(300)).await, None, "not before");
    drop(plugin.child.stdin.take());
    assert_eq!(plugin.exit(SOON).await, Some(0));
}

#[tokio::test]
async fn the_end_of_stdin_means_nothing_without_an_engine_or_a_pipe() {
    let mut attached = Plugin::start(&[], Stdio::piped());
    drop(attached.child.stdin.take());
    let mut detached = Plugin::start(&[ENGINE], Stdio::null());
    assert_eq!(attached.exit(Duration::from_millis(300)).await, None);
    assert_eq!(detached.exit(Duration::from_millis(300)).await, None);
    assert!(answers(&attached).await && answers(&detached).await);
}

async fn make(mut client: ResourceProviderClient<Channel>, act: &str) -> Result<rpc::CreateResponse, tonic::Status> {
    let request = rpc::CreateRequest {
        urn: "urn:pulumi:s::p::test:index:Thing::t".into(),
        properties: Some(to_struct(inputs(act), Unknowns::Allowed).unwrap()),
        ..Default::default()
    };
    client.create(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_running_call_is_told_to_end_and_its_answer_arrives_before_the_process_does() {
    for way in ["TERM", "INT", "end of stdin"] {
        let mut plugin = Plugin::start_named("pulumi-resource-test", &[ENGINE], Stdio::piped());
        let slow = tokio::spawn(make(plugin.client(), "slow"));
        pause(Duration::from_secs(1)).await;
        match way {
            "end of stdin" => drop(plugin.child.stdin.take()),
            signal => plugin.signal(signal),
        }
        let ended = tokio::time::timeout(Duration::from_secs(10), slow).await;
        let made = ended.unwrap_or_else(|_| panic!("{way}: the call was not told to end")).unwrap().unwrap();
        let outputs = from_struct(made.properties.unwrap()).unwrap();
        assert_eq!(outputs["note"], "Cancelled".into(), "{way}");
        assert_eq!(plugin.exit(SOON).await, Some(0), "{way}");
    }
}

#[tokio::test]
async fn a_panic_says_where_and_not_what_and_the_process_goes_on() {
    let mut plugin = Plugin::start_named("pulumi-resource-test", &[ENGINE], Stdio::piped());
    for _ in 0..2 {
        let status = make(plugin.client(), "panic").await.err().unwrap();
        assert_eq!(status.code(), tonic::Code::Internal);
    }
    make(plugin.client(), "").await.unwrap();
    plugin.signal("TERM");
    assert_eq!(plugin.exit(SOON).await, Some(0));
    let (_, stderr) = plugin.rest();
    assert_eq!(stderr.matches("the provider panicked at ").count(), 2, "{stderr}");
    assert!(!stderr.contains(PASSWORD));
}
