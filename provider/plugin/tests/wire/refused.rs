//! Calls for what there is not, after the end, with nothing in them, and with what is no message.

use libtest_mimic::Trial;
use prost::Message;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::arbitrary::RPCS;
use tonic::Code;

use crate::scene::{LIST_KEYS, TOKEN, URN, bare, inputs, wire};
use crate::trial;

const NO_TYPE: &str = "keyrotation:aws:NoSuchThing";
const NO_URN: &str = "urn:pulumi:s::p::keyrotation:aws:NoSuchThing::k";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    trials.extend(
        ["Check", "Diff", "Create", "Read", "Update", "Delete", "List", "Invoke"]
            .map(|rpc| trial(format!("{rpc}: what there is not is refused by its name"), move || unknown(rpc))),
    );
    trials.extend(["Create", "Read", "Update", "Delete", "List", "Invoke"].map(|rpc| {
        trial(format!("{rpc}: nothing begins after Cancel"), move || after_cancel(rpc, Some(Code::Cancelled)))
    }));
    trials.extend(
        ["Check", "GetSchema", "GetPluginInfo", "CheckConfig", "DiffConfig"]
            .map(|rpc| trial(format!("{rpc}: answered after Cancel"), move || after_cancel(rpc, None))),
    );
    trials.extend(EMPTY.map(|(rpc, code)| trial(format!("{rpc}: an empty message"), move || empty(rpc, code))));
    // A message without a field takes any bytes.
    let with_fields = RPCS.into_iter().filter(|rpc| !matches!(*rpc, "Cancel" | "GetPluginInfo"));
    trials.extend(with_fields.map(|rpc| {
        trial(format!("{rpc}: what is no message is refused, and the next call is answered"), move || malformed(rpc))
    }));
    trials
}

/// What each RPC answers to a message without anything in it.
const EMPTY: [(&str, Code); 17] = [
    ("Handshake", Code::Ok),
    ("Attach", Code::Ok),
    ("GetPluginInfo", Code::Ok),
    ("GetSchema", Code::Ok),
    ("CheckConfig", Code::Ok),
    ("DiffConfig", Code::Ok),
    ("Configure", Code::Ok),
    ("Cancel", Code::Ok),
    ("GetMapping", Code::Ok),
    ("GetMappings", Code::Ok),
    ("Check", Code::InvalidArgument),
    ("Diff", Code::InvalidArgument),
    ("Create", Code::InvalidArgument),
    ("Read", Code::InvalidArgument),
    ("Delete", Code::InvalidArgument),
    ("Invoke", Code::InvalidArgument),
    ("List", Code::InvalidArgument),
];

/// A request to an RPC about a resource type and URN.
fn request(rpc: &str, urn: &str, token: &str, function: &str) -> Vec<u8> {
    let (urn, id, properties) = (urn.to_owned(), "deployer".to_owned(), wire(&inputs([])));
    let news = properties.clone();
    match rpc {
        "Check" => rpc::CheckRequest { urn, news, ..Default::default() }.encode_to_vec(),
        "Diff" => rpc::DiffRequest { urn, id, olds: properties, news, ..Default::default() }.encode_to_vec(),
        "Create" => rpc::CreateRequest { urn, properties, ..Default::default() }.encode_to_vec(),
        "Read" => rpc::ReadRequest { urn, id, ..Default::default() }.encode_to_vec(),
        "Update" => rpc::UpdateRequest { urn, id, olds: properties, news, ..Default::default() }.encode_to_vec(),
        "Delete" => rpc::DeleteRequest { urn, id, properties, old_inputs: news, ..Default::default() }.encode_to_vec(),
        "List" => rpc::ListRequest { token: token.to_owned(), query: news, ..Default::default() }.encode_to_vec(),
        "Invoke" => rpc::InvokeRequest { tok: function.to_owned(), args: news, ..Default::default() }.encode_to_vec(),
        _ => Vec::new(),
    }
}

async fn unknown(rpc: &str) {
    let (_plugin, harness) = bare().await;
    let status = harness.call(rpc, request(rpc, NO_URN, NO_TYPE, NO_TYPE)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains(NO_TYPE), "{}", status.message());
}

async fn after_cancel(rpc: &str, code: Option<Code>) {
    let (_plugin, harness) = bare().await;
    harness.cancel().await.unwrap();
    let answer = harness.call(rpc, request(rpc, URN, TOKEN, LIST_KEYS)).await;
    assert_eq!(answer.err().map(|status| status.code()), code);
}

async fn empty(rpc: &str, code: Code) {
    let (_plugin, harness) = bare().await;
    let answer = harness.call(rpc, Vec::new()).await;
    assert_eq!(answer.as_ref().map_or_else(|status| status.code(), |_| Code::Ok), code, "{answer:?}");
}

async fn malformed(rpc: &str) {
    let (_plugin, harness) = bare().await;
    let status = harness.call(rpc, vec![0xff; 16]).await.unwrap_err();
    assert!(status.message().contains("failed to decode Protobuf message"), "{status:?}");
    harness.client().get_plugin_info(()).await.unwrap();
}
