//! Creates that died, and resources that take the place of others.

use jiff::SignedDuration;
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Watch};

use super::{START, calls_of, cloud, created, inputs, key, told};

/// The key of a dead Create is an orphan, and consumers read it.
#[tokio::test]
async fn an_orphan_that_consumers_read_goes_only_after_they_read_the_next_key() {
    let cloud = cloud(2);
    let mut watch = Watch::new(&cloud, Life::OVERLAP);
    watch.stack.set_stores(&["a"]);
    let calls = calls_of(&cloud, &watch, &inputs("1")).await;
    let promoted = calls.iter().position(|call| call == "promote").unwrap();
    cloud.inject(promoted, Fault::DieAfter);
    assert!(matches!(watch.up(&inputs("1")).await, Outcome::Died));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    let told = told(&cloud, since);
    let told: Vec<_> = told.iter().filter(|call| *call != "head").collect();
    assert_eq!(told, ["mint", "stage", "promote", "retire"]);
    assert_eq!((cloud.read_store("a"), cloud.keys().len()), (key("KEY0002"), 1));
}

async fn replaced(rules: InMemoryRules) {
    let cloud = InMemoryCloud::new(rules, ManualClock::new(START));
    let mut watch = created(&cloud, &["a"]).await;
    watch.stack.set_replaces(true);
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!((cloud.read_store("a"), cloud.keys()), (key("KEY0002"), key("KEY0002").into_iter().collect()));
    watch.destroyed().await;
    assert!(!cloud.has_store("a"), "the entry goes with the last instance");
}

fn roomy(stores_after: i64) -> InMemoryRules {
    let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
    rules.capability.quota = Some(5);
    InMemoryRules { stores_after: SignedDuration::from_secs(stores_after), ..rules }
}

#[tokio::test]
async fn an_entry_that_another_instance_delivered_to_stays() {
    replaced(roomy(0)).await;
}

#[tokio::test]
async fn the_delete_of_what_was_replaced_waits_for_a_store_that_is_read_late() {
    replaced(roomy(10)).await;
}
