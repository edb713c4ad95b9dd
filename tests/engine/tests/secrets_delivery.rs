//! Keys whose secret the state leaves to stores (`keepSecretInState: false`), and deliveries together with what ends a key, with the real engine.

use anyhow::{Context, Result, ensure};
use engine::delivery::{AWS_SECRET, DeliveryScene};
use engine::{Fault, Rule, Secrets, TOKEN, URN, USER, Victim};
use serde_json::{Value, json};

/// A secret in another region, which the plugin creates.
const OTHER: &str = "ci/other";

/// Two stores that give the secret back, in two regions.
fn deliveries() -> Value {
    let fields = json!({ "accessKeyId": "AWS_ACCESS_KEY_ID", "secretAccessKey": "AWS_SECRET_ACCESS_KEY" });
    let extra = json!({ "AWS_REGION": "eu-central-1" });
    json!([
        { "awsSecretsManager": { "secretId": AWS_SECRET, "fields": fields, "extra": extra } },
        { "awsSecretsManager": { "secretId": OTHER, "create": {}, "connection": { "region": "eu-west-1" } } },
    ])
}

fn declare(place: &DeliveryScene, release: &str, more: Value) -> Result<()> {
    let mut inputs =
        json!({ "keepers": { "release": release }, "deliveries": deliveries(), "keepSecretInState": false });
    let more = more.as_object().cloned().unwrap_or_default();
    inputs.as_object_mut().into_iter().for_each(|inputs| inputs.extend(more.clone()));
    place.declare_aws(inputs)
}

/// What consumers of both stores read: the id and the secret of one key, which works.
fn read(place: &DeliveryScene, secrets: &mut Secrets) -> Result<String> {
    let id = place.consume_aws()?;
    let other = place.read(OTHER)?;
    let secret = other["secretAccessKey"].as_str().context("no secret")?;
    ensure!(other["accessKeyId"] == *id && place.read(AWS_SECRET)?["AWS_SECRET_ACCESS_KEY"] == secret);
    secrets.add(secret);
    Ok(id)
}

/// No secret of a key is in anything that the engine keeps, decrypted.
fn nothing_is_kept(place: &DeliveryScene, secrets: &Secrets) -> Result<()> {
    ensure!(!secrets.is_empty(), "nothing to look for");
    let (places, opened) = place.scene.work.holders(secrets)?;
    ensure!(places.is_empty(), "secrets are at rest in {places:?}");
    // The key as a whole is encrypted, without its secret.
    ensure!(opened > 0, "nothing was opened, so nothing was searched");
    Ok(())
}

#[test]
fn no_secret_is_at_rest_in_state_history_event_log_or_plan() -> Result<()> {
    let place = DeliveryScene::start()?;
    let (work, mut secrets) = (&place.scene.work, Secrets::default());
    let plan = || work.run(&["preview", "--save-plan", "plan.json"])?.expect_success();
    declare(&place, "1", json!({}))?;
    plan()?;
    place.scene.up()?;
    let first = read(&place, &mut secrets)?;
    let state = work.state()?;
    for output in ["/secretAccessKey", "/current/secretAccessKey"] {
        ensure!(state.output(TOKEN, output)?.is_null(), "{output} is not null");
    }
    ensure!(state.output(TOKEN, "/accessKeyId")? == *first && state.output(TOKEN, "/current/accessKeyId")? == *first);
    nothing_is_kept(&place, &secrets).context("after the create")?;
    work.expect_quiet()?;
    work.expect_no_drift()?;
    work.expect_quiet()?;

    declare(&place, "2", json!({}))?;
    plan()?;
    place.scene.up()?;
    let second = read(&place, &mut secrets)?;
    ensure!(first != second && place.scene.cloud.works(&first));
    let state = work.state()?;
    ensure!(state.output(TOKEN, "/previous/secretAccessKey")?.is_null(), "the previous key's secret is kept");
    nothing_is_kept(&place, &secrets).context("after the rotation")?;
    work.expect_quiet()?;

    place.scene.wait_hours(26)?;
    place.scene.up()?;
    ensure!(read(&place, &mut secrets)? == second && !place.scene.cloud.works(&first));
    work.expect_quiet()?;
    nothing_is_kept(&place, &secrets).context("after the retirement")?;
    place.scene.expect_destroyed()?;
    nothing_is_kept(&place, &secrets).context("after the delete")?;
    place.expect_given_back()
}

