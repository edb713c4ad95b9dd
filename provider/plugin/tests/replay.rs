//! The exchanges of a key's life, recorded from the real engine and sent to the built binary, which waits to be attached
//! to: the stand-in of AWS beside it, and one clock for both, set as it was.
//!
//! `KEYROTATION_RECORD_EXCHANGES=1 cargo xtask test engine` records anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use localcloud::{FileClock, LocalCloud, Options};
use pulumi_provider::testing::{Harness, Replay};
use serde_json::Value;

const LIFE: &str = include_str!("../../../tests/replay/aws-life.json");
const USER: &str = "deployer";

/// A plugin that lives in the time of a file; its process ends with the test.
struct Plugin {
    child: Child,
    port: u16,
}

impl Plugin {
    fn start(clock: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pulumi-resource-keyrotation"));
        command.env_clear().env("KEYROTATION_TEST_CLOCK", clock);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap() }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The plugin, its AWS and their clock.
struct Scene {
    plugin: Plugin,
    cloud: LocalCloud,
    clock: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = folder.path().join("clock");
        let cloud = LocalCloud::start(Options::new(FileClock::open(&clock).unwrap())).unwrap();
        cloud.aws().create_user(USER).unwrap();
        Self { plugin: Plugin::start(&clock), cloud, clock, _folder: folder }
    }

    #[expect(clippy::disallowed_methods, reason = "the clock's file is relative to real time")]
    fn set_time(&self, to: Timestamp) {
        let ahead = to.duration_since(Timestamp::now()).as_millis();
        fs::write(&self.clock, ahead.to_string()).unwrap();
    }

    /// Replays a recording; the number of exchanges, or what went otherwise, by command.
    async fn replay(&self, recording: &str) -> Result<usize, Vec<String>> {
        let harness = Harness::attach(self.plugin.port).await.unwrap();
        let administrator = self.cloud.aws().admin_credentials();
        let mut replay = Replay::new(&harness)
            .knowing("endpoint", self.cloud.endpoint())
            .knowing("accessKey", &administrator.access_key_id)
            .knowing("secretKey", &administrator.secret_access_key);
        let (mut exchanges, mut problems) = (0, Vec::new());
        for (at, command, log) in commands(recording) {
            self.set_time(at);
            match replay.play(&log).await {
                Ok(count) => exchanges += count,
                Err(found) => problems.extend(found.into_iter().map(|problem| format!("{at}, {command}: {problem}"))),
            }
        }
        if problems.is_empty() { Ok(exchanges) } else { Err(problems) }
    }

    fn keys(&self) -> usize {
        self.cloud.aws().keys(USER).len()
    }
}

/// When each command ran, what it was, and its exchanges.
fn commands(recording: &str) -> Vec<(Timestamp, String, String)> {
    let mut commands: Vec<(Timestamp, String, String)> = Vec::new();
    for line in recording.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        match (entry["at"].as_str(), commands.last_mut()) {
            (Some(at), _) => commands.push((at.parse().unwrap(), entry["does"].to_string(), String::new())),
            (None, Some((_, _, log))) => log.extend([line, "\n"]),
            (None, None) => panic!("a recording begins with a command"),
        }
    }
    commands
}

#[tokio::test]
async fn a_recorded_life_goes_as_it_went() {
    let scene = Scene::start();
    let replayed = scene.replay(LIFE).await.unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    assert_eq!(replayed, LIFE.lines().count() - commands(LIFE).len());
    let methods = [
        "Handshake",
        "GetPluginInfo",
        "GetSchema",
        "CheckConfig",
        "DiffConfig",
        "Configure",
        "Check",
        "Diff",
        "Create",
        "Update",
        "Read",
        "Delete",
        "Cancel",
    ];
    for method in methods {
        assert!(LIFE.contains(&format!("ResourceProvider/{method}\"")), "{method} was not recorded");
    }
    assert_eq!(scene.keys(), 0);
    assert!(scene.cloud.aws().tags(USER).is_empty());
    let made = scene.cloud.journal().iter().filter(|call| call.action == "CreateAccessKey").count();
    assert_eq!(made, 2, "the first key and one rotation");
}

#[tokio::test]
async fn a_life_that_went_otherwise_is_told() {
    for (recorded, other, told) in [
        ("\"generation\":2", "\"generation\":3", "generation"),
        ("keepers.release", "keepers.other", "keepers"),
        ("\"overlap\":\"1d\"", "\"overlap\":\"2d\"", "previousRetiresAt"),
    ] {
        let altered = LIFE.replace(recorded, other);
        assert_ne!(altered, LIFE, "{recorded} does not occur");
        let problems = Scene::start().replay(&altered).await.unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(told)), "{problems:?}");
    }
}
