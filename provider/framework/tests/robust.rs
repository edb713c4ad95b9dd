//! Whatever is sent, a status comes back.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod support;
#[path = "../examples/random-token/token.rs"]
mod token;

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::Harness;
use support::Things;
use tonic::{Code, Status};

const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
const SIGNATURES: [&str; 7] = [
    "1b47061264138c4ac30d75fd1eb44270",
    "d0e6a833031e9bbcd3f4e8bde6ca49a4",
    "5cf8f73096256a8f31e491e813e4eb8e",
    "c44067f5952c0a294b673a41bacd8c17",
    "0def7320c3a5731c473e5ecbe6d01bc7",
    "803fd3297a5875dc03ca845dda5d2a98",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
];
const METHODS: [&str; 21] = [
    "Handshake",
    "Parameterize",
    "GetSchema",
    "CheckConfig",
    "DiffConfig",
    "Configure",
    "Invoke",
    "Call",
    "Check",
    "Diff",
    "Create",
    "Read",
    "List",
    "Update",
    "Delete",
    "Construct",
    "Cancel",
    "GetPluginInfo",
    "Attach",
    "GetMapping",
    "GetMappings",
];

const NAMES: [&str; 12] =
    ["length", "keepers", "name", "act", "password", "tags", "region", "cloud", "value", "text", "hash", "urn"];

fn any_struct() -> impl Strategy<Value = Struct> {
    let key =
        prop_oneof![Just(SIGNATURE.to_owned()), prop::sample::select(&NAMES[..]).prop_map(str::to_owned), ".{0,6}"];
    let text = prop_oneof![prop::sample::select(&SIGNATURES[..]).prop_map(str::to_owned), ".{0,12}"];
    let leaf = prop_oneof![
        Just(None),
        Just(Some(Kind::NullValue(0))),
        any::<bool>().prop_map(|value| Some(Kind::BoolValue(value))),
        any::<f64>().prop_map(|value| Some(Kind::NumberValue(value))),
        text.prop_map(|value| Some(Kind::StringValue(value))),
    ];
    let of = |kind| Wire { kind: Some(kind) };
    let inner_key = key.clone();
    let value = leaf.prop_map(|kind| Wire { kind }).prop_recursive(4, 40, 5, move |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(move |values| of(Kind::ListValue(ListValue { values })));
        let fields = btree_map(inner_key.clone(), inner, 0..4);
        prop_oneof![list, fields.prop_map(move |fields| of(Kind::StructValue(Struct { fields })))]
    });
    btree_map(key, value, 0..5).prop_map(|fields| Struct { fields })
}

/// Calls every RPC that takes properties with them; none may panic, hang or be a defect.
async fn call_all(
    harness: &Harness,
    urn: &str,
    token: &str,
    one: Struct,
    other: Struct,
) -> Vec<(&'static str, Option<Status>)> {
    let mut client = harness.client();
    let (urn, id) = (urn.to_owned(), "id".to_owned());
    let (olds, news) = (Some(one.clone()), Some(other.clone()));
    let check = rpc::CheckRequest { urn: urn.clone(), olds: olds.clone(), news: news.clone(), ..Default::default() };
    let diff = rpc::DiffRequest {
        id: id.clone(),
        urn: urn.clone(),
        olds: olds.clone(),
        news: news.clone(),
        ..Default::default()
    };
    let update = rpc::UpdateRequest {
        id: id.clone(),
        urn: urn.clone(),
        olds: olds.clone(),
        news: news.clone(),
        ..Default::default()
    };
    let create = rpc::CreateRequest { urn: urn.clone(), properties: news.clone(), ..Default::default() };
    let read = rpc::ReadRequest {
        id: id.clone(),
        urn: urn.clone(),
        inputs: olds.clone(),
        properties: news.clone(),
        ..Default::default()
    };
    let delete =
        rpc::DeleteRequest { id, urn, old_inputs: olds.clone(), properties: news.clone(), ..Default::default() };
    let invoke = rpc::InvokeRequest { tok: "test:index:echo".into(), args: news.clone(), ..Default::default() };
    let list = rpc::ListRequest { token: token.into(), query: news.clone(), ..Default::default() };
    vec![
        ("CheckConfig", client.check_config(check.clone()).await.err()),
        ("DiffConfig", client.diff_config(diff.clone()).await.err()),
        ("Configure", client.configure(rpc::ConfigureRequest { args: olds, ..Default::default() }).await.err()),
        ("Check", client.check(check).await.err()),
        ("Diff", client.diff(diff).await.err()),
        ("Create in preview", client.create(rpc::CreateRequest { preview: true, ..create.clone() }).await.err()),
        ("Create", client.create(create).await.err()),
        ("Update in preview", client.update(rpc::UpdateRequest { preview: true, ..update.clone() }).await.err()),
        ("Update", client.update(update).await.err()),
        ("Read", client.read(read).await.err()),
        ("Delete", client.delete(delete).await.err()),
        ("Invoke", client.invoke(invoke).await.err()),
        ("List", client.list(list).await.err()),
    ]
}

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
    let properties = (any_struct(), any_struct());
    let outcome = runner.run(&properties, |(one, other)| {
        for (harness, urn, kind) in [
            (&token, "urn:pulumi:s::p::token:index:Token::t", "token:index:Token"),
            (&things, "urn:pulumi:s::p::test:index:Thing::t", "test:index:Thing"),
        ] {
            let calls = call_all(harness, urn, kind, one.clone(), other.clone());
            let answers = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), calls).await });
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
    let outcome = runner.run(&(prop::sample::select(&METHODS[..]), vec(any::<u8>(), 0..64)), |(method, bytes)| {
        let call = async { tokio::time::timeout(Duration::from_secs(20), harness.call(method, bytes)).await };
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
