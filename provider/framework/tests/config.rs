//! The provider's own configuration, and functions and lists.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod support;

use std::borrow::Cow;
use std::sync::Arc;

use prost::Message;
use prost_types::Struct;
use pulumi_proto::google::rpc::Status as Details;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::{Harness, Problem};
use pulumi_provider::wire::{Unknowns, from_struct, to_struct};
use pulumi_provider::{ConfigureError, Function, Object, ObjectSchema, Provider, Resource, Value};
use rpc::diff_response::DiffChanges;
use support::{PASSWORD, THING, TOKEN, Things, object};
use tonic::Code;

async fn harness() -> Harness {
    Harness::start(Things::default()).await.unwrap()
}

fn wire(object: Object) -> Option<Struct> {
    Some(to_struct(object, Unknowns::Allowed).unwrap())
}

fn region() -> (&'static str, Value) {
    ("region", "r".into())
}

async fn check(harness: &Harness, news: Object) -> (Object, Vec<rpc::CheckFailure>) {
    let request = rpc::CheckRequest { news: wire(news), ..Default::default() };
    let checked = harness.client().check_config(request).await.unwrap().into_inner();
    (from_struct(checked.inputs.unwrap()).unwrap(), checked.failures)
}

async fn diff(harness: &Harness, olds: Object, news: Object) -> rpc::DiffResponse {
    let request = rpc::DiffRequest { olds: wire(olds), news: wire(news), ..Default::default() };
    harness.client().diff_config(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn configuration_arrives_typed_however_it_was_written() {
    let json = format!(r#"{{"secretKey":"{PASSWORD}","host":"h"}}"#);
    for (cloud, debug) in [
        (object([("secretKey", PASSWORD.into()), ("host", "h".into())]).into(), true.into()),
        (json.as_str().into(), "true".into()),
        (Value::secret(json.as_str()), Value::secret("true")),
    ] {
        let provider = Things::default();
        let configured = provider.configured.clone();
        let harness = Harness::start(provider).await.unwrap();
        let given = object([region(), ("cloud", cloud), ("debug", debug), ("version", "1.0.0".into())]);
        harness.configure(given).await.unwrap();
        let config = configured.lock().unwrap().pop().unwrap();
        let cloud = config["cloud"].as_object().unwrap();
        assert_eq!(cloud["secretKey"].as_str(), Some(PASSWORD));
        assert!(config["cloud"].contains_secret());
        assert_eq!(config["debug"].as_bool(), Some(true));
        assert!(!config.contains_key("version"));
    }
}

#[tokio::test]
async fn checked_configuration_keeps_its_shape_and_hides_its_secrets() {
    let harness = harness().await;
    let json = format!(r#"{{"secretKey":"{PASSWORD}"}}"#);
    let given = object([
        region(),
        ("apiToken", TOKEN.into()),
        ("cloud", json.as_str().into()),
        ("debug", "true".into()),
        ("version", "1.0.0".into()),
        ("tenancy", Value::Unknown),
    ]);
    let (checked, failures) = check(&harness, given.clone()).await;
    assert_eq!(failures.len(), 0);
    assert_eq!(checked["apiToken"], Value::secret(TOKEN));
    assert_eq!(checked["cloud"], Value::secret(json.as_str()));
    assert!(checked.iter().all(|(key, value)| value.same(&given[key])));
    assert_eq!(checked.len(), given.len());
}

#[tokio::test]
async fn wrong_configuration_is_told_without_secrets() {
    let harness = harness().await;
    let given = object([
        region(),
        ("apiToken", vec![TOKEN].into()),
        ("cloud", format!(r#"{{"secretKey":["{PASSWORD}"],"hots":1}}"#).as_str().into()),
        ("debug", "maybe".into()),
    ]);
    let (_, failures) = check(&harness, given).await;
    let told: Vec<_> = failures.iter().map(|f| (f.property.as_str(), f.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            ("", "apiToken: expected a string, got a list"),
            ("", "cloud.secretKey: expected a string, got a list"),
            ("debug", "expected true or false, got a string"),
            ("", "cloud.hots: is not a property; did you mean host?"),
        ]
    );
}

#[tokio::test]
async fn new_credentials_are_an_update_and_a_new_identity_a_replacement() {
    let harness = harness().await;
    let config = |token: &str, tenancy: Value| object([region(), ("apiToken", token.into()), ("tenancy", tenancy)]);
    let same = diff(&harness, config("a", "t".into()), config("a", "t".into())).await;
    assert!(same.changes() == DiffChanges::DiffNone);
    let credential = diff(&harness, config("a", "t".into()), config("b", "t".into())).await;
    assert!(credential.changes() == DiffChanges::DiffSome && credential.replaces.is_empty());
    assert_eq!(credential.diffs, ["apiToken"]);
    let identity = diff(&harness, config("a", "t".into()), config("a", "u".into())).await;
    assert_eq!(identity.replaces, ["tenancy"]);
    let unknown = diff(&harness, config("a", "t".into()), config("a", Value::Unknown)).await;
    assert!(unknown.changes() == DiffChanges::DiffSome && unknown.replaces.is_empty());
    let version =
        diff(&harness, object([region(), ("version", "1".into())]), object([region(), ("version", "2".into())]));
    assert!(version.await.changes() == DiffChanges::DiffNone);
    let text = object([region(), ("cloud", r#"{"host":"h"}"#.into())]);
    let typed = object([region(), ("cloud", object([("host", "h".into())]).into())]);
    assert!(diff(&harness, text, typed).await.changes() == DiffChanges::DiffNone);
}

#[tokio::test]
async fn missing_keys_are_named_as_the_engine_wants_them() {
    let harness = harness().await;
    let status = harness.client().configure(rpc::ConfigureRequest::default()).await.err().unwrap();
    let details = Details::decode(status.details()).unwrap();
    assert_eq!(details.code, i32::from(status.code()));
    assert!(details.details[0].type_url.ends_with("/pulumirpc.ConfigureErrorMissingKeys"));
    let missing = rpc::ConfigureErrorMissingKeys::decode(details.details[0].value.as_slice()).unwrap();
    assert_eq!(missing.missing_keys[0].name, "test:region");
    assert_eq!(missing.missing_keys[0].description, "Where to work.");
}

#[tokio::test]
async fn a_refused_configuration_hides_its_secrets() {
    let harness = harness().await;
    let given =
        object([region(), ("bad", true.into()), ("apiToken", PASSWORD.into()), ("cloud", Value::secret(TOKEN))]);
    let request = rpc::ConfigureRequest { args: wire(given), ..Default::default() };
    let status = harness.client().configure(request).await.err().unwrap();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "no luck with [secret] and [secret]"));
}

#[tokio::test]
async fn the_schema_has_one_version() {
    let harness = harness().await;
    let mut client = harness.client();
    let schema = client.get_schema(rpc::GetSchemaRequest::default()).await.unwrap().into_inner().schema;
    assert!(schema.contains("test:index:Thing") && schema.contains("test:index:echo"));
    let other = client.get_schema(rpc::GetSchemaRequest { version: 1, ..Default::default() }).await;
    assert_eq!(other.err().unwrap().code(), Code::InvalidArgument);
    assert_eq!(client.get_plugin_info(()).await.unwrap().into_inner().version, "1.2.3");
}

/// A provider whose resources and schema take long to make.
struct Lazy;

impl Provider for Lazy {
    fn name(&self) -> &str {
        "lazy"
    }
    fn version(&self) -> &str {
        "1.0.0"
    }
    fn config(&self) -> ObjectSchema {
        panic!("asked for its configuration")
    }
    fn configure(&self, _: Object) -> Result<(), ConfigureError> {
        panic!("configured")
    }
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        panic!("asked for its resources")
    }
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        panic!("asked for its functions")
    }
    fn schema(&self) -> Cow<'static, str> {
        panic!("asked for its schema")
    }
}

#[tokio::test]
async fn a_start_makes_nothing_that_is_not_asked_for() {
    let harness = Harness::start(Lazy).await.unwrap();
    let attach = rpc::PluginAttach { address: "127.0.0.1:9".into() };
    harness.client().attach(attach).await.unwrap();
    assert_eq!(harness.client().get_plugin_info(()).await.unwrap().into_inner().version, "1.0.0");
    harness.cancel().await.unwrap();
}

async fn invoke(harness: &Harness, args: Object) -> Result<rpc::InvokeResponse, tonic::Status> {
    let request = rpc::InvokeRequest { tok: "test:index:echo".into(), args: wire(args), ..Default::default() };
    harness.client().invoke(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_function_answers_with_its_secrets_wrapped() {
    let harness = harness().await;
    let answer = invoke(&harness, object([("token", TOKEN.into())])).await.unwrap();
    assert_eq!(from_struct(answer.r#return.unwrap()).unwrap()["token"], Value::secret(TOKEN));
    let refused = invoke(&harness, object([("act", "arguments".into()), ("password", Value::secret(PASSWORD))]));
    let failures = refused.await.unwrap().failures;
    assert_eq!((failures[0].property.as_str(), failures[0].reason.as_str()), ("", "password: not [secret]"));
    let unknown = invoke(&harness, object([("act", "unknown".into())])).await.err().unwrap();
    assert!(unknown.message().contains("note[1]"));
    let failed = invoke(&harness, object([("act", "error".into()), ("password", Value::secret(PASSWORD))])).await;
    assert!(failed.is_err_and(|status| status.code() == Code::NotFound && !status.message().contains(PASSWORD)));
}

async fn list(harness: &Harness, request: rpc::ListRequest) -> Vec<rpc::list_response::Response> {
    let mut stream = harness.client().list(request).await.unwrap().into_inner();
    let mut responses = Vec::new();
    while let Some(response) = stream.message().await.unwrap() {
        responses.push(response.response.unwrap());
    }
    responses
}

#[tokio::test]
async fn a_list_streams_results_and_then_where_to_go_on() {
    use rpc::list_response::Response;
    let harness = harness().await;
    let request = rpc::ListRequest { token: THING.into(), ..Default::default() };
    let all = list(&harness, request.clone()).await;
    let names = all.iter().filter_map(|one| match one {
        Response::Result(result) => Some((result.name.as_str(), result.id.as_str())),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names, [("a", "id-a"), ("b", "id-b"), ("c", "id-c")]);
    assert!(matches!(all.last(), Some(Response::Continuation(rest)) if rest.continuation_token == "more"));
    let last =
        list(&harness, rpc::ListRequest { continuation_token: "more".into(), limit: 2, ..request.clone() }).await;
    assert_eq!(last.len(), 2);
    let unknown = rpc::ListRequest { query: wire(object([("a", Value::Unknown)])), ..request };
    assert!(matches!(list(&harness, unknown).await.as_slice(), [Response::Computed(_)]));
}

#[tokio::test]
async fn what_a_provider_does_not_have_is_refused_by_name() {
    let harness = harness().await;
    let mut thing = harness.resource("test:index:Nothing", "n");
    let Some(Problem::Failed(status)) = thing.up(&Object::new()).await.err() else { panic!("made") };
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("test:index:Nothing"));
    let mut client = harness.client();
    assert_eq!(client.construct(rpc::ConstructRequest::default()).await.err().unwrap().code(), Code::Unimplemented);
    assert_eq!(client.call(rpc::CallRequest::default()).await.err().unwrap().code(), Code::Unimplemented);
    assert!(client.get_mapping(rpc::GetMappingRequest::default()).await.unwrap().into_inner().data.is_empty());
}
