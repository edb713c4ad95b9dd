//! Whatever could be sent: arbitrary properties and bytes for every RPC, to show that a status comes back.
//!
//! ```no_run
//! # async fn example(provider: impl pulumi_provider::Provider) {
//! use proptest::strategy::{Strategy, ValueTree};
//! use pulumi_provider::testing::{Harness, arbitrary};
//!
//! let harness = Harness::start(provider).await.unwrap();
//! let mut runner = proptest::test_runner::TestRunner::default();
//! let any = arbitrary::properties(&["length", "keepers"]).new_tree(&mut runner).unwrap().current();
//! let target = arbitrary::Target {
//!     urn: "urn:pulumi:s::p::token:index:Token::t",
//!     token: "token:index:Token",
//!     function: "token:index:none",
//!     config: None,
//! };
//! for (rpc, status) in arbitrary::call_all(&harness, &target, &any, &any).await {
//!     assert!(status.is_none_or(|status| status.code() != tonic::Code::Internal), "{rpc}");
//! }
//! # }
//! ```

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use super::Harness;
use crate::wire::{SIGNATURE, SIGNATURES, UNKNOWNS};

/// The names of all RPCs of a provider.
pub const RPCS: [&str; 21] = [
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

/// What [`call_all`] calls.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The URN of the resource.
    pub urn: &'a str,
    /// Its type token.
    pub token: &'a str,
    /// A function's token.
    pub function: &'a str,
    /// The valid configuration that the provider gets back after an arbitrary one.
    pub config: Option<&'a Struct>,
}

/// Properties with arbitrary values, among them unknowns, values of no kind, and signatures
/// that do not hold what they promise. `names` are among the keys at every depth.
pub fn properties(names: &'static [&'static str]) -> impl Strategy<Value = Struct> {
    btree_map(key(names), value(names), 0..5).prop_map(|fields| Struct { fields })
}

/// Valid properties of which a few are changed or removed. They pass the first validation
/// and reach the code behind it.
pub fn altered(sound: Struct, names: &'static [&'static str]) -> impl Strategy<Value = Struct> {
    let keys: Vec<_> = sound.fields.keys().cloned().collect();
    let one_of = (0..keys.len().max(1)).prop_map(move |index| keys.get(index).cloned().unwrap_or_default());
    let changes = btree_map(one_of, proptest::option::weighted(0.8, value(names)), 0..3);
    changes.prop_map(move |changes| {
        let mut fields = sound.fields.clone();
        for (key, change) in changes {
            match change {
                Some(value) => drop(fields.insert(key, value)),
                None => drop(fields.remove(&key)),
            }
        }
        Struct { fields }
    })
}

/// The name of an RPC, and arbitrary bytes for it; send them with [`Harness::call`].
pub fn bytes() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    (prop::sample::select(&RPCS[..]), vec(any::<u8>(), 0..64))
}

fn key(names: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    let name = prop::sample::select(names).prop_map(str::to_owned);
    let inside = prop::sample::select(&["value", "text", "hash", "urn", "id", "assets", "secret"][..]);
    prop_oneof![1 => Just(SIGNATURE.to_owned()), 3 => name, 1 => inside.prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn value(names: &'static [&'static str]) -> impl Strategy<Value = Wire> {
    let mut special = SIGNATURES.to_vec();
    special.extend(UNKNOWNS);
    let text = prop_oneof![prop::sample::select(special).prop_map(str::to_owned), ".{0,12}"];
    let leaf = prop_oneof![
        Just(None),
        Just(Some(Kind::NullValue(0))),
        any::<bool>().prop_map(|value| Some(Kind::BoolValue(value))),
        any::<f64>().prop_map(|value| Some(Kind::NumberValue(value))),
        text.prop_map(|value| Some(Kind::StringValue(value))),
    ];
    let of = |kind| Wire { kind: Some(kind) };
    leaf.prop_map(|kind| Wire { kind }).prop_recursive(4, 40, 5, move |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(move |values| of(Kind::ListValue(ListValue { values })));
        let fields = btree_map(key(names), inner, 0..4);
        prop_oneof![list, fields.prop_map(move |fields| of(Kind::StructValue(Struct { fields })))]
    })
}

/// Calls every RPC that takes properties with these, and returns the name of each with its
/// error, if it failed.
///
/// A test asserts on the codes: any status is fine except `Internal`, which is what a panic
/// becomes.
pub async fn call_all(
    harness: &Harness,
    target: &Target<'_>,
    one: &Struct,
    other: &Struct,
) -> Vec<(&'static str, Option<Status>)> {
    let mut failed = provider_calls(harness, target, one, other).await;
    failed.extend(resource_calls(harness, target, one, other).await);
    failed
}

async fn provider_calls(
    harness: &Harness,
    target: &Target<'_>,
    one: &Struct,
    other: &Struct,
) -> Vec<(&'static str, Option<Status>)> {
    let mut client = harness.client();
    let (olds, news) = (Some(one.clone()), Some(other.clone()));
    let check = rpc::CheckRequest { olds: olds.clone(), news: news.clone(), ..Default::default() };
    let diff = rpc::DiffRequest { olds: olds.clone(), news: news.clone(), ..Default::default() };
    let configure = |args| rpc::ConfigureRequest { args, ..Default::default() };
    let invoke = rpc::InvokeRequest { tok: target.function.into(), args: news.clone(), ..Default::default() };
    let list = rpc::ListRequest { token: target.token.into(), query: news, ..Default::default() };
    vec![
        ("CheckConfig", client.check_config(check).await.err()),
        ("DiffConfig", client.diff_config(diff).await.err()),
        ("Configure", client.configure(configure(olds)).await.err()),
        ("Configure again", client.configure(configure(target.config.cloned())).await.err()),
        ("Invoke", client.invoke(invoke).await.err()),
        ("List", client.list(list).await.err()),
    ]
}

async fn resource_calls(
    harness: &Harness,
    target: &Target<'_>,
    one: &Struct,
    other: &Struct,
) -> Vec<(&'static str, Option<Status>)> {
    let mut client = harness.client();
    let (urn, id) = (target.urn.to_owned(), "id".to_owned());
    let (olds, news) = (Some(one.clone()), Some(other.clone()));
    let check = rpc::CheckRequest { urn: urn.clone(), olds: olds.clone(), news: news.clone(), ..Default::default() };
    let diff = rpc::DiffRequest {
        id: id.clone(),
        urn: urn.clone(),
        olds: olds.clone(),
        old_inputs: olds.clone(),
        news: news.clone(),
        ..Default::default()
    };
    let update = rpc::UpdateRequest {
        id: id.clone(),
        urn: urn.clone(),
        olds: olds.clone(),
        old_inputs: olds.clone(),
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
    let delete = rpc::DeleteRequest { id, urn, old_inputs: olds, properties: news, ..Default::default() };
    vec![
        ("Check", client.check(check).await.err()),
        ("Diff", client.diff(diff).await.err()),
        ("Create in preview", client.create(rpc::CreateRequest { preview: true, ..create.clone() }).await.err()),
        ("Create", client.create(create).await.err()),
        ("Update in preview", client.update(rpc::UpdateRequest { preview: true, ..update.clone() }).await.err()),
        ("Update", client.update(update).await.err()),
        ("Read", client.read(read).await.err()),
        ("Delete", client.delete(delete).await.err()),
    ]
}
