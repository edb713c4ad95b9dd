//! Start, life and end of the process.

use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use libtest_mimic::Trial;
use pulumi_proto::pulumirpc as rpc;
use tonic::Code;

use crate::scene::{ENGINE, PASSWORD, Plugin, Scene, command, inputs, pause, wire};
use crate::scene::{TOKEN, URN, bare};
use crate::trial;

const SOON: Duration = Duration::from_secs(60);
const A_WHILE: Duration = Duration::from_millis(300);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("process: two addresses are an error without a port", two_addresses),
        trial("process: asked for help or its version, it answers and exits", time_10_asked),
        trial("process: with a terminal on stdin it explains itself and exits", time_10_terminal),
        trial("process: it listens on IPv4 loopback and nowhere else", ipv4_only),
        trial("process: two run side by side", side_by_side),
        trial("process: it starts in a folder that is gone", gone_folder),
        trial("process: it ends with the engine that holds its stdin", || stdin(&[ENGINE], true, Some(0))),
        trial("process: attached, the end of stdin means nothing", || stdin(&[], true, None)),
        trial("process: without a pipe for stdin it lives on", || stdin(&[ENGINE], false, None)),
        trial("process: Cancel is answered every time and ends nothing", cancelled_often),
        trial("process: it serves whoever shakes no hands", without_handshake),
        trial("process: a whole life prints nothing", prints_nothing),
    ];
    let started: [(&str, &'static [&'static str]); 4] = [
        ("no argument", &[]),
        ("an engine", &[ENGINE]),
        ("flags and an engine", &["--logtostderr", "-v=9", "--tracing", "http://x", ENGINE]),
        ("flags of later engines", &["--later=1", "--other", ENGINE]),
    ];
    trials.extend(started.map(|(what, arguments)| {
        trial(format!("process: with {what} the port is all that is printed"), move || port_only(arguments))
    }));
    trials.extend(["TERM", "INT"].map(|signal| {
        trial(format!("process: SIG{signal} ends it with success beside an open connection"), move || ends(signal))
    }));
    trials.extend(
        ["Handshake", "Attach", "Configure"]
            .map(|rpc| trial(format!("process: {rpc} after Cancel begins anew"), move || begins_anew(rpc))),
    );
    trials
}

async fn port_only(arguments: &[&str]) {
    let plugin = Plugin::start(arguments, Stdio::piped());
    plugin.harness().await;
    assert_eq!(plugin.rest().await, (String::new(), String::new()));
}

async fn two_addresses() {
    let output = command(&[ENGINE, ENGINE]).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("at most one argument") && !told.contains(PASSWORD), "{told}");
}

async fn time_10_asked() {
    for (arguments, words) in [
        (
            &["--help"][..],
            &[
                "Pulumi resource plugin",
                "pulumi plugin install resource keyrotation",
                "PULUMI_DEBUG_PROVIDERS=keyrotation:",
            ][..],
        ),
        (&["-h"], &["Pulumi resource plugin"]),
        (&["--version"], &[concat!("pulumi-resource-keyrotation ", env!("CARGO_PKG_VERSION"))]),
    ] {
        let output = command(arguments).stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        assert!(words.iter().all(|word| told.contains(word)), "{arguments:?}: {told}");
        assert!(!told.contains(PASSWORD));
    }
}

/// A terminal is what a shell gives; `script` of util-linux makes one.
async fn time_10_terminal() {
    let plugin = command(&[]);
    let program = plugin.get_program().to_string_lossy().into_owned();
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &program, "/dev/null"]).stdin(Stdio::null());
    let output = script.output().expect("util-linux has `script`");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("Nothing has to be run by hand"), "{told}");
}

async fn ipv4_only() {
    let plugin = Plugin::start(&[], Stdio::null());
    assert!(TcpStream::connect(("127.0.0.1", plugin.port)).is_ok());
    assert!(TcpStream::connect(("127.0.0.2", plugin.port)).is_err());
    assert!(TcpStream::connect(("::1", plugin.port)).is_err());
}

