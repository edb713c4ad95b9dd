//! What cannot work is refused with one clear message, and leaves nothing behind.

use anyhow::{Result, ensure};
use engine::{Scene, USER};
use serde_json::{Value, json};

/// Insists that `preview` and `up` both refuse these inputs with one message that names `property`,
/// and that AWS is never called.
fn refused_before_any_call(inputs: Value, property: &str) -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs)?;
    for arguments in [["preview", "--diff"], ["up", "--yes"]] {
        let ended = scene.work.run(&arguments)?.expect_failure()?.expect_text(property)?;
        ensure!(
            !ended.text.contains("panicked") && !ended.text.contains("exited prematurely"),
            "the plugin died:\n{}",
            ended.text
        );
    }
    ensure!(scene.cloud.calls().is_empty(), "AWS was called: {:?}", scene.cloud.calls());
    scene.expect_keys(0)?;
    scene.expect_clean()
}

/// Insists that `up` fails with a message that holds all of `words`, makes no key, and that an `up`
/// after `mend` succeeds.
fn refused_and_mended(scene: &Scene, words: &[&str], mend: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = scene.cloud.keys(USER).len();
    let mut ended = scene.work.up()?.expect_failure()?;
    for word in words {
        ended = ended.expect_text(word)?;
    }
    ensure!(scene.cloud.keys(USER).len() == before, "a refused run changed the keys");
    mend()?;
    scene.up()?;
    scene.work.expect_quiet()?;
    Ok(())
}

#[test]
fn a_duration_that_does_not_parse() -> Result<()> {
    refused_before_any_call(json!({ "rotationPeriod": "soon" }), "rotationPeriod")?;
    refused_before_any_call(json!({ "rotationPeriod": "3 months" }), "rotationPeriod")?;
    refused_before_any_call(json!({ "rotationPeriod": "90d", "overlap": "-1h" }), "overlap")
}

#[test]
fn a_period_under_an_hour() -> Result<()> {
    refused_before_any_call(json!({ "rotationPeriod": "59m" }), "rotationPeriod")
}

#[test]
fn an_overlap_as_long_as_the_period() -> Result<()> {
    refused_before_any_call(json!({ "rotationPeriod": "24h", "overlap": "1d" }), "overlap")
}

#[test]
fn an_outage_that_is_not_allowed() -> Result<()> {
    refused_before_any_call(json!({ "rotationPeriod": "24h", "overlap": "0s" }), "allowOutage")
}

#[test]
fn a_maximal_age_that_the_plan_exceeds() -> Result<()> {
    refused_before_any_call(json!({ "rotationPeriod": "90d", "overlap": "1d", "maxAge": "91d" }), "maxAge")
}

#[test]
fn an_unknown_field() -> Result<()> {
    refused_before_any_call(json!({ "rotationPerod": "90d" }), "rotationPerod")
}

#[test]
fn a_wrong_type() -> Result<()> {
    refused_before_any_call(json!({ "allowOutage": "perhaps" }), "allowOutage")?;
    refused_before_any_call(json!({ "keepers": "all" }), "keepers")
}

#[test]
fn an_empty_user_name() -> Result<()> {
    refused_before_any_call(json!({ "user": "" }), "user")
}

#[test]
fn a_user_that_does_not_exist() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(json!({ "user": "nobody-here" }))?;
    refused_and_mended(&scene, &["nobody-here", "`user`"], || scene.declare(json!({})))?;
    scene.expect_destroyed()
}

#[test]
fn credentials_that_are_refused() -> Result<()> {
    let scene = Scene::start()?;
    let wrong = "this-is-not-the-secret-of-that-key-at-all";
    scene.keep_secret(wrong);
    scene.work.set("AWS_SECRET_ACCESS_KEY", wrong);
    let right = scene.cloud.administrator().secret_access_key;
    refused_and_mended(&scene, &["credentials"], || {
        scene.work.set("AWS_SECRET_ACCESS_KEY", &right);
        Ok(())
    })?;
    scene.expect_destroyed()
}

#[test]
fn an_endpoint_that_nobody_listens_on() -> Result<()> {
    let scene = Scene::start()?;
    let endpoint = scene.cloud.endpoint();
    scene.work.set("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9");
    refused_and_mended(&scene, &["http://127.0.0.1:9", "AWS_ENDPOINT_URL_IAM"], || {
        scene.work.set("AWS_ENDPOINT_URL_IAM", &endpoint);
        Ok(())
    })?;
    scene.expect_destroyed()
}

#[test]
fn a_user_whose_quota_strangers_fill() -> Result<()> {
    let scene = Scene::start()?;
    let one = scene.cloud.add_key(USER)?.access_key_id;
    let two = scene.cloud.add_key(USER)?.access_key_id;
    scene.declare(json!({ "keepers": { "release": "1" } }))?;
    let ended = scene.work.up()?.expect_failure()?.expect_text(&one)?.expect_text(&two)?;
    ensure!(ended.text.contains(USER), "the message does not name the user:\n{}", ended.text);
    scene.expect_keys(2)?;
    ensure!(scene.cloud.count("DeleteAccessKey") == 0, "a stranger's key was deleted");
    scene.cloud.remove_key(&one)?;
    scene.up()?;
    scene.work.destroy()?.expect_success()?;
    let left = scene.expect_keys(1)?;
    ensure!(left[0].id == two, "the stranger's key did not survive");
    scene.expect_clean()
}