/// The control of the trial above: where the state keeps the secret, the search finds it.
#[test]
fn a_secret_that_is_kept_is_found_in_state_and_history() -> Result<()> {
    let place = DeliveryScene::start()?;
    let mut secrets = Secrets::default();
    declare(&place, "1", json!({ "keepSecretInState": true }))?;
    place.scene.up()?;
    read(&place, &mut secrets)?;
    place.scene.work.run(&["preview", "--save-plan", "plan.json"])?.expect_success()?;
    let (places, opened) = place.scene.work.holders(&secrets)?;
    for part in ["/stacks/", "/history/", "plan.json"] {
        ensure!(places.iter().any(|place| place.contains(part)), "{part} is not among {places:?}, of {opened} values");
    }
    place.scene.expect_clean()?;
    place.scene.expect_destroyed()
}

/// The first store has the staged key, so the state forgets it although the second store failed.
#[test]
fn where_the_second_store_fails_for_a_run_the_next_one_reads_the_key_from_the_first() -> Result<()> {
    let place = DeliveryScene::start()?;
    let (work, mut secrets) = (&place.scene.work, Secrets::default());
    declare(&place, "1", json!({}))?;
    place.scene.up()?;
    let first = read(&place, &mut secrets)?;
    declare(&place, "2", json!({}))?;
    let refused = Fault::error_before(400, "AccessDeniedException");
    place.scene.cloud.fault(Rule::new(refused).on("PutSecretValue").nth(2));
    let text = work.run(&["up", "--yes"])?.expect_failure()?.text;
    ensure!(text.contains("secretsmanager:PutSecretValue") && text.contains("deliveries[1]"), "{text}");
    ensure!(read(&place, &mut secrets)? == first, "consumers read a key that is staged");
    let staged = place.aws().secret_value(AWS_SECRET, "KEYROTATION_STAGED").context("nothing is staged")?;
    let staged: Value = serde_json::from_str(&staged)?;
    secrets.add(staged["AWS_SECRET_ACCESS_KEY"].as_str().context("no secret is staged")?);
    ensure!(work.state()?.output(TOKEN, "/pending/accessKeyId")? == staged["AWS_ACCESS_KEY_ID"]);
    nothing_is_kept(&place, &secrets).context("after the failed run")?;

    let before = place.scene.cloud.calls().len();
    place.scene.up()?;
    let calls = place.store_calls(before);
    ensure!(calls.iter().any(|call| call == "GetSecretValue"), "the staged key was not read: {calls:?}");
    ensure!(place.scene.cloud.count("CreateAccessKey") == 2, "another key was made");
    ensure!(read(&place, &mut secrets)? == staged["AWS_ACCESS_KEY_ID"].as_str().unwrap_or_default());
    work.expect_quiet()?;
    nothing_is_kept(&place, &secrets)?;
    place.scene.expect_clean()?;
    place.scene.expect_destroyed()
}

/// Between the mint and the first store the state is the only place that has the secret: encrypted, and until a store has it.
#[test]
fn a_new_key_that_no_store_holds_yet_is_in_the_state_until_one_does() -> Result<()> {
    let place = DeliveryScene::start()?;
    let (work, mut secrets) = (&place.scene.work, Secrets::default());
    declare(&place, "1", json!({}))?;
    place.scene.up()?;
    declare(&place, "2", json!({}))?;
    let refused = Fault::error_before(400, "AccessDeniedException");
    place.scene.cloud.fault(Rule::new(refused).on("PutSecretValue").nth(1));
    work.run(&["up", "--yes"])?.expect_failure()?;
    let pending = work.state()?.output(TOKEN, "/pending/secretAccessKey")?;
    secrets.add(pending.as_str().context("the only copy of the secret is lost")?);
    place.scene.up()?;
    let current = read(&place, &mut secrets)?;
    ensure!(place.scene.cloud.count("CreateAccessKey") == 2, "another key was made");
    let state = work.state()?;
    ensure!(state.output(TOKEN, "/accessKeyId")? == *current && state.output(TOKEN, "/secretAccessKey")?.is_null());
    let (places, _) = work.holders(&secrets)?;
    let is_old =
        |place: &&String| place.contains("/history/") || place.contains("/backups/") || place.ends_with(".bak");
    ensure!(places.iter().all(|place| is_old(&place)), "the secret is still in {places:?}");
    place.scene.expect_clean()?;
    place.scene.expect_destroyed()
}

