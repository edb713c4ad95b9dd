//! What only a Python program can show: providers of its own, configured by a class and by a dictionary; inputs as
//! dictionaries; functions; hooks that repeat what failed.

use std::fs;

use anyhow::{Context, Result, ensure};
use engine::outputs::{CONSUMER, expect_outputs};
use engine::{Fault, Python, Rule, Scene, SystemScene, USER};
use serde_json::json;

const PROGRAM: &str = r#"
import os

import pulumi
from pulumi_keyrotation import AwsConfigArgs, AwsEndpointsArgs, Provider, aws

own = Provider(
    "own",
    aws=AwsConfigArgs(
        region="us-east-1",
        access_key=os.environ["OWN_KEY"],
        secret_key=os.environ["OWN_SECRET"],
        endpoints=AwsEndpointsArgs(iam=os.environ["OWN_ENDPOINT"], sts=os.environ["OWN_ENDPOINT"]),
    ),
)
dictionary = Provider(
    "dictionary",
    aws={
        "region": "us-east-1",
        "access_key": os.environ["OWN_KEY"],
        "secret_key": os.environ["OWN_SECRET"],
        "endpoints": {"iam": os.environ["OWN_ENDPOINT"], "sts": os.environ["OWN_ENDPOINT"]},
    },
)
key = aws.RotatingApiKey(
    "key",
    user="deployer",
    keepers={"release": "1"},
    verification={"successes": 1},
    opts=pulumi.ResourceOptions(provider=dictionary),
)
listed = aws.list_keys_output(user=key.user, opts=pulumi.InvokeOutputOptions(provider=own))
pulumi.export("accessKeyId", key.access_key_id)
pulumi.export("successes", key.verification.apply(lambda it: str(it.successes)))
pulumi.export("listed", listed.keys.apply(lambda keys: ",".join(key.id for key in keys)))
"#;

#[test]
fn a_programs_own_providers_are_used_and_their_secret_is_nowhere() -> Result<()> {
    let python = Python::with_sdk()?;
    let scene = Scene::without_environment()?;
    python.lead(&scene.work);
    scene.work.write_program(&json!({ "name": "engine-test", "runtime": "python" }))?;
    fs::write(scene.work.project().join("__main__.py"), PROGRAM).context("cannot write the program")?;
    let administrator = scene.cloud.administrator();
    scene.work.set("OWN_KEY", &administrator.access_key_id);
    scene.work.set("OWN_SECRET", &administrator.secret_access_key);
    scene.work.set("OWN_ENDPOINT", &scene.cloud.endpoint());

    scene.up()?;
    let known = scene.expect_known()?;
    scene.wait_hours(1)?;
    scene.up()?;
    ensure!(scene.expect_known()? == known, "a second run changed the key");
    for (output, value) in [("accessKeyId", &*known.current), ("successes", "1"), ("listed", &*known.current)] {
        let shown = scene.work.output(output)?;
        ensure!(shown.as_deref() == Some(value), "{output} of {USER} is {shown:?}, not {value}");
    }
    scene.work.expect_quiet()?;
    scene.expect_clean()?;
    scene.expect_destroyed()
}

/// The hook notes what failed and why, where the search for secrets finds it, and asks for the same call again.
const REPEATING: &str = r#"
import os

import pulumi
from pulumi_keyrotation import aws


def again(args: pulumi.ErrorHookArgs) -> bool:
    with open("hook.log", "a") as log:
        log.write(f"{args.failed_operation}: {args.errors[0]}\n")
    return True


aws.RotatingApiKey(
    "key",
    user="deployer",
    keepers={"release": os.environ["RELEASE"]},
    opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", again)])),
)
"#;

#[test]
fn a_hook_that_repeats_a_failed_call_makes_no_second_key() -> Result<()> {
    let python = Python::with_sdk()?;
    let scene = Scene::start()?;
    python.lead(&scene.work);
    scene.work.write_program(&json!({ "name": "engine-test", "runtime": "python" }))?;
    let program = scene.work.project().join("__main__.py");
    fs::write(&program, REPEATING).with_context(|| format!("cannot write {}", program.display()))?;
    let repeated = |operation: &str| -> Result<usize> {
        let log = fs::read_to_string(scene.work.project().join("hook.log")).unwrap_or_default();
        Ok(log.lines().filter(|line| line.starts_with(operation)).count())
    };

    for (release, operation) in [("1", "create"), ("2", "update")] {
        scene.work.set("RELEASE", release);
        let lost = || Rule::new(Fault::DropAfter).on("CreateAccessKey").times(2);
        let refused = || Rule::new(Fault::error_before(400, "MalformedInput")).on("GetCallerIdentity");
        scene.cloud.fault(lost());
        scene.cloud.fault(refused());
        scene.up()?;
        ensure!(repeated(operation)? >= 2, "the {operation} was repeated {} times", repeated(operation)?);
        scene.cloud.clear_faults();
        // The engine keeps the errors of a call that a hook repeated, even after success, and so updates once more.
        scene.up()?;
        let known = scene.expect_known()?;
        ensure!(known.generation.to_string() == release, "release {release} made generation {}", known.generation);
        ensure!(known.previous.is_some() == (release == "2"), "the previous key came out as {known:?}");
        scene.work.expect_quiet()?;
    }

    scene.cloud.fault(Rule::new(Fault::error_before(403, "AccessDenied")).on("DeleteAccessKey").times(3));
    scene.work.run(&["destroy", "--yes", "--run-program"])?.expect_success()?;
    ensure!(repeated("delete")? >= 1, "the delete was repeated {} times", repeated("delete")?);
    scene.expect_nothing_left()
}

