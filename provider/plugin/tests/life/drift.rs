use crate::support::text;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::Value;
use pulumi_provider::testing::Action;
use pulumi_provider::wire::{Unknowns, to_struct};

use crate::bench::{Bench, HOUR, USER, inputs, number, saved};

#[tokio::test]
async fn a_key_that_somebody_deleted_is_replaced() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(HOUR);
    bench.cloud.aws().delete_key(&bench.keys()[0]).unwrap();
    bench.later(HOUR);
    key.refresh().await.unwrap();
    assert!(saved(&key).outputs["current"].is_null());
    assert_eq!(key.up(&inputs("1", [])).await.unwrap().action, Action::Update);
    assert_eq!(bench.keys(), [text(&saved(&key).outputs, "accessKeyId")]);
    assert_eq!(number(&saved(&key).outputs, "generation"), 2.0);
    assert_eq!(key.up(&inputs("1", [])).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn a_key_that_somebody_disabled_is_replaced_and_removed() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(HOUR);
    bench.cloud.aws().set_key_active(&bench.keys()[0], false).unwrap();
    key.refresh().await.unwrap();
    for _ in 0..2 {
        key.up(&inputs("1", [])).await.unwrap();
    }
    assert_eq!(bench.keys(), [text(&saved(&key).outputs, "accessKeyId")]);
    assert_eq!(key.up(&inputs("1", [])).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn a_foreign_key_is_shown_and_left_alone() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(HOUR);
    let foreign = bench.cloud.aws().mint_key(USER).unwrap().access_key_id;
    bench.later(HOUR);
    key.refresh().await.unwrap();
    let shown = saved(&key).outputs["foreignKeys"].as_array().unwrap().to_vec();
    assert_eq!(shown[0].as_object().and_then(|key| key.get("id")).and_then(Value::as_str), Some(foreign.as_str()));
    assert_eq!(key.up(&inputs("1", [])).await.unwrap().action, Action::Same);
    key.destroy().await.unwrap();
    assert_eq!(bench.keys(), [foreign]);
}

#[tokio::test]
async fn a_user_that_is_gone_is_gone() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(HOUR);
    bench.cloud.aws().delete_key(&bench.keys()[0]).unwrap();
    bench.cloud.aws().delete_user(USER).unwrap();
    bench.later(HOUR);
    key.refresh().await.unwrap();
    assert!(key.saved.is_none());
}

#[tokio::test]
async fn refused_credentials_are_no_reason_to_forget_a_key() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let before = saved(&key);
    bench.configure("AKIAIOSFODNN7EXAMPLE", "wrong-secret-of-nobody").await;
    let problem = key.refresh().await.expect_err("refused");
    assert!(!format!("{problem:?}").contains("wrong-secret"), "{problem:?}");
    assert_eq!(saved(&key), before);
}

#[tokio::test]
async fn every_answer_asks_for_a_read_first_if_configured() {
    for wanted in [false, true] {
        let bench = Bench::start().await;
        bench.configure_refreshing(wanted).await;
        let request = rpc::CreateRequest {
            urn: bench.key().urn().as_str().to_owned(),
            properties: Some(to_struct(checked(&bench).await, Unknowns::Refused).unwrap()),
            ..Default::default()
        };
        let created = bench.harness.client().create(request).await.unwrap().into_inner();
        assert_eq!(created.refresh_before_update, wanted);
    }
}

async fn checked(bench: &Bench) -> pulumi_provider::Object {
    let mut key = bench.key();
    key.preview(&inputs("1", [])).await.unwrap().inputs
}
