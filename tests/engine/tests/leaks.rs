//! Every way out of the plugin in lives that go well and lives that fail, searched for every secret there is.
//!
//! The searches of [`Scene::expect_clean`] (state, outputs of the CLI, standard error of the plugin at the level of a trace) are
//! part of every other test here; this one adds the protocol itself, with secrets at every place where a program can put one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use engine::{
    ConfluentScene, Credentials, Fault, OciScene, Rule, Scene, Secrets, State, USER, VaultScene, Workspace, program,
    trial,
};
use libtest_mimic::Arguments;
use network::RecordingProxy;
use serde_json::{Value, json};
use vault_servers::Program;

const KEEPERS: [&str; 3] = ["keeper-number-one-of-three", "keeper-number-two-of-three", "keeper-number-three-of-three"];

fn main() {
    let trials = vec![
        trial("no_answer_of_the_plugin_shows_a_secret_outside_a_wrapper", &[], everywhere),
        trial("output_3_no_answer_and_no_proxy_shows_a_secret_aws", &[], || {
            let scene = Scene::of_program(&example("aws-yaml"))?;
            scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "us-east-1"])?.expect_success()?;
            of_scene(&scene)
        }),
        trial("output_3_no_answer_and_no_proxy_shows_a_secret_confluent", &[], || {
            of_scene(&ConfluentScene::of_program(&example("confluent-yaml"))?.scene)
        }),
        trial("output_3_no_answer_and_no_proxy_shows_a_secret_oci", &[], || {
            of_scene(&OciScene::of_program(&example("oci-yaml"))?.scene)
        }),
        trial("output_3_no_answer_and_no_proxy_shows_a_secret_vault", &[Program::OpenBao], || {
            let scene = VaultScene::of_program(&example("vault-yaml"), Program::OpenBao)?;
            let learn = || scene.learn_secrets().map(|()| scene.secrets());
            kept_to_itself(&scene.work, &learn, &|| scene.wait_hours(26))?;
            scene.expect_clean()
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn of_scene(scene: &Scene) -> Result<()> {
    let learn = || {
        scene.keep_secrets_of(&scene.work.state()?);
        Ok(scene.secrets())
    };
    kept_to_itself(&scene.work, &learn, &|| scene.wait_hours(26))?;
    scene.expect_clean()
}

/// The life of an example's keys behind a proxy that keeps what it is sent: no answer of the plugin and no request to the proxy holds a secret.
fn kept_to_itself(
    work: &Workspace,
    learn: &dyn Fn() -> Result<Secrets>,
    overlap_ends: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let log = work.private("grpc.json");
    work.set("PULUMI_DEBUG_GRPC", &log.display().to_string());
    let proxy = RecordingProxy::start(network::nowhere()?)?;
    ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].iter().for_each(|name| work.set(name, &proxy.url()));
    ["NO_PROXY", "no_proxy"].iter().for_each(|name| work.set(name, ""));
    work.up()?.expect_success()?;
    let first = learn()?.len();
    work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    work.up()?.expect_success()?;
    let secrets = learn()?;
    ensure!(first > 0 && secrets.len() > first, "the states hold no secrets, so that the search proves nothing");
    work.run(&["refresh", "--yes"])?.expect_success()?;
    overlap_ends()?;
    work.up()?.expect_success()?;
    work.destroy()?.expect_success()?;

    for answer in &answers(&fs::read_to_string(&log).context("the engine logged no exchange")?)? {
        let place = format!("an answer to {}", answer["method"]);
        secrets.absent_from_text(&place, State::in_clear(answer).to_string().as_bytes())?;
    }
    secrets.absent_from_text("what the proxy was sent", proxy.seen().as_bytes())
}

fn everywhere() -> Result<()> {
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
