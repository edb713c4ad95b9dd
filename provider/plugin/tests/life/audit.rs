use crate::support::text;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::object;
use pulumi_provider::wire::{Unknowns, from_struct, to_struct};
use pulumi_provider::{Object, Value};
use rpc::list_response::Response;

use crate::bench::{Bench, DAY, HOUR, TOKEN, USER, inputs, saved};

async fn list_keys(bench: &Bench, arguments: Object) -> rpc::InvokeResponse {
    let args = Some(to_struct(arguments, Unknowns::Refused).unwrap());
    let request = rpc::InvokeRequest { tok: "keyrotation:aws:listKeys".to_owned(), args, ..Default::default() };
    bench.harness.client().invoke(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn the_audit_tells_age_use_and_manager() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(DAY * 12 + HOUR * 3);
    let foreign = bench.cloud.aws().mint_key(USER).unwrap().access_key_id;
    bench.cloud.aws().set_key_active(&foreign, false).unwrap();
    bench.later(HOUR);
    let answer = list_keys(&bench, object([("user", USER.into())])).await;
    let answer = from_struct(answer.r#return.unwrap()).unwrap();
    let keys: Vec<_> = answer["keys"].as_array().unwrap().iter().filter_map(Value::as_object).collect();
    assert_eq!(text(keys[0], "id"), text(&saved(&key).outputs, "accessKeyId"));
    assert_eq!((text(keys[0], "age").as_str(), text(keys[0], "status").as_str()), ("12d4h", "active"));
    let seconds = keys[0]["ageSeconds"].as_number().unwrap();
    assert!((292.0 * 3600.0 - 300.0..=292.0 * 3600.0 + 300.0).contains(&seconds), "{seconds}");
    assert!(text(keys[0], "managedBy").ends_with("/key"), "{:?}", keys[0]);
    assert!(keys[0].contains_key("lastUsedAt"), "its verification used it");
    assert_eq!((text(keys[1], "id"), text(keys[1], "status").as_str()), (foreign, "inactive"));
    assert!(!keys[1].contains_key("managedBy") && !keys[1].contains_key("lastUsedAt"));
}

#[tokio::test]
async fn a_wrong_argument_is_named() {
    let bench = Bench::start().await;
    let failures = list_keys(&bench, object([("user", "".into())])).await.failures;
    assert_eq!(failures[0].property, "user");
    assert_eq!(bench.calls(), 0);
}

#[tokio::test]
async fn keys_are_listed_by_the_ids_that_import_them() {
    let bench = Bench::start().await;
    let minted = bench.cloud.aws().mint_key(USER).unwrap().access_key_id;
    let query = Some(to_struct(object([("user", USER.into())]), Unknowns::Refused).unwrap());
    let request = rpc::ListRequest { token: TOKEN.to_owned(), query, ..Default::default() };
    let mut stream = bench.harness.client().list(request).await.unwrap().into_inner();
    let Some(Response::Result(found)) = stream.message().await.unwrap().and_then(|answer| answer.response) else {
        panic!("one result")
    };
    assert_eq!(found.id, format!("{USER}/{minted}"));
    let mut key = bench.key();
    key.import(&found.id).await.unwrap();
    assert_eq!(text(&saved(&key).outputs, "accessKeyId"), minted);
}

async fn invoked(bench: &Bench, token: &str, arguments: Object) -> rpc::InvokeResponse {
    let args = Some(to_struct(arguments, Unknowns::Refused).unwrap());
    let request = rpc::InvokeRequest { tok: token.to_owned(), args, ..Default::default() };
    bench.harness.client().invoke(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn time_8_only_keys_older_than_a_duration_are_listed() {
    let bench = Bench::start().await;
    let old = bench.cloud.aws().mint_key(USER).unwrap().access_key_id;
    bench.later(DAY * 91);
    bench.cloud.aws().mint_key(USER).unwrap();
    bench.later(HOUR);
    let answer = list_keys(&bench, object([("user", USER.into()), ("olderThan", "90d".into())])).await;
    let answer = from_struct(answer.r#return.unwrap()).unwrap();
    let keys: Vec<_> = answer["keys"].as_array().unwrap().iter().filter_map(Value::as_object).collect();
    assert_eq!(keys.iter().map(|key| text(key, "id")).collect::<Vec<_>>(), [old]);
    let failures = list_keys(&bench, object([("user", USER.into()), ("olderThan", "1mo".into())])).await.failures;
    assert_eq!(failures[0].property, "olderThan");
}

#[tokio::test]
async fn time_8_a_report_tells_the_keys_of_all_principals_that_are_named() {
    let bench = Bench::start().await;
    bench.cloud.aws().create_user("other").unwrap();
    let first = bench.cloud.aws().mint_key(USER).unwrap().access_key_id;
    let second = bench.cloud.aws().mint_key("other").unwrap().access_key_id;
    bench.later(DAY);
    let principal = |resource: &str, user: &str| {
        Value::from(object([("resource", resource.into()), ("identity", object([("user", user.into())]).into())]))
    };
    let aws = "aws:RotatingApiKey";
    let named =
        vec![principal(aws, USER), principal("keyrotation:aws:RotatingApiKey", "other"), principal(aws, "none")];
    let answer = invoked(&bench, "keyrotation:index:report", object([("principals", Value::Array(named))])).await;
    let answer = from_struct(answer.r#return.unwrap()).unwrap();
    let of =
        |name: &str| answer[name].as_array().unwrap().iter().filter_map(Value::as_object).cloned().collect::<Vec<_>>();
    let keys: Vec<_> = of("keys").iter().map(|key| (text(key, "principal"), text(key, "id"))).collect();
    assert_eq!(keys, [(USER.to_owned(), first), ("other".to_owned(), second)]);
    let failures = of("failures");
    assert_eq!((text(&failures[0], "principal"), failures.len()), ("none".to_owned(), 1));
    assert!(text(&failures[0], "reason").contains("does not exist"), "{failures:?}");
    let wrong = invoked(
        &bench,
        "keyrotation:index:report",
        object([("principals", Value::Array(vec![principal("aws:User", USER)]))]),
    )
    .await;
    assert_eq!(wrong.failures[0].property, "principals[0].resource");
}
