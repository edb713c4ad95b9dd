//! Whatever is sent, a status comes back: the plugin's own properties with any values, and any bytes, to every RPC. AWS is a
//! port that nobody listens on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use localcloud::{LocalCloud, Options};
use plugin::KeyRotation;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost_types::Struct;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::Value;
use pulumi_provider::testing::arbitrary::{Target, altered, bytes, call_all, properties};
use pulumi_provider::testing::{Harness, Saved, object};
use rotation::testing::ManualClock;
use tokio::runtime::Runtime;
use tonic::{Code, Status};

use crate::support::{aws, config_of_aws, credentials, wire};

const USER: &str = "deployer";
const TOKEN: &str = "keyrotation:aws:RotatingApiKey";
const URN: &str = "urn:pulumi:s::p::keyrotation:aws:RotatingApiKey::k";
const START: &str = "2026-01-01T00:00:00Z";
const PATIENCE: Duration = Duration::from_secs(60);
const NAMES: [&str; 32] = [
    "user",
    "keepers",
    "rotationPeriod",
    "rotationAnchor",
    "overlap",
    "maxAge",
    "verification",
    "successes",
    "timeout",
    "retirement",
    "revoke",
    "adopt",
    "secret",
    "allowOutage",
    "sesRegion",
    "schedule",
    "anchor",
    "window",
    "phase",
    "stateVersion",
    "instance",
    "generation",
    "current",
    "pending",
    "retiring",
    "claimOpen",
    "accessKeyId",
    "secretAccessKey",
    "aws",
    "accessKey",
    "endpoints",
    "refreshBeforeUpdate",
];

/// A plugin that made a key and has lost the network since.
struct Alone {
    runtime: Runtime,
    harness: Harness,
    config: Struct,
    made: Saved,
}

impl Alone {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = ManualClock::new(START.parse().unwrap());
        let harness = runtime.block_on(Harness::start(KeyRotation::new(Arc::new(clock)))).unwrap();
        let made = runtime.block_on(make(&harness));
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = wire(&object([(
            "aws",
            aws(&format!("http://{closed}"), &credentials("AKIAIOSFODNN7EXAMPLE", "none")).into(),
        )]));
        Self { runtime, harness, config, made }
    }

    fn lose_the_network(&self) {
        let request = rpc::ConfigureRequest { args: Some(self.config.clone()), ..Default::default() };
        self.runtime.block_on(self.harness.client().configure(request)).unwrap();
    }

    fn answers(&self, one: &Struct, other: &Struct) -> Result<(), TestCaseError> {
        let target =
            Target { urn: URN, token: TOKEN, function: "keyrotation:aws:listKeys", config: Some(&self.config) };
        let calls = async { tokio::time::timeout(PATIENCE, call_all(&self.harness, &target, one, other)).await };
        let answers = self.runtime.block_on(calls).map_err(|_| TestCaseError::fail("a call hangs"))?;
        for (name, status) in answers {
            prop_assert!(status.as_ref().is_none_or(expected), "{name}: {status:?}");
        }
        Ok(())
    }
}

async fn make(harness: &Harness) -> Saved {
    let clock = localcloud::ManualClock::new(START.parse().unwrap());
    let cloud = LocalCloud::start(Options::new(clock).immediate()).unwrap();
    cloud.aws().create_user(USER).unwrap();
    let admin = cloud.aws().admin_credentials();
    harness.configure(config_of_aws(&cloud, &admin)).await.unwrap();
    let mut key = harness.resource(TOKEN, "k");
    let keepers = object([("release", "1".into()), ("token", Value::secret("hunter2"))]);
    let plan = [("user", USER.into()), ("keepers", keepers.into()), ("rotationPeriod", "90d".into())];
    key.up(&object(plan)).await.unwrap();
    key.saved.unwrap()
}

/// Everything but what a panic becomes.
fn expected(status: &Status) -> bool {
    !matches!(status.code(), Code::Internal | Code::Unknown | Code::DeadlineExceeded)
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn any_properties_get_a_status_from_every_call() {
    let alone = Alone::new();
    let both = (properties(&NAMES), properties(&NAMES));
    runner(60).run(&both, |(one, other)| alone.answers(&one, &other)).unwrap();
}

#[test]
fn sound_properties_with_wrong_ones_among_them_get_a_status_from_every_call() {
    let alone = Alone::new();
    let (inputs, outputs) = (wire(&alone.made.inputs), wire(&alone.made.outputs));
    let sides = (altered(outputs.clone(), &NAMES), altered(outputs, &NAMES), altered(inputs, &NAMES));
    let outcome = runner(60).run(&sides, |(olds, state, news)| {
        alone.answers(&olds, &news)?;
        alone.answers(&news, &state)
    });
    outcome.unwrap();
}

#[test]
fn any_bytes_get_a_status_from_every_call() {
    let alone = Alone::new();
    alone.lose_the_network();
    let outcome = runner(400).run(&bytes(), |(rpc, bytes)| {
        let call = async { tokio::time::timeout(PATIENCE, alone.harness.call(rpc, bytes)).await };
        let answer = alone.runtime.block_on(call).map_err(|_| TestCaseError::fail("a call hangs"))?;
        if rpc == "Configure" {
            alone.lose_the_network();
        }
        prop_assert!(answer.as_ref().err().is_none_or(expected_of_bytes), "{rpc}: {answer:?}");
        Ok(())
    });
    outcome.unwrap();
}

/// tonic itself answers INTERNAL to bytes that are no message.
fn expected_of_bytes(status: &Status) -> bool {
    expected(status) || status.message().contains("failed to decode Protobuf message")
}