async fn side_by_side() {
    let (one, two) = (Scene::start().await, Scene::start().await);
    assert_ne!(one.plugin.port, two.plugin.port);
    let (mut first, mut second) = (one.harness.resource(TOKEN, "k"), two.harness.resource(TOKEN, "k"));
    let given = inputs([]);
    let (made, other) = tokio::join!(first.up(&given), second.up(&given));
    assert_eq!((made.is_ok(), other.is_ok()), (true, true));
    assert_eq!((one.keys().len(), two.keys().len()), (1, 1), "each reached its own AWS");
}

async fn gone_folder() {
    let folder = std::env::temp_dir().join(format!("keyrotation-gone-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let mut shell = std::process::Command::new("sh");
    let script = "rmdir \"$PWD\" && exec \"$0\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_pulumi-resource-keyrotation")]).env_clear();
    let plugin = Plugin::spawn(shell.env("PATH", "/usr/bin:/bin").current_dir(&folder).stdin(Stdio::null()));
    plugin.harness().await;
    assert!(!folder.exists());
}

async fn ends(signal: &str) {
    let mut plugin = Plugin::start(&[ENGINE], Stdio::piped());
    let _open = plugin.harness().await;
    plugin.signal(signal);
    assert_eq!(plugin.exit(SOON).await, Some(0));
}

async fn stdin(arguments: &[&str], piped: bool, code: Option<i32>) {
    let mut plugin = Plugin::start(arguments, if piped { Stdio::piped() } else { Stdio::null() });
    if piped {
        assert_eq!(plugin.exit(A_WHILE).await, None, "not before stdin ends");
    }
    drop(plugin.child.stdin.take());
    let within = if code.is_some() { SOON } else { A_WHILE };
    assert_eq!(plugin.exit(within).await, code);
    if code.is_none() {
        plugin.harness().await;
    }
}

async fn cancelled_often() {
    let (mut plugin, harness) = bare().await;
    for _ in 0..3 {
        harness.cancel().await.unwrap();
    }
    assert_eq!(plugin.exit(A_WHILE).await, None);
    harness.client().get_plugin_info(()).await.unwrap();
}

async fn begins_anew(rpc: &str) {
    let (_plugin, harness) = bare().await;
    let preview = rpc::CreateRequest { urn: URN.into(), preview: true, ..Default::default() };
    harness.cancel().await.unwrap();
    let late = harness.client().create(preview.clone()).await.err().unwrap();
    assert_eq!(late.code(), Code::Cancelled);
    let mut client = harness.client();
    match rpc {
        "Handshake" => drop(client.handshake(rpc::ProviderHandshakeRequest::default()).await.unwrap()),
        "Attach" => drop(client.attach(rpc::PluginAttach { address: ENGINE.into() }).await.unwrap()),
        _ => drop(client.configure(rpc::ConfigureRequest::default()).await.unwrap()),
    }
    client.create(preview).await.unwrap();
}

async fn without_handshake() {
    let plugin = Plugin::start(&[], Stdio::null());
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://127.0.0.1:{}", plugin.port)).unwrap();
    let mut client = rpc::resource_provider_client::ResourceProviderClient::new(endpoint.connect_lazy());
    let hands = client.configure(rpc::ConfigureRequest::default()).await.unwrap().into_inner();
    assert!(hands.accept_secrets && hands.accept_resources && hands.accept_outputs && hands.supports_preview);
    let check = rpc::CheckRequest { urn: URN.into(), news: wire(&inputs([])), ..Default::default() };
    assert!(client.check(check).await.unwrap().into_inner().failures.is_empty());
}

async fn prints_nothing() {
    let scene = Scene::start().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    key.up(&inputs([])).await.unwrap();
    key.refresh().await.unwrap();
    key.destroy().await.unwrap();
    scene.harness.cancel().await.unwrap();
    pause(Duration::from_millis(50)).await;
    let Scene { plugin, harness, .. } = scene;
    drop(harness);
    assert_eq!(plugin.rest().await, (String::new(), String::new()));
}
