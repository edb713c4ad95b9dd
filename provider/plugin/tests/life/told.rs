//! What a run tells of keys that stay: as warnings of the resource, and with advice that works.

use crate::bench::{Bench, HOUR, inputs, saved, text};

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
    assert_eq!(bench.cloud.aws().keys(crate::bench::USER).len(), 0);
}
