//! Bytes as a protobuf Struct, decoded into a struct of every kind of field: a value or failures, and no failure shows a
//! secret.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use prost::Message;
use prost_types::Struct;
use pulumi_provider::wire::from_struct;
use pulumi_provider::{SecretString, decode};

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only decoded")]
struct Whole {
    a: String,
    b: Option<bool>,
    c: Option<u32>,
    #[serde(default)]
    d: Vec<i64>,
    #[serde(default)]
    e: BTreeMap<String, f64>,
    f: Option<SecretString>,
    g: Option<Box<Whole>>,
    h: Option<Choice>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only decoded")]
enum Choice {
    One,
    Two(String),
    Three { a: u8 },
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(sent) = Struct::decode(bytes) else { return };
    let Ok(object) = from_struct(sent) else { return };
    let decoded = decode::<Whole>(&object);
    assert!(decoded.value.is_none() || decoded.failures.is_empty(), "a value and failures");
    assert!(decoded.failures.iter().all(|failure| !failure.reason.is_empty()), "a failure without words");
});
