//! The life of a key, driven by the real engine: what it says, what the cloud holds, what state knows.

use anyhow::{Result, ensure};
use engine::{Credentials, Fault, Known, Rule, Scene, TOKEN, USER};
use serde_json::json;

#[test]
fn a_key_lives_through_preview_up_refresh_rotation_retirement_and_destroy() -> Result<()> {
    let scene = Scene::start()?;
    let inputs = |release: &str| json!({ "keepers": { "release": release }, "rotationPeriod": "90d", "overlap": "1d" });
    scene.declare(inputs("1"))?;

    scene.work.preview()?.expect_success()?;
    scene.expect_keys(0)?;
    ensure!(scene.cloud.calls().is_empty(), "a preview called AWS: {:?}", scene.cloud.calls());

    scene.up()?;
    let first = scene.expect_known()?;
    ensure!(first.generation == 1 && first.previous.is_none(), "a first key came out as {first:?}");
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;

    scene.wait_hours(48)?;
    scene.work.expect_quiet()?;
    scene.declare(inputs("2"))?;
    let preview = scene.work.preview()?.expect_success()?;
    let preview = preview.expect_text("a new key will be created: keepers changed")?.expect_text("rotatedAt")?;
    ensure!(!preview.text.contains("replace"), "a rotation is shown as a replacement:\n{}", preview.text);
    ensure!(scene.expect_known()? == first, "a preview changed something");

    scene.up()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2 && second.current != first.current, "no rotation: {second:?}");
    ensure!(
        second.previous == Some((first.current.clone(), first.secret.clone())),
        "the previous key is not the first one"
    );
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;

    scene.wait_hours(26)?;
    scene.work.preview()?.expect_success()?.expect_text("retire")?;
    ensure!(scene.expect_known()? == second, "a preview changed something");
    scene.up()?;
    let third = scene.expect_known()?;
    ensure!(third == Known { previous: None, ..second }, "the retirement left {third:?}");
    ensure!(!scene.cloud.works(&first.current), "the retired key still works");
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    scene.expect_nothing_pending()?;
    scene.expect_clean()?;

    scene.expect_destroyed()
}

#[test]
fn a_key_is_imported_without_being_rotated() -> Result<()> {
    let scene = Scene::start()?;
    let inputs = json!({ "keepers": { "release": "7" }, "rotationPeriod": "90d" });
    scene.declare(inputs)?;
    let Credentials { access_key_id: id, secret_access_key: secret } = scene.cloud.add_key(USER)?;
    scene.work.set("KEYROTATION_IMPORT_SECRET", &secret);
    let what = format!("{USER}/{id}");
    scene
        .work
        .run(&["import", TOKEN, "key", &what, "--yes", "--generate-code=false", "--protect=false"])?
        .expect_success()?;
    scene.expect_keys(1)?;
    scene.up()?;
    ensure!(scene.cloud.count("CreateAccessKey") == 0, "the first update after an import rotated");
    let known = scene.expect_known()?;
    ensure!(known.current == id && known.secret == secret, "the imported key is not the current one");
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    scene.expect_destroyed()
}

#[test]
fn a_period_rotates_once_however_late_the_run_comes() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(json!({ "rotationPeriod": "30d", "overlap": "2d" }))?;
    scene.up()?;
    let first = scene.expect_known()?;
    scene.wait_hours(29 * 24)?;
    scene.work.expect_quiet()?;
    scene.wait_hours(10 * 30 * 24)?;
    scene.work.preview()?.expect_success()?.expect_text("window")?;
    scene.up()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2, "a run ten periods late made generation {}", second.generation);
    ensure!(
        second.previous.as_ref().is_some_and(|(id, _)| *id == first.current),
        "the first key is not kept for the overlap"
    );
    scene.work.expect_quiet()?;
    scene.wait_hours(50)?;
    scene.up()?;
    ensure!(scene.expect_known()?.previous.is_none(), "the first key is not retired");
    scene.expect_destroyed()
}

#[test]
fn a_secret_keeper_rotates_and_stays_secret() -> Result<()> {
    let scene = Scene::start()?;
    let (one, two) = ("keeper-value-number-one", "keeper-value-number-two");
    scene.keep_secret(one);
    scene.keep_secret(two);
    scene.declare(json!({ "keepers": { "token": "${token}" } }))?;
    scene.work.run(&["config", "set", "--secret", "engine-test:token", one])?.expect_success()?;
    scene.up()?;
    scene.work.expect_quiet()?;
    scene.work.run(&["config", "set", "--secret", "engine-test:token", two])?.expect_success()?;
    scene.up()?;
    let known = scene.expect_known()?;
    ensure!(known.generation == 2, "a changed secret keeper made generation {}", known.generation);
    scene.work.expect_no_drift()?;
    scene.expect_destroyed()
}

#[test]
fn provider_configuration_is_used_and_its_secrets_stay_secret() -> Result<()> {
    let scene = Scene::without_environment()?;
    let administrator = scene.cloud.administrator();
    let endpoint = scene.cloud.endpoint();
    for (path, value) in [
        ("region", "us-east-1"),
        ("endpoints.iam", &*endpoint),
        ("endpoints.sts", &*endpoint),
        ("accessKey", &*administrator.access_key_id),
    ] {
        scene.work.run(&["config", "set", "--path", &format!("keyrotation:aws.{path}"), value])?.expect_success()?;
    }
    scene
        .work
        .run(&["config", "set", "--path", "keyrotation:aws.secretKey", "--secret", &administrator.secret_access_key])?
        .expect_success()?;
    scene.up()?;
    scene.expect_known()?;
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    scene.expect_destroyed()
}

#[test]
fn a_run_that_failed_after_the_mint_is_resumed_without_another_mint() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(json!({ "keepers": { "release": "1" }, "verification": { "timeout": "1m" } }))?;
    scene.cloud.fault(Rule::new(Fault::error_before(403, "InvalidClientTokenId")).on("GetCallerIdentity").always());
    let failed = scene.work.up()?.expect_failure()?.expect_text("next")?;
    ensure!(failed.text.contains("pulumi up"), "the message does not say what the next run does:\n{}", failed.text);
    let minted = scene.expect_keys(1)?;
    scene.cloud.clear_faults();
    scene.expect_nothing_pending()?;
    scene.up()?;
    let known = scene.expect_known()?;
    ensure!(known.current == minted[0].id, "the run after the failure minted again");
    ensure!(scene.cloud.count("CreateAccessKey") == 1, "there was more than one mint");
    scene.work.expect_quiet()?;

    scene.declare(json!({ "keepers": { "release": "2" }, "verification": { "timeout": "1m" } }))?;
    scene.cloud.fault(Rule::new(Fault::error_before(503, "ServiceUnavailable")).on("GetCallerIdentity").always());
    scene.work.up()?.expect_failure()?;
    scene.cloud.clear_faults();
    let state = scene.work.state()?;
    ensure!(state.output(TOKEN, "/accessKeyId")? == *known.current, "an unproven key was promoted");
    scene.cloud.expect_works(&known.current, &known.secret)?;
    scene.up()?;
    let rotated = scene.expect_known()?;
    ensure!(
        rotated.generation == 2 && scene.cloud.count("CreateAccessKey") == 2,
        "the rotation was not resumed: {rotated:?}"
    );
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}
