//! Every way out of the plugin in lives that go well and lives that fail, searched for every secret there is.
//!
//! The searches of [`Scene::expect_clean`] (state, outputs of the CLI, standard error of the plugin at the level of a trace) are
//! part of every other test here; this one adds the protocol itself, with secrets at every place where a program can put one.

use std::fs;

use anyhow::{Context, Result, ensure};
use engine::{Credentials, Fault, Rule, Scene, State, USER, program};
use serde_json::{Value, json};

const KEEPERS: [&str; 3] = ["keeper-number-one-of-three", "keeper-number-two-of-three", "keeper-number-three-of-three"];

#[test]
fn no_answer_of_the_plugin_shows_a_secret_outside_a_wrapper() -> Result<()> {
    let scene = Scene::start()?;
    let log = scene.work.private("grpc.json");
    scene.work.set("PULUMI_DEBUG_GRPC", &log.display().to_string());
    KEEPERS.iter().for_each(|keeper| scene.keep_secret(keeper));
    let Credentials { access_key_id: id, secret_access_key: secret } = scene.cloud.add_key(USER)?;
    // A key is refused for a while after it was made.
    scene.wait_hours(1)?;
    scene.keep_secret(&secret);
    let set = |name: &str, value: &str| {
        scene.work.run(&["config", "set", "--secret", &format!("engine-test:{name}"), value])?.expect_success()
    };
    let declare = |more: Value| {
        let mut inputs = json!({
            "keepers": { "token": "${token}" }, "sesRegion": "eu-central-1", "verification": { "timeout": "1m" },
            "user": USER, "adopt": { "id": id, "secret": "${adopted}" },
        });
        inputs.as_object_mut().context("an object")?.extend(more.as_object().cloned().unwrap_or_default());
        let mut program = program(inputs);
        program["config"]["adopted"] = json!({ "type": "string" });
        scene.work.write_program(&program)
    };

    declare(json!({}))?;
    set("adopted", &secret)?;
    set("token", KEEPERS[0])?;
    scene.update()?;
    scene.expect_known()?;
    set("token", KEEPERS[1])?;
    scene.cloud.fault(Rule::new(Fault::error_before(403, "InvalidClientTokenId")).on("GetCallerIdentity").always());
    scene.work.up()?.expect_failure()?;
    scene.cloud.clear_faults();
    scene.update()?;
    scene.expect_known()?;
    scene.work.expect_no_drift()?;
    scene.wait_hours(26)?;
    scene.update()?;
    scene.expect_known()?;
    set("token", KEEPERS[2])?;
    declare(json!({ "verification": { "successes": "${token}" } }))?;
    scene.work.up()?.expect_failure()?.expect_text("verification.successes")?;
    scene.work.destroy()?.expect_success()?;

    let answers = answers(&fs::read_to_string(&log).context("the engine logged no exchange")?)?;
    let text = Value::from(answers.clone()).to_string();
    ensure!(!scene.cloud.leaks(&text).is_empty(), "no answer holds a secret, so that the search proves nothing");
    for answer in &answers {
        let clear = State::in_clear(answer).to_string();
        let place = format!("an answer to {}", answer["method"]);
        scene.secrets().absent_from_text(&place, clear.as_bytes())?;
        let leaks = scene.cloud.leaks(&clear);
        ensure!(leaks.is_empty(), "{place} shows the secrets of {leaks:?}");
    }
    let trace = scene.work.trace()?;
    ensure!(trace.contains("DEBUG") && trace.contains("begins"), "the plugin did not trace:\n{trace}");
    scene.expect_nothing_left()
}

/// What the plugin answered, and what it said to the engine's log, each with the method's name.
fn answers(log: &str) -> Result<Vec<Value>> {
    let mut answers = Vec::new();
    for line in log.lines() {
        let exchange: Value =
            serde_json::from_str(line).context("the log of exchanges holds a line that is no JSON")?;
        let method = exchange["method"].as_str().unwrap_or_default().to_owned();
        let said = match &*method {
            "/pulumirpc.Engine/Log" => exchange["request"].clone(),
            method if method.starts_with("/pulumirpc.ResourceProvider/") => exchange["response"].clone(),
            _ => continue,
        };
        answers.push(json!({ "method": method, "said": said, "errors": exchange["errors"] }));
    }
    for method in ["Check", "Diff", "Create", "Update", "Read", "Delete"] {
        let found = answers.iter().any(|answer| answer["method"] == format!("/pulumirpc.ResourceProvider/{method}"));
        ensure!(found, "there was no {method}");
    }
    Ok(answers)
}
