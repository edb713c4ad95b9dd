use std::collections::BTreeSet;

use crate::support::text;
use futures::future::join_all;
use localcloud::{Fault, Rule};
use pulumi_provider::testing::{Action, Managed, Problem};

use crate::bench::{Bench, DAY, HOUR, TOKEN, USER, inputs, number, saved};

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

/// As by a program that declares two resources on one user: they run at the same time, and each sees the other's claim.
#[tokio::test]
async fn lesson_c8_of_two_first_creates_at_once_one_ends_with_a_key_and_one_with_its_owners_name() {
    let (cloud, harness) = Bench::start_live().await;
    cloud.aws().create_user(USER).unwrap();
    let mut keys = ["one", "two"].map(|name| harness.resource(TOKEN, name));
    let ended = join_all(keys.iter_mut().map(async |key| key.up(&inputs("1", [])).await)).await;
    let refused: Vec<_> = ended.iter().filter_map(|ended| ended.as_ref().err()).collect();
    assert!(refused.len() == 1 && format!("{refused:?}").contains("already manages its keys"), "{refused:?}");
    assert_eq!(cloud.aws().keys(USER).len(), 1);
}

/// The run that is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Create,
    Rotate,
    Retire,
    Delete,
}

impl Run {
    /// A resource for which the next run is this one.
    async fn prepare(self) -> (Bench, Managed) {
        let bench = Bench::start().await;
        let mut key = bench.key();
        if self != Self::Create {
            key.up(&inputs("1", [])).await.unwrap();
            bench.later(HOUR);
        }
        if matches!(self, Self::Retire | Self::Delete) {
            key.up(&inputs("2", [])).await.unwrap();
            bench.later(if self == Self::Retire { DAY * 2 } else { HOUR });
        }
        (bench, key)
    }

    async fn run(self, key: &mut Managed) -> Result<(), Problem> {
        if self == Self::Delete { key.destroy().await } else { key.up(&inputs("2", [])).await.map(|_| ()) }
    }

    /// How many keys there are when all is well again.
    fn keys(self) -> usize {
        match self {
            Self::Delete => 0,
            Self::Create | Self::Retire => 1,
            Self::Rotate => 2,
        }
    }
}

#[tokio::test]
async fn a_cancel_at_any_call_loses_nothing() {
    for run in [Run::Create, Run::Rotate, Run::Retire, Run::Delete] {
        let (bench, mut key) = run.prepare().await;
        let before = bench.calls();
        run.run(&mut key).await.unwrap();
        let calls = bench.calls() - before;
        assert!(calls > 3, "{run:?} makes {calls} calls");
        for call in 1..=calls {
            cancelled(run, call).await;
        }
    }
}

async fn cancelled(run: Run, call: usize) {
    let (bench, mut key) = run.prepare().await;
    let before = key.saved.clone();
    let faults = bench.cloud.faults();
    faults.restart_count();
    faults.add(Rule::new(Fault::HoldAfter).at_call(call as u64));
    let cancel = async {
        faults.until_held().await;
        bench.harness.cancel().await.unwrap();
        faults.release_all();
    };
    let (ended, ()) = futures::join!(run.run(&mut key), cancel);
    if let (Err(_), Some(before), Some(after)) = (&ended, before, &key.saved) {
        assert_eq!(before.outputs.get("accessKeyId"), after.outputs.get("accessKeyId"), "{run:?} call {call}");
    }
    let admin = bench.cloud.aws().admin_credentials();
    bench.configure(&admin.access_key_id, &admin.secret_access_key).await;
    run.run(&mut key).await.unwrap();
    assert_eq!(bench.keys().len(), run.keys(), "{run:?} call {call}");
    if run == Run::Delete {
        assert!(key.saved.is_none() && bench.cloud.aws().tags(USER).is_empty(), "{run:?} call {call}");
        return;
    }
    assert_eq!(key.up(&inputs("2", [])).await.unwrap().action, Action::Same, "{run:?} call {call}");
    assert!(bench.cloud.aws().works(&text(&saved(&key).outputs, "accessKeyId")));
}

#[tokio::test]
async fn a_time_limit_ends_the_run_and_the_next_one_goes_on() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.timeout = 1.5;
    bench.cloud.faults().add(Rule::new(Fault::HoldAfter).on("CreateAccessKey"));
    let wanted = inputs("1", []);
    let release = async {
        bench.cloud.faults().until_held().await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
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
