use std::collections::BTreeSet;

use futures::future::join_all;
use localcloud::{Fault, Rule};
use pulumi_provider::testing::{Action, Problem};

use crate::bench::{Bench, HOUR, TOKEN, inputs, number, saved, text};

#[tokio::test]
async fn two_hundred_keys_are_made_and_rotated_at_once() {
    let (cloud, harness) = Bench::start_live().await;
    let users: Vec<_> = (0..200).map(|n| format!("user-{n}")).collect();
    let mut keys = Vec::new();
    for user in &users {
        cloud.aws().create_user(user).unwrap();
        keys.push(harness.resource(TOKEN, user));
    }
    for keeper in ["1", "2"] {
        let runs = keys.iter_mut().zip(&users).map(async |(key, user)| {
            key.up(&inputs(keeper, [("user", user.as_str().into())])).await.unwrap();
        });
        join_all(runs).await;
    }
    let ids: BTreeSet<_> = keys.iter().map(|key| text(&saved(key).outputs, "accessKeyId")).collect();
    assert_eq!(ids.len(), 200);
    assert!(keys.iter().all(|key| number(&saved(key).outputs, "generation") == 2.0));
    assert!(users.iter().all(|user| cloud.aws().keys(user).len() == 2));
}

#[tokio::test]
async fn a_throttled_account_slows_and_loses_nothing() {
    let bench = Bench::start().await;
    bench.cloud.faults().add(Rule::new(Fault::Throttle).on("CreateAccessKey").times(3));
    bench.cloud.faults().add(Rule::new(Fault::Throttle).on("ListAccessKeys").nth(2).times(2));
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    assert_eq!(bench.keys().len(), 1);
    assert_eq!(bench.cloud.faults().unfired(), 0);
}

#[tokio::test]
async fn two_resources_on_one_user_are_told_apart() {
    let bench = Bench::start().await;
    let mut one = bench.harness.resource(TOKEN, "one");
    let mut two = bench.harness.resource(TOKEN, "two");
    one.up(&inputs("1", [])).await.unwrap();
    let Err(Problem::Failed(status)) = two.up(&inputs("1", [])).await else { panic!("the second is refused") };
    assert!(status.message().contains("/one"), "{}", status.message());
    assert_eq!(bench.keys().len(), 1);
}

#[tokio::test]
async fn a_cancel_at_any_call_loses_nothing() {
    for rotates in [false, true] {
        let calls = calls_of(rotates).await;
        assert!(calls > 10);
        for call in 1..=calls {
            cancelled(rotates, call).await;
        }
    }
}

async fn calls_of(rotates: bool) -> usize {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let before = bench.calls();
    if !rotates {
        return before;
    }
    bench.later(HOUR);
    key.up(&inputs("2", [])).await.unwrap();
    bench.calls() - before
}

async fn cancelled(rotates: bool, call: usize) {
    let bench = Bench::start().await;
    let mut key = bench.key();
    if rotates {
        key.up(&inputs("1", [])).await.unwrap();
        bench.later(HOUR);
    }
    let before = key.saved.clone();
    let faults = bench.cloud.faults();
    faults.restart_count();
    faults.add(Rule::new(Fault::HoldAfter).at_call(call as u64));
    let wanted = inputs("2", []);
    let cancel = async {
        faults.until_held().await;
        bench.harness.cancel().await.unwrap();
        faults.release_all();
    };
    let (ended, ()) = futures::join!(key.up(&wanted), cancel);
    if let (Err(_), Some(before), Some(after)) = (&ended, before, &key.saved) {
        assert_eq!(before.outputs.get("accessKeyId"), after.outputs.get("accessKeyId"), "call {call}");
    }
    let admin = bench.cloud.aws().admin_credentials();
    bench.configure(&admin.access_key_id, &admin.secret_access_key).await;
    key.up(&wanted).await.unwrap();
    assert_eq!(key.up(&wanted).await.unwrap().action, Action::Same, "call {call}");
    assert_eq!(bench.keys().len(), if rotates { 2 } else { 1 }, "call {call}");
    assert!(bench.cloud.aws().works(&text(&saved(&key).outputs, "accessKeyId")));
}

#[tokio::test]
async fn a_time_limit_ends_the_run_and_the_next_one_goes_on() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.timeout = 0.2;
    bench.cloud.faults().add(Rule::new(Fault::HoldAfter).on("CreateAccessKey"));
    let wanted = inputs("1", []);
    let release = async {
        bench.cloud.faults().until_held().await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        bench.cloud.faults().release_all();
    };
    let (ended, ()) = futures::join!(key.up(&wanted), release);
    let Err(Problem::Partial { reasons, .. }) = ended else { panic!("a partial failure") };
    assert!(reasons[0].contains("next `pulumi up`"), "{reasons:?}");
    let made = bench.keys();
    key.timeout = 0.0;
    key.up(&wanted).await.unwrap();
    assert_eq!(bench.keys(), made, "the key that was made is used");
}
