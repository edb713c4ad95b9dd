//! Values on the wire: what Check is given comes back as it was, whatever it is, and no signature or secret is lost.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use pulumi_proto::pulumirpc as rpc;

use crate::scene::{PASSWORD, URN, bare, inputs, told, wire};
use crate::trial;

const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT: &str = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE: &str = "5cf8f73096256a8f31e491e813e4eb8e";
const ASSET: &str = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE: &str = "0def7320c3a5731c473e5ecbe6d01bc7";
const BYTES: &str = "803fd3297a5875dc03ca845dda5d2a98";
const UNKNOWN: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    trials.extend(
        echoed().map(|(what, value)| trial(format!("values: {what} comes back as it was"), move || comes_back(value))),
    );
    trials.extend(unknowns().map(|(what, value)| {
        trial(format!("values: {what} is neither a value nor a mistake"), move || is_unknown(value))
    }));
    trials.extend(
        refusals()
            .map(|(what, value)| trial(format!("values: {what} is refused with its path"), move || is_refused(value))),
    );
    trials
}

fn text(text: &str) -> Wire {
    Wire { kind: Some(Kind::StringValue(text.to_owned())) }
}

fn map<const N: usize>(entries: [(&str, Wire); N]) -> Wire {
    let fields: BTreeMap<_, _> = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Wire { kind: Some(Kind::StructValue(Struct { fields })) }
}

fn list<const N: usize>(values: [Wire; N]) -> Wire {
    Wire { kind: Some(Kind::ListValue(ListValue { values: values.into() })) }
}

fn kind(kind: Kind) -> Wire {
    Wire { kind: Some(kind) }
}

fn secret(value: Wire) -> Wire {
    map([(SIGNATURE, text(SECRET)), ("value", value)])
}

/// What stands at `keepers`, so that it is read as a map of texts where it can be.
fn echoed() -> [(&'static str, Wire); 15] {
    let output = |more| {
        let known = map([(SIGNATURE, text(OUTPUT)), ("value", map([("a", text("x"))]))]);
        let Some(Kind::StructValue(Struct { mut fields })) = known.kind else { panic!("a map is a struct") };
        fields.extend(more);
        kind(Kind::StructValue(Struct { fields }))
    };
    let resource = [(SIGNATURE, text(RESOURCE)), ("urn", text("urn:pulumi:s::p::a:b:C::c")), ("id", text("i"))];
    let asset = [(SIGNATURE, text(ASSET)), ("hash", text("h")), ("text", text("t"))];
    let archive = [(SIGNATURE, text(ARCHIVE)), ("hash", text("h")), ("path", text("p"))];
    let bytes = [(SIGNATURE, text(BYTES)), ("value", text("AP8="))];
    [
        ("a secret inside a map", map([("a", secret(text(PASSWORD)))])),
        ("a secret around a map", secret(map([("a", text(PASSWORD))]))),
        ("a secret inside a secret map", secret(map([("a", secret(text(PASSWORD)))]))),
        ("a key with dots, quotes and brackets", map([("a.b[\"c\"]", text("x"))])),
        ("an empty key and an empty text", map([("", text(""))])),
        ("a text beyond ASCII", map([("schlüssel", text("鍵🔑"))])),
        ("a null entry", map([("a", kind(Kind::NullValue(0)))])),
        ("a number past 2^53", map([("a", kind(Kind::NumberValue(9_007_199_254_740_994.0)))])),
        ("a large whole number as text", map([("a", text("9007199254740993"))])),
        ("a known output", output(None)),
        ("a secret output", output(Some(("secret".to_owned(), kind(Kind::BoolValue(true)))))),
        ("a reference to a resource", map([("a", map(resource))])),
        ("an asset", map([("a", map(asset))])),
        ("an archive", map([("a", map(archive))])),
        ("a byte string", map([("a", map(bytes))])),
    ]
}

/// The text of an unknown of each type, and where it stands.
fn unknowns() -> [(&'static str, Wire); 12] {
    let unknown = || text(UNKNOWN);
    let output = map([(SIGNATURE, text(OUTPUT))]);
    [
        ("an unknown map", unknown()),
        ("an unknown entry", map([("a", unknown())])),
        ("an unknown boolean", map([("a", text("1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"))])),
        ("an unknown number", map([("a", text("3eeb2bf0-c639-47a8-9e75-3b44932eb421"))])),
        ("an unknown list", map([("a", text("6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"))])),
        ("an unknown asset", map([("a", text("030794c1-ac77-496b-92df-f27374a8bd58"))])),
        ("an unknown archive", map([("a", text("e48ece36-62e2-4504-bad9-02848725956a"))])),
        ("an unknown object", map([("a", text("dd056dcd-154b-4c76-9bd3-c8f88648b5ff"))])),
        ("an unknown inside a secret", secret(unknown())),
        ("an unknown inside a secret entry", map([("a", secret(unknown()))])),
        ("an unknown deep inside", map([("a", map([("b", list([unknown()]))]))])),
        ("an output without a value", output),
    ]
}

fn refusals() -> [(&'static str, Wire); 6] {
    [
        ("a signature that nobody knows", map([(SIGNATURE, text("0123456789abcdef0123456789abcdef"))])),
        ("a secret without a value", map([(SIGNATURE, text(SECRET))])),
        ("a signature that is no text", map([(SIGNATURE, kind(Kind::NumberValue(1.0)))])),
        ("a byte string that is none", map([(SIGNATURE, text(BYTES)), ("value", text("%%%"))])),
        ("a number that is none", map([("a", kind(Kind::NumberValue(f64::NAN)))])),
        ("a number without end inside a secret", secret(kind(Kind::NumberValue(f64::INFINITY)))),
    ]
}

fn with(keepers: Wire) -> Struct {
    let mut given = wire(&inputs([])).unwrap();
    given.fields.insert("keepers".to_owned(), keepers);
    given
}

async fn check(keepers: Wire) -> Result<rpc::CheckResponse, tonic::Status> {
    let (_plugin, harness) = bare().await;
    let request = rpc::CheckRequest { urn: URN.into(), news: Some(with(keepers)), ..Default::default() };
    harness.client().check(request).await.map(tonic::Response::into_inner)
}

async fn comes_back(value: Wire) {
    let answer = check(value.clone()).await.unwrap();
    assert_eq!(answer.inputs.unwrap().fields["keepers"], value);
    assert!(!format!("{:?}", told(&answer.failures)).contains(PASSWORD));
}

/// Nothing is refused, the schedule waits, and what was unknown still is.
async fn is_unknown(value: Wire) {
    let answer = check(value).await.unwrap();
    assert_eq!(told(&answer.failures), []);
    let inputs = answer.inputs.unwrap();
    let keepers = pulumi_provider::wire::from_struct(inputs).unwrap().remove("keepers").unwrap();
    assert!(keepers.contains_unknown());
}

async fn is_refused(value: Wire) {
    let status = check(value).await.err().unwrap();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().contains("keepers"), "{}", status.message());
}
