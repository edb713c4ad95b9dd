use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use localcloud::{LocalCloud, Options};
use prost_types::Struct;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::{Harness, object};
use pulumi_provider::wire::from_struct;
use pulumi_provider::{Object, Value};

use crate::support::config_of_aws;

pub(crate) const USER: &str = "deployer";
pub(crate) const TOKEN: &str = "keyrotation:aws:RotatingApiKey";
pub(crate) const URN: &str = "urn:pulumi:s::p::keyrotation:aws:RotatingApiKey::k";
pub(crate) const LIST_KEYS: &str = "keyrotation:aws:listKeys";
/// What no answer may show.
pub(crate) const PASSWORD: &str = "hunter2-hunter2";
/// Nothing listens there; the address only has to look like an engine's.
pub(crate) const ENGINE: &str = "127.0.0.1:9";

/// The plugin's process; it ends with the test.
pub(crate) struct Plugin {
    pub(crate) child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The plugin's program, with an environment that holds nothing but secrets.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pulumi-resource-keyrotation"));
    command.args(arguments).env_clear().env("PULUMI_CONFIG", PASSWORD).env("PULUMI_CONFIG_PASSPHRASE", PASSWORD);
    command
}

impl Plugin {
    pub(crate) fn start(arguments: &[&str], stdin: Stdio) -> Self {
        Self::spawn(command(arguments).stdin(stdin))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.strip_suffix('\n').and_then(|digits| digits.parse().ok());
        Self { child, stdout, port: port.unwrap_or_else(|| panic!("{line:?} is no port")) }
    }

    pub(crate) async fn harness(&self) -> Harness {
        Harness::attach(self.port).await.unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// The exit code, if the process ends in time.
    pub(crate) async fn exit(&mut self, within: Duration) -> Option<i32> {
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

    /// Ends the process, and answers what it printed after the port.
    pub(crate) async fn rest(mut self) -> (String, String) {
        self.signal("TERM");
        assert_eq!(self.exit(Duration::from_secs(60)).await, Some(0));
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (stdout, stderr)
    }
}

pub(crate) async fn pause(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

/// A plugin that nobody configured.
pub(crate) async fn bare() -> (Plugin, Harness) {
    let plugin = Plugin::start(&[], Stdio::null());
    let harness = plugin.harness().await;
    (plugin, harness)
}

/// A configured plugin, and an AWS with one user.
pub(crate) struct Scene {
    pub(crate) plugin: Plugin,
    pub(crate) harness: Harness,
    pub(crate) cloud: LocalCloud,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
        cloud.aws().create_user(USER).unwrap();
        let (plugin, harness) = bare().await;
        harness.configure(config(&cloud)).await.unwrap();
        Self { plugin, harness, cloud }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.cloud.aws().keys(USER).into_iter().map(|key| key.id).collect()
    }

    pub(crate) fn calls(&self) -> usize {
        self.cloud.journal().len()
    }
}

/// What reaches this AWS as its administrator.
pub(crate) fn config(cloud: &LocalCloud) -> Object {
    config_of_aws(cloud, &cloud.aws().admin_credentials())
}

/// Inputs with one keeper and whatever else.
pub(crate) fn inputs<const N: usize>(more: [(&str, Value); N]) -> Object {
    let mut inputs = object([("user", USER.into()), ("keepers", object([("release", "1".into())]).into())]);
    inputs.extend(object(more));
    inputs
}

pub(crate) fn wire(object: &Object) -> Option<Struct> {
    Some(crate::support::wire(object))
}

pub(crate) fn read(wire: Option<Struct>) -> Object {
    from_struct(wire.expect("a response without its properties")).unwrap()
}

/// The property and the reason of each failure.
pub(crate) fn told(failures: &[rpc::CheckFailure]) -> Vec<(&str, &str)> {
    failures.iter().map(|failure| (&*failure.property, &*failure.reason)).collect()
}
