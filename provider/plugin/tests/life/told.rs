//! What previews and runs say of keys: in warnings of the resource, with advice that works, and nothing that they do not know.

use crate::support::text;
use pulumi_provider::Value;
use pulumi_provider::testing::Managed;

use crate::bench::{Bench, HOUR, USER, inputs, saved};
use crate::places::{Places, System};

#[tokio::test]
async fn lesson_c6_warnings_are_logged_by_each_run_that_has_them() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    for release in ["1", "2", "3"] {
        key.up(&inputs(release, [])).await.unwrap();
        bench.clock.advance(HOUR);
    }
    let told = || {
        let lines = bench.harness.logged().into_iter();
        lines.filter(|line| line.severity == "WARNING" && line.message.contains("the rotation (keepers changed) waits"))
    };
    assert_eq!(told().count(), 1, "{:?}", bench.harness.logged());
    assert!(told().all(|line| line.urn == key.urn().as_str()), "it is the resource's");
    key.up(&inputs("3", [])).await.unwrap();
    assert_eq!(told().count(), 2, "by the next run too");
    assert!(format!("{:?}", saved(&key).outputs["warnings"]).contains("waits"));
}

#[tokio::test]
async fn lesson_a8_a_destroy_that_meets_the_plugins_own_key_says_what_works() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.clock.advance(HOUR);
    let outputs = saved(&key).outputs;
    bench.configure(&text(&outputs, "accessKeyId"), &text(&outputs, "secretAccessKey")).await;
    let refused = format!("{:?}", key.destroy().await.expect_err("it signs with that key"));
    for words in
        ["the plugin itself is configured with", "Set other credentials and run `pulumi up` first", "--run-program"]
    {
        assert!(refused.contains(words), "{refused}");
    }
    let admin = bench.cloud.aws().admin_credentials();
    bench.configure(&admin.access_key_id, &admin.secret_access_key).await;
    key.destroy().await.unwrap();
    assert_eq!(bench.cloud.aws().keys(USER).len(), 0);
}

impl Places {
    /// A key whose first rotation died between its last call and the engine's save.
    async fn after_a_death(&self, system: System) -> Managed {
        let mut key = self.key(system);
        key.up(&self.inputs(system, "1")).await.unwrap();
        self.clock.advance(HOUR);
        key.up_and_die(&self.inputs(system, "2")).await.unwrap();
        self.clock.advance(HOUR);
        key
    }
}

#[tokio::test]
async fn lesson_a1_a_run_names_what_it_supersedes_with_the_current_key() {
    let places = Places::start().await;
    let mut key = places.after_a_death(System::Oci).await;
    let found = places.clouds[0].oci().keys("ci")[1].fingerprint.clone();
    assert!(!places.logged("the state did not contain"));
    key.up(&places.inputs(System::Oci, "2")).await.unwrap();
    assert!(
        places.logged(&format!("the state did not contain key {found}; it works until at least 2026-01-02T02:00:0"))
    );
}

#[tokio::test]
async fn lesson_a1_a_preview_counts_the_generation_of_a_key_that_the_state_does_not_contain() {
    let places = Places::start().await;
    let mut key = places.after_a_death(System::Oci).await;
    key.refresh().await.unwrap();
    let preview = key.preview(&places.inputs(System::Oci, "2")).await.unwrap();
    key.up(&places.inputs(System::Oci, "2")).await.unwrap();
    for outputs in [&preview.outputs, &saved(&key).outputs] {
        assert_eq!(outputs.get("generation"), Some(&Value::Number(3.0)));
    }
}

#[tokio::test]
async fn lesson_a9_a_preview_says_nothing_of_a_use_that_no_run_was_told() {
    for system in [System::Aws, System::OciToken] {
        let places = Places::start().await;
        let mut key = places.key(system);
        for release in ["1", "2"] {
            key.up(&places.inputs(system, release)).await.unwrap();
            places.clock.advance(HOUR);
        }
        key.preview(&places.inputs(system, "3")).await.unwrap();
        assert!(places.logged("waits because no key may be deleted"), "{system:?}");
        assert!(!places.logged("never used"), "{system:?}");
    }
}
