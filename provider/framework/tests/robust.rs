//! Whatever is sent, a status comes back.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod support;
#[path = "../examples/random-token/token.rs"]
mod token;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use pulumi_provider::testing::Harness;
use pulumi_provider::testing::arbitrary::{Target, bytes, call_all, properties};
use support::Things;
use tonic::{Code, Status};

const NAMES: [&str; 8] = ["length", "keepers", "name", "act", "password", "tags", "region", "cloud"];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Statuses that a stranger's properties may get. INTERNAL would be a panic, unless it says what could not be saved.
fn expected(status: &Status) -> bool {
    status.code() != Code::Internal || status.message().contains("a defect of the provider: the ")
}

#[test]
fn any_properties_get_a_status_from_every_call() {
    let runtime = runtime();
    let token = runtime.block_on(Harness::start(token::Tokens)).unwrap();
    let things = runtime.block_on(Harness::start(Things::default())).unwrap();
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let both = (properties(&NAMES), properties(&NAMES));
    let outcome = runner.run(&both, |(one, other)| {
        for (harness, urn, token) in [
            (&token, "urn:pulumi:s::p::token:index:Token::t", "token:index:Token"),
            (&things, "urn:pulumi:s::p::test:index:Thing::t", support::THING),
        ] {
            let target = Target { urn, token, function: "test:index:echo", config: None };
            let calls = call_all(harness, &target, &one, &other);
            let answers = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), calls).await });
            for (name, status) in answers.map_err(|_| TestCaseError::fail("a call hangs"))? {
                prop_assert!(status.as_ref().is_none_or(expected), "{name}: {status:?}");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn any_bytes_get_a_status_from_every_call() {
    let runtime = runtime();
    let harness = runtime.block_on(Harness::start(Things::default())).unwrap();
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&bytes(), |(method, bytes)| {
        let call = async { tokio::time::timeout(Duration::from_secs(60), harness.call(method, bytes)).await };
        let answer = runtime.block_on(call).map_err(|_| TestCaseError::fail("a call hangs"))?;
        prop_assert!(answer.as_ref().err().is_none_or(expected_of_bytes), "{method}: {answer:?}");
        Ok(())
    });
    outcome.unwrap();
    let unknown = runtime.block_on(harness.call("NoSuchMethod", Vec::new())).unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
}

/// tonic itself answers INTERNAL to bytes that are no message.
fn expected_of_bytes(status: &Status) -> bool {
    expected(status) || status.message().contains("failed to decode Protobuf message")
}

#[tokio::test]
async fn messages_far_larger_than_grpc_usually_takes_pass_both_ways() {
    let harness = Harness::start(Things::default()).await.unwrap();
    let mut thing = harness.resource(support::THING, "large");
    let mut inputs = support::inputs("");
    let large: String = "x".repeat(24 << 20);
    inputs.insert("tags".into(), support::object([("large", large.as_str().into())]).into());
    let made = thing.up(&inputs).await.unwrap();
    assert_eq!(made.outputs["tags"].as_object().unwrap()["large"].as_str().unwrap().len(), large.len());
}