/// What programs do with keys: as wholes, in parts, in JSON, in outputs of the stack and in the inputs of a dependent.
const WHOLES: &str = r#"
import json
import os

import pulumi
from pulumi_keyrotation import aws

key = aws.RotatingApiKey("key", user="deployer", keepers={"release": os.environ["RELEASE"]})
aws.RotatingApiKey(
    "dependent",
    user="consumer",
    keepers={
        "whole": pulumi.Output.json_dumps(key.current),
        "part": key.current.secret_access_key.apply(str),
        "before": key.previous.access_key_id.apply(str),
    },
)
pulumi.export("current", key.current)
pulumi.export("previous", key.previous)
pulumi.export("id", key.current.access_key_id)
pulumi.export("secret", key.current.secret_access_key)
pulumi.export("previousId", key.previous.access_key_id)
pulumi.export("previousSecret", key.previous.apply(lambda previous: previous.secret_access_key))
pulumi.export("previousKeyId", key.previous_key_id)
pulumi.export("previousRetiresAt", key.previous_retires_at)
pulumi.export("json", key.current.apply(lambda current: json.dumps([current.access_key_id, current.secret_access_key])))
pulumi.export("history", key.history.apply(lambda history: len(history or [])))
"#;

#[test]
fn output_1_and_2_a_program_in_python_uses_keys_as_wholes_and_in_parts() -> Result<()> {
    let python = Python::with_sdk()?;
    let scene = Scene::start()?;
    python.lead(&scene.work);
    scene.cloud.add_user(CONSUMER)?;
    scene.work.write_program(&json!({ "name": "engine-test", "runtime": "python" }))?;
    let program = scene.work.project().join("__main__.py");
    fs::write(&program, WHOLES).with_context(|| format!("cannot write {}", program.display()))?;
    for (release, hours, has_previous) in [("1", 0, false), ("2", 1, true), ("2", 26, false)] {
        scene.wait_hours(hours)?;
        scene.work.set("RELEASE", release);
        scene.work.preview()?.expect_success()?;
        scene.up()?;
        scene.work.expect_quiet()?;
        scene.work.expect_no_drift()?;
        scene.work.expect_quiet()?;
        expect_outputs(&scene, &[], has_previous)?;
    }
    scene.expect_clean()?;
    scene.work.run(&["destroy", "--yes", "--skip-preview"])?.expect_success()?;
    scene.expect_clean()
}

/// A key and a dependent, which is updated with it.
const DEPENDENT: &str = r#"
import os

import pulumi
from pulumi_keyrotation import aws

key = aws.RotatingApiKey("key", user="deployer", keepers={"release": os.environ["RELEASE"]}, overlap="1d")
aws.RotatingApiKey("dependent", user="consumer", keepers={"key": key.access_key_id})
pulumi.export("accessKeyId", key.access_key_id)
pulumi.export("secretAccessKey", key.secret_access_key)
"#;

#[test]
fn lesson_a1_and_a9_a_program_in_python_waits_for_the_overlap_and_outlives_an_older_state() -> Result<()> {
    let python = Python::with_sdk()?;
    let place = SystemScene::aws()?;
    let (scene, work) = (place.scene(), place.work());
    python.lead(work);
    scene.cloud.add_user(CONSUMER)?;
    work.write_program(&json!({ "name": "engine-test", "runtime": "python" }))?;
    fs::write(work.project().join("__main__.py"), DEPENDENT).context("cannot write the program")?;
    let mut keys = Vec::new();
    for release in ["1", "2"] {
        work.set("RELEASE", release);
        scene.update()?;
        keys.push(place.held()?);
        scene.wait_hours(1)?;
    }
    let kept = work.keep()?;
    work.set("RELEASE", "3");
    let text = scene.up()?;
    for words in ["warning", "waits because", &keys[0].id, "rotates", "2 unchanged"] {
        ensure!(text.contains(words), "the run does not say {words:?}:\n{text}");
    }
    ensure!(place.held()? == keys[1] && place.dependent_holds()? == keys[1].id, "a run that waits gave out a key");
    place.expect_ids(&keys.iter().collect::<Vec<_>>())?;

    // The overlap is over: the run rotates. Its state is lost, and so the next one finds a key that somebody may have.
    scene.wait_hours(24)?;
    scene.update()?;
    let third = place.held()?;
    ensure!(place.dependent_holds()? == third.id, "the dependent was not updated");
    work.put_back(&kept)?;
    scene.wait_hours(1)?;
    let text = scene.update()?;
    ensure!(text.contains("does not contain") && text.contains(&third.id), "the key in use is not named:\n{text}");
    place.expect_ids(&[&keys[1], &third])?;
    [&keys[1], &third].into_iter().try_for_each(|key| place.consume(key))?;
    work.run(&["destroy", "--yes", "--skip-preview"])?.expect_success()?;
    scene.expect_nothing_left()
}