#[test]
fn a_kill_between_mint_and_publish_leaves_no_secret_at_rest() -> Result<()> {
    for victim in [Victim::Plugin, Victim::Engine] {
        let place = DeliveryScene::start()?;
        let (work, mut secrets) = (&place.scene.work, Secrets::default());
        declare(&place, "1", json!({}))?;
        place.scene.up()?;
        let first = read(&place, &mut secrets)?;
        place.scene.wait_hours(1)?;
        declare(&place, "2", json!({}))?;
        let rule = Rule::new(Fault::HoldBefore).on("PutSecretValue").nth(1);
        place.scene.run_killed(&["up", "--yes", "--skip-preview"], victim, rule)?;
        ensure!(read(&place, &mut secrets)? == first && place.scene.cloud.key_ids(USER).len() == 2);
        place.scene.up()?;
        let second = read(&place, &mut secrets)?;
        ensure!(second != first && place.scene.cloud.key_ids(USER).len() == 2, "the orphan is left");
        work.expect_quiet()?;
        nothing_is_kept(&place, &secrets)?;
        place.scene.expect_destroyed()?;
        place.scene.search_all()?;
    }
    Ok(())
}

#[test]
fn the_input_takes_the_secret_out_of_the_state_and_back() -> Result<()> {
    let place = DeliveryScene::start()?;
    let (work, mut secrets) = (&place.scene.work, Secrets::default());
    let keep = |keeps: bool| declare(&place, "1", json!({ "keepSecretInState": keeps }));
    keep(true)?;
    place.scene.up()?;
    let known = place.scene.expect_known()?;
    keep(false)?;
    let preview = work.preview()?.expect_success()?.text;
    ensure!(!preview.contains("a new key"), "{preview}");
    place.scene.up()?;
    let state = work.state()?;
    ensure!(state.output(TOKEN, "/secretAccessKey")?.is_null() && state.output(TOKEN, "/stateVersion")? == 3);
    work.expect_quiet()?;
    keep(true)?;
    work.preview()?.expect_success()?.expect_text("will be read back from the Secrets Manager secret")?;
    place.scene.up()?;
    ensure!(place.scene.expect_known()? == known, "it is not the key that was there");
    ensure!(work.state()?.output(TOKEN, "/stateVersion")? == 2 && read(&place, &mut secrets)? == known.current);
    work.expect_quiet()?;
    place.scene.expect_clean()?;
    place.scene.expect_destroyed()
}

/// Another shape and a store that was deleted are mended from what stores have; where none has it, a new key is made.
#[test]
fn a_store_is_mended_from_another_one_and_a_lost_secret_is_replaced() -> Result<()> {
    let place = DeliveryScene::start()?;
    let (work, mut secrets) = (&place.scene.work, Secrets::default());
    let made = || place.scene.cloud.count("CreateAccessKey");
    let refresh = || work.run(&["refresh", "--yes"])?.expect_success();
    declare(&place, "1", json!({}))?;
    place.scene.up()?;
    let first = read(&place, &mut secrets)?;
    place.aws().edit_secret(AWS_SECRET, "by hand").map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    refresh()?;
    place.scene.up()?;
    ensure!(read(&place, &mut secrets)? == first && made() == 1, "a key was made for that");
    let mut renamed = deliveries();
    renamed[1]["awsSecretsManager"]["fields"] = json!({ "secretAccessKey": "value" });
    declare(&place, "1", json!({ "deliveries": renamed }))?;
    place.scene.up()?;
    ensure!(place.read(OTHER)?.get("value").is_some() && made() == 1, "the new shape was not delivered");
    declare(&place, "1", json!({}))?;
    place.scene.up()?;
    read(&place, &mut secrets)?;
    for secret in [AWS_SECRET, OTHER] {
        place.aws().delete_secret(secret).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    }
    place.aws().create_secret(AWS_SECRET, Some("made again")).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    refresh()?;
    let text = place.scene.up()?;
    ensure!(text.contains("none of them has it any more"), "the reason is not told:\n{text}");
    ensure!(read(&place, &mut secrets)? != first && made() == 2);
    work.expect_quiet()?;
    nothing_is_kept(&place, &secrets)?;
    place.scene.expect_destroyed()
}

