//! What a program in YAML does with outputs: as wholes, in parts, in JSON, in outputs of the stack and in the inputs of a dependent; with
//! and without a previous key; in previews, runs and refreshes. The same in Python is in `python.rs`.

use anyhow::{Result, ensure};
use engine::outputs::{self, CONSUMER, same, told};
use engine::{Scene, State, USER};
use serde_json::{Value, json};

/// A key, another one that rotates whenever what the first one tells changes, and outputs of every kind.
fn declare(scene: &Scene, release: &str) -> Result<()> {
    let token = engine::TOKEN;
    let keepers = json!({
        "whole": { "fn::toJSON": "${key.current}" },
        "part": "${key.current.secretAccessKey}",
        "before": { "fn::toJSON": "${key.previous}" },
        "text": "after ${key.previous.accessKeyId}, which is ${key.previousKeyId}",
    });
    scene.work.write_program(&json!({
        "name": "engine-test",
        "runtime": "yaml",
        "resources": {
            "key": { "type": token, "properties": { "user": USER, "keepers": { "release": release } } },
            "dependent": { "type": token, "properties": { "user": CONSUMER, "keepers": keepers } },
        },
        "variables": { "inside": { "fn::toJSON": { "nested": ["${key.current}", "${key.previous}"] } } },
        "outputs": {
            "current": "${key.current}",
            "previous": "${key.previous}",
            "id": "${key.current.accessKeyId}",
            "secret": "${key.current.secretAccessKey}",
            "previousId": "${key.previous.accessKeyId}",
            "previousSecret": "${key.previous.secretAccessKey}",
            "previousKeyId": "${key.previousKeyId}",
            "previousRetiresAt": "${key.previousRetiresAt}",
            "smtp": "${key.sesSmtpPassword}",
            "period": "${key.rotationPeriod}",
            "account": "${key.account}",
            "json": { "fn::toJSON": "${key.current}" },
            "previousJson": { "fn::toJSON": "${key.previous}" },
            "inside": "${inside}",
            "text": "retires at ${key.previousRetiresAt}",
        },
    }))
}

/// What the program made of the outputs, against what the state of the key says.
fn expect_outputs(scene: &Scene, has_previous: bool) -> Result<()> {
    outputs::expect_outputs(scene, &[("/current", "/current"), ("/previous", "/previous")], has_previous)?;
    let state = scene.work.state()?;
    let told = |path: &str| told(scene, path);
    let key = |path: &str| state.output_of("key", path);
    for output in ["/secret", "/json", "/inside", "/previousJson"] {
        ensure!(told(output)?.is_string(), "there is no {output}");
    }
    ensure!(same(&parsed(&told("/json")?)?, &key("/current")?), "the current key as JSON is another one");
    ensure!(same(&parsed(&told("/previousJson")?)?, &key("/previous")?), "the previous key as JSON is another one");
    let inside = parsed(&told("/inside")?)?;
    let nested = json!({ "nested": [key("/current")?, key("/previous")?] });
    ensure!(same(&inside, &nested), "keys inside of JSON are others");
    ensure!(told("/smtp")?.is_null() && told("/period")?.is_null(), "what is not there is not null");
    expect_whole(&state, "key")?;
    expect_whole(&state, "dependent")
}

fn parsed(text: &Value) -> Result<Value> {
    Ok(serde_json::from_str(text.as_str().unwrap_or_default())?)
}

/// Every output of the schema is stored, and each that may hold a secret is wrapped as a whole.
fn expect_whole(state: &State, name: &str) -> Result<()> {
    let missing = state.lacks(name)?;
    ensure!(missing.is_empty(), "{name}: {missing:?}");
    Ok(())
}

#[test]
fn output_1_and_2_a_program_in_yaml_uses_keys_as_wholes_and_in_parts() -> Result<()> {
    let scene = Scene::start()?;
    scene.cloud.add_user(CONSUMER)?;
    declare(&scene, "1")?;
    scene.work.preview()?.expect_success()?;
    scene.up()?;
    expect_outputs(&scene, false)?;
    quiet(&scene, false)?;

    declare(&scene, "2")?;
    scene.work.preview()?.expect_success()?;
    scene.up()?;
    expect_outputs(&scene, true)?;
    ensure!(scene.work.state()?.output_of("dependent", "/generation")? == 2, "the dependent did not see the rotation");
    quiet(&scene, true)?;

    scene.wait_hours(26)?;
    scene.work.preview()?.expect_success()?;
    scene.up()?;
    expect_outputs(&scene, false)?;
    quiet(&scene, false)?;
    scene.expect_clean()?;
    scene.work.destroy()?.expect_success()?;
    scene.expect_clean()
}

/// Nothing to do, for the dependent neither, and nothing unknown in what a preview says.
fn quiet(scene: &Scene, has_previous: bool) -> Result<()> {
    scene.work.expect_quiet()?;
    let preview = scene.work.preview()?.expect_success()?;
    ensure!(!preview.text.contains("output<"), "a quiet preview does not know everything:\n{}", preview.text);
    scene.work.expect_no_drift()?;
    scene.work.expect_quiet()?;
    expect_outputs(scene, has_previous)
}
