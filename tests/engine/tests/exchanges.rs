//! The recording that the plugin's `replay` test sends to the built binary: a life of a key, led by the real engine.
//!
//! Every run leads that life and insists that the engine still makes the calls that were recorded. With
//! `KEYROTATION_RECORD_EXCHANGES=1` the recording is written anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::{Recorder, Scene};
use serde_json::{Value, json};

/// When, of which release, and what is done. It begins after the stand-in did, and leaves room for what a run waits.
const LIFE: [(&str, &str, &[&str]); 8] = [
    ("2040-01-01T00:10:00Z", "1", &["preview"]),
    ("2040-01-01T02:10:00Z", "1", &["up", "--yes", "--skip-preview"]),
    ("2040-01-01T04:10:00Z", "1", &["up", "--yes"]),
    ("2040-01-03T04:10:00Z", "2", &["preview"]),
    ("2040-01-03T05:10:00Z", "2", &["up", "--yes", "--skip-preview"]),
    ("2040-01-03T07:10:00Z", "2", &["refresh", "--yes", "--skip-preview"]),
    ("2040-01-05T07:10:00Z", "2", &["up", "--yes", "--skip-preview"]),
    ("2040-01-05T09:10:00Z", "2", &["destroy", "--yes", "--skip-preview"]),
];

#[test]
fn the_engine_still_makes_the_calls_that_were_recorded() -> Result<()> {
    let anew = led_by_the_engine()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../replay/aws-life.json");
    if std::env::var_os("KEYROTATION_RECORD_EXCHANGES").is_some() {
        return fs::write(&file, anew).with_context(|| format!("cannot write {}", file.display()));
    }
    let recorded = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let (recorded, anew) = (calls(&recorded)?, calls(&anew)?);
    ensure!(
        recorded == anew,
        "recorded: {recorded:#?}\nnow: {anew:#?}\nrecord anew: KEYROTATION_RECORD_EXCHANGES=1 cargo xtask test engine"
    );
    Ok(())
}

/// The exchanges of the whole life, one a line; each command's begin with a line that says what is done and when.
fn led_by_the_engine() -> Result<String> {
    let scene = Scene::without_environment()?;
    let mut recorder = Recorder::default();
    configure(&scene, &mut recorder)?;
    let folder = tempfile::tempdir()?;
    let mut lines = Vec::new();
    for (number, (at, release, command)) in LIFE.into_iter().enumerate() {
        let log = folder.path().join(number.to_string());
        scene.work.set("PULUMI_DEBUG_GRPC", &log.display().to_string());
        scene.clock.set(at.parse()?)?;
        scene.declare(inputs(release))?;
        scene.work.run(command)?.expect_success()?;
        lines.push(json!({ "at": at, "does": format!("pulumi {}", command[0]) }).to_string());
        let text = fs::read_to_string(&log).context("the engine wrote no log")?;
        lines.extend(recorder.exchanges(&text)?.iter().map(Value::to_string));
    }
    scene.expect_nothing_left()?;
    let text = lines.join("\n") + "\n";
    ensure!(scene.cloud.leaks(&text).is_empty(), "a secret stands in the recording");
    Ok(text)
}

fn inputs(release: &str) -> Value {
    json!({
        "keepers": { "release": release, "token": { "fn::secret": "only a test's" } },
        "rotationPeriod": "90d", "overlap": "1d", "sesRegion": "eu-central-1",
        "verification": { "successes": 2 },
    })
}

/// Configures the provider as a stack does, and names what is another in each run.
fn configure(scene: &Scene, recorder: &mut Recorder) -> Result<()> {
    let (administrator, endpoint) = (scene.cloud.administrator(), scene.cloud.endpoint());
    recorder.name(&endpoint, "endpoint");
    recorder.name(&administrator.access_key_id, "accessKey");
    recorder.name(&administrator.secret_access_key, "secretKey");
    let set = |path: &str, value: &str, how: &str| {
        let path = format!("keyrotation:aws.{path}");
        scene.work.run(&["config", "set", "--path", how, &path, value])?.expect_success().map(drop)
    };
    set("region", "us-east-1", "--plaintext")?;
    set("endpoints.iam", &endpoint, "--plaintext")?;
    set("endpoints.sts", &endpoint, "--plaintext")?;
    set("accessKey", &administrator.access_key_id, "--plaintext")?;
    set("secretKey", &administrator.secret_access_key, "--secret")
}

/// How often each command made each call.
fn calls(recording: &str) -> Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    let mut command = String::new();
    for line in recording.lines() {
        let entry: Value = serde_json::from_str(line).context("a line of the recording is no JSON")?;
        match entry["method"].as_str().and_then(|method| method.rsplit('/').next()) {
            Some(method) => *counts.entry(format!("{command}: {method}")).or_default() += 1,
            None => command = format!("{} {}", entry["at"], entry["does"]),
        }
    }
    Ok(counts)
}
