use crate::support::text;
use localcloud::{Fault, Rule};
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::Object;
use pulumi_provider::testing::{Action, Problem};
use pulumi_provider::wire::from_struct;

use crate::bench::{Bench, DAY, HOUR, inputs, number, saved};

#[tokio::test]
async fn a_failed_verification_keeps_the_key_and_resumes() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let refuse = Rule::new(Fault::error_before(403, "InvalidClientTokenId")).on("GetCallerIdentity").always();
    bench.cloud.faults().add(refuse);
    let Err(Problem::Partial { reasons, .. }) = key.up(&inputs("1", [])).await else { panic!("a partial failure") };
    assert!(reasons[0].contains("verification.timeout"), "{reasons:?}");
    let partial = saved(&key);
    assert!(partial.outputs["current"].is_null(), "what is not proven is not promoted");
    bench.keeps_secrets_of_pending(&partial);
    bench.cloud.faults().clear();
    key.up(&inputs("1", [])).await.unwrap();
    assert_eq!(bench.keys(), [text(&saved(&key).outputs, "accessKeyId")]);
    assert_eq!(key.up(&inputs("1", [])).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn a_failed_rotation_keeps_outputs_and_goes_on() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let before = text(&saved(&key).outputs, "accessKeyId");
    bench.later(HOUR);
    bench.cloud.faults().add(Rule::new(Fault::DropAfter).on("CreateAccessKey"));
    let Err(Problem::Partial { reasons, .. }) = key.up(&inputs("2", [])).await else { panic!("a partial failure") };
    assert!(reasons[0].contains(&before) && reasons[0].contains("next `pulumi up`"), "{reasons:?}");
    assert_eq!(text(&saved(&key).outputs, "accessKeyId"), before);
    assert_eq!(bench.keys().len(), 2, "the lost key is there");
    key.up(&inputs("2", [])).await.unwrap();
    assert_eq!(bench.keys().len(), 2);
    assert!(bench.keys().contains(&text(&saved(&key).outputs, "accessKeyId")));
    assert_eq!(key.up(&inputs("2", [])).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn a_plugin_that_dies_loses_nothing() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(HOUR);
    key.up_and_die(&inputs("2", [])).await.unwrap();
    // Nobody knows whether the key of the dead run is in use, so the rotation waits for a quiet period.
    key.up(&inputs("2", [])).await.unwrap();
    assert_eq!((bench.keys().len(), number(&saved(&key).outputs, "generation")), (2, 1.0));
    let before = bench.keys();
    bench.later(DAY * 2);
    key.up(&inputs("2", [])).await.unwrap();
    assert_eq!((bench.keys().len(), number(&saved(&key).outputs, "generation")), (2, 2.0));
    assert!(!before.contains(&text(&saved(&key).outputs, "accessKeyId")), "the dead run's key made room");
    bench.later(DAY * 2);
    key.up(&inputs("2", [])).await.unwrap();
    assert_eq!(bench.keys(), [text(&saved(&key).outputs, "accessKeyId")]);
}

/// An engine with a hook on errors repeats a call as it was, with the same old outputs, up to a hundred times in one run.
#[tokio::test]
async fn a_call_that_is_repeated_a_hundred_times_leaves_one_key() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let create = rpc::CreateRequest {
        urn: key.urn().as_str().to_owned(),
        properties: wire(&key.preview(&inputs("1", [])).await.unwrap().inputs),
        ..Default::default()
    };
    bench.cloud.faults().add(Rule::new(Fault::DropAfter).on("CreateAccessKey").times(99));
    for _ in 0..99 {
        bench.harness.client().create(create.clone()).await.err().expect("the answer is lost");
        assert!(bench.keys().len() <= 1, "{:?}", bench.keys());
    }
    bench.harness.client().create(create).await.expect("nothing is lost any more");
    assert_eq!(bench.keys().len(), 1);

    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let (first, old) = (bench.keys(), saved(&key));
    bench.later(HOUR);
    let update = rpc::UpdateRequest {
        id: old.id.clone(),
        urn: key.urn().as_str().to_owned(),
        news: wire(&key.preview(&inputs("2", [])).await.unwrap().inputs),
        olds: wire(&old.outputs),
        old_inputs: wire(&old.inputs),
        ..Default::default()
    };
    bench.cloud.faults().add(Rule::new(Fault::DropAfter).on("CreateAccessKey").times(99));
    for _ in 0..99 {
        bench.harness.client().update(update.clone()).await.err().expect("the answer is lost");
        assert!(bench.keys().len() <= 2 && bench.keys().contains(&first[0]), "{:?}", bench.keys());
    }
    let updated = bench.harness.client().update(update).await.expect("nothing is lost any more").into_inner();
    let outputs = from_struct(updated.properties.unwrap()).unwrap();
    assert_eq!(bench.keys(), [first[0].clone(), text(&outputs, "accessKeyId")]);
    assert_eq!(text(outputs["previous"].as_object().unwrap(), "id"), first[0]);
}

fn wire(object: &Object) -> Option<prost_types::Struct> {
    Some(crate::support::wire(object))
}

#[tokio::test]
async fn a_call_that_a_hook_repeats_leaves_one_key() {
    for rotates in [false, true] {
        let bench = Bench::start().await;
        let mut key = bench.key();
        if rotates {
            key.up(&inputs("1", [])).await.unwrap();
            bench.later(HOUR);
        }
        let refuse = Rule::new(Fault::error_before(403, "InvalidClientTokenId")).on("GetCallerIdentity").always();
        bench.cloud.faults().add(refuse);
        for _ in 0..3 {
            // The engine repeats the call with the request of the first one.
            let problem = key.up_and_die(&inputs("2", [])).await.err();
            assert!(matches!(problem, Some(Problem::Partial { .. })), "{problem:?}");
        }
        bench.cloud.faults().clear();
        key.up(&inputs("2", [])).await.unwrap();
        assert_eq!(bench.keys().len(), if rotates { 2 } else { 1 });
        assert!(bench.cloud.aws().works(&text(&saved(&key).outputs, "accessKeyId")));
        assert_eq!(key.up(&inputs("2", [])).await.unwrap().action, Action::Same);
    }
}

#[tokio::test]
async fn a_missing_permission_is_named_and_nothing_is_made() {
    let bench = Bench::start().await;
    bench.cloud.aws().deny("admin", &["iam:TagUser"]).unwrap();
    let mut key = bench.key();
    let Err(Problem::Failed(status)) = key.up(&inputs("1", [])).await else { panic!("a plain failure") };
    assert!(status.message().contains("iam:TagUser"), "{}", status.message());
    assert!(bench.keys().is_empty() && key.saved.is_none());
}

#[tokio::test]
async fn the_key_that_the_plugin_works_with_is_never_removed() {
    let bench = Bench::start().await;
    let own = bench.cloud.aws().admin_credentials();
    let mut key = bench.key();
    key.import(&format!("admin/{}", own.access_key_id)).await.unwrap();
    let of_admin = |keeper| inputs(keeper, [("user", "admin".into())]);
    key.up(&of_admin("1")).await.unwrap();
    key.up(&of_admin("2")).await.unwrap();
    bench.later(DAY * 2);
    key.up(&of_admin("2")).await.unwrap();
    assert!(bench.cloud.aws().works(&own.access_key_id), "its retirement waits");
    let warnings = format!("{:?}", saved(&key).outputs["warnings"]);
    assert!(warnings.contains(&own.access_key_id), "{warnings}");
}
