use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::object;
use pulumi_provider::wire::{Unknowns, to_struct};
use pulumi_provider::{Object, Value};

use crate::bench::Bench;

async fn failures(bench: &Bench, aws: Object) -> Vec<String> {
    let news = Some(to_struct(object([("aws", aws.into())]), Unknowns::Allowed).unwrap());
    let request = rpc::CheckRequest { news, ..Default::default() };
    let answer = bench.harness.client().check_config(request).await.unwrap().into_inner();
    answer.failures.into_iter().map(|failure| format!("{} {}", failure.property, failure.reason)).collect()
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_anything_is_saved() {
    let bench = Bench::start().await;
    let misspelt = failures(&bench, object([("secretKye", Value::from("hunter2"))])).await;
    assert_eq!(misspelt.len(), 1);
    assert!(misspelt[0].contains("secretKye") && !misspelt[0].contains("hunter2"), "{misspelt:?}");
    let alone = failures(&bench, object([("accessKey", "AKIAIOSFODNN7EXAMPLE".into())])).await;
    assert!(alone.len() == 1 && alone[0].contains("secretKey"), "{alone:?}");
    let later = object([("accessKey", "AKIAIOSFODNN7EXAMPLE".into()), ("secretKey", Value::Unknown)]);
    assert!(failures(&bench, later).await.is_empty(), "what is not known yet is not missing");
    assert!(failures(&bench, object([("region", "eu-central-1".into())])).await.is_empty());
}