#[test]
fn a_secret_that_nothing_would_have_is_refused_by_its_property() -> Result<()> {
    let place = DeliveryScene::start()?;
    let only = |more: Value| {
        let mut secret = json!({ "secretId": AWS_SECRET });
        let more = more.as_object().cloned().unwrap_or_default();
        secret.as_object_mut().into_iter().for_each(|secret| secret.extend(more.clone()));
        json!([{ "awsSecretsManager": secret }])
    };
    for (deliveries, part) in [
        (json!([]), "only with `deliveries`"),
        (only(json!({ "format": "dotenv" })), "gives the secret back"),
        (only(json!({ "fields": { "accessKeyId": "id" } })), "naming secretAccessKey"),
    ] {
        declare(&place, "1", json!({ "deliveries": deliveries }))?;
        let text = work_preview(&place)?;
        ensure!(text.contains("keepSecretInState") && text.contains(part), "{part}:\n{text}");
    }
    ensure!(place.scene.cloud.calls().is_empty());
    Ok(())
}

fn work_preview(place: &DeliveryScene) -> Result<String> {
    Ok(place.scene.work.run(&["preview"])?.expect_failure()?.text)
}

/// `retainOnDelete` leaves what consumers read, and a key that works.
#[test]
fn what_is_retained_goes_on_working_for_its_consumers() -> Result<()> {
    for keeps in [true, false] {
        let place = DeliveryScene::start()?;
        let mut secrets = Secrets::default();
        let mut inputs = json!({ "deliveries": deliveries(), "keepSecretInState": keeps });
        inputs["keepers"] = json!({ "release": "1" });
        place.scene.declare_with(inputs, json!({ "retainOnDelete": true }))?;
        place.scene.up()?;
        let id = read(&place, &mut secrets)?;
        place.scene.work.destroy()?.expect_success()?;
        ensure!(read(&place, &mut secrets)? == id, "consumers read another key");
        place.scene.search_all()?;
    }
    Ok(())
}

/// A replacement on the same user: consumers read the new instance's key, whose predecessor goes.
#[test]
fn a_replacement_delivers_its_key_before_the_one_before_goes() -> Result<()> {
    for keeps in [true, false] {
        let place = DeliveryScene::start()?;
        let mut secrets = Secrets::default();
        declare(&place, "1", json!({ "keepSecretInState": keeps }))?;
        place.scene.up()?;
        let first = read(&place, &mut secrets)?;
        place.scene.wait_hours(1)?;
        place.scene.work.run(&["up", "--yes", "--skip-preview", "--replace", URN])?.expect_success()?;
        let second = read(&place, &mut secrets)?;
        ensure!(first != second && place.scene.cloud.key_ids(USER) == [second], "the former key is left");
        place.scene.work.expect_quiet()?;
        place.scene.expect_clean()?;
        place.scene.expect_destroyed()?;
        place.expect_given_back()?;
    }
    Ok(())
}

/// A revoked key leaves the stores before it stops working.
#[test]
fn a_revoked_key_leaves_the_stores_first() -> Result<()> {
    for keeps in [true, false] {
        let place = DeliveryScene::start()?;
        let mut secrets = Secrets::default();
        declare(&place, "1", json!({ "keepSecretInState": keeps }))?;
        place.scene.up()?;
        let first = read(&place, &mut secrets)?;
        let revoke = json!({ "incident": "leak-1", "generation": "current" });
        declare(&place, "1", json!({ "keepSecretInState": keeps, "revoke": revoke }))?;
        let before = place.scene.cloud.calls().len();
        place.scene.up()?;
        let second = read(&place, &mut secrets)?;
        ensure!(first != second && place.scene.cloud.key_ids(USER) == [second], "the revoked key lives");
        let calls: Vec<_> = place.scene.cloud.calls().into_iter().skip(before).map(|entry| entry.action).collect();
        let last = |name: &str| calls.iter().rposition(|call| call == name);
        ensure!(last("UpdateSecretVersionStage") < last("DeleteAccessKey"), "{calls:?}");
        place.scene.work.expect_quiet()?;
        place.scene.expect_clean()?;
        place.scene.expect_destroyed()?;
    }
    Ok(())
}
