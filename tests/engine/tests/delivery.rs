//! Keys that are delivered to AWS Secrets Manager, with the real engine.

use anyhow::{Context, Result, ensure};
use engine::delivery::{AWS_SECRET, CONFLUENT_SECRET, DeliveryScene};
use engine::{Cloud, Fault, Rule, TOKEN, USER};
use serde_json::json;

#[test]
fn an_aws_key_and_a_confluent_key_live_in_secrets_through_rotation_and_retirement() -> Result<()> {
    let place = DeliveryScene::start()?;
    let work = &place.scene.work;
    place.declare("1")?;
    work.preview()?.expect_success()?;
    ensure!(place.scene.cloud.calls().is_empty(), "a preview called somebody: {:?}", place.scene.cloud.calls());

    place.up()?;
    let first = place.expect_delivered(1)?;
    let before = place.scene.cloud.calls().len();
    work.expect_quiet()?;
    ensure!(place.store_calls(before).is_empty(), "a run with nothing to do called: {:?}", place.store_calls(before));
    work.expect_no_drift()?;
    work.expect_quiet()?;

    place.declare("2")?;
    let preview = work.preview()?.expect_success()?.expect_text("will be delivered to the Secrets Manager secret")?;
    ensure!(!preview.text.contains("replace"), "a rotation is shown as a replacement:\n{}", preview.text);
    ensure!(place.consume()? == first, "a preview delivered something");
    place.up()?;
    let second = place.expect_delivered(2)?;
    ensure!(first[0] != second[0] && first[1] != second[1], "nothing was rotated");
    ensure!(place.scene.cloud.works(&first[0]), "the old key ended before its overlap");
    work.expect_quiet()?;

    place.scene.wait_hours(26)?;
    place.up()?;
    ensure!(place.expect_delivered(2)? == second && !place.scene.cloud.works(&first[0]));
    work.expect_quiet()?;
    work.expect_no_drift()?;
    place.scene.expect_clean()?;
    place.expect_destroyed()
}

#[test]
fn a_secret_that_was_edited_by_hand_gets_the_key_again_without_a_new_one() -> Result<()> {
    let place = DeliveryScene::start()?;
    let work = &place.scene.work;
    place.declare("1")?;
    place.up()?;
    let ids = place.expect_delivered(1)?;
    place.aws().edit_secret(AWS_SECRET, "by hand").map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    // A run that has nothing to do sees nothing of it.
    work.expect_quiet()?;
    work.run(&["refresh", "--yes", "--parallel", "1"])?.expect_success()?;
    ensure!(work.state()?.output(TOKEN, "/deliveryStatus/0/stage")? == "drifted", "the refresh did not see it");
    place.up()?;
    ensure!(place.expect_delivered(1)? == ids, "a key was made for that");
    ensure!(place.scene.cloud.count("CreateAccessKey") == 1 && place.scene.cloud.count("CreateApiKey") == 1);
    work.expect_quiet()?;
    place.expect_destroyed()
}

#[test]
fn of_two_stores_one_fails_for_a_run_and_consumers_of_both_have_a_working_key() -> Result<()> {
    let place = DeliveryScene::start()?;
    let deliveries = json!([
        { "awsSecretsManager": { "secretId": AWS_SECRET, "format": "dotenv" } },
        { "awsSecretsManager": { "secretId": "ci/other", "create": {}, "fields": { "secretAccessKey": "value" }, "format": "raw" } },
    ]);
    let declare =
        |release: &str| place.declare_aws(json!({ "keepers": { "release": release }, "deliveries": deliveries }));
    let read =
        |secret: &str| place.aws().secret_value(secret, "AWSCURRENT").with_context(|| format!("{secret} is empty"));
    let works = |id: &str, secret: &str| place.scene.cloud.expect_works(id, secret);
    let both = || -> Result<()> {
        let raw = read("ci/other")?;
        let keys = place.scene.cloud.key_ids(USER);
        ensure!(keys.iter().any(|id| works(id, &raw).is_ok()), "consumers of ci/other read no working key");
        let lines = read(AWS_SECRET)?;
        let lines: Vec<&str> =
            lines.lines().filter_map(|line| line.split_once('=')).map(|(_, text)| text.trim_matches('\'')).collect();
        ensure!(lines.len() == 2, "two fields are lines");
        works(lines[0], lines[1]).context("consumers of the first secret")
    };
    declare("1")?;
    place.scene.up()?;
    both()?;
    declare("2")?;
    // Both are staged first, so the first store moves before the second one fails.
    let refused = Fault::error_before(400, "AccessDeniedException");
    place.scene.cloud.fault(Rule::new(refused).on("UpdateSecretVersionStage").nth(2));
    let text = place.scene.work.run(&["up", "--yes"])?.expect_failure()?.text;
    for part in ["secretsmanager:UpdateSecretVersionStage", "ci/other", "deliveries[1]"] {
        ensure!(text.contains(part), "the failure does not name {part}:\n{text}");
    }
    both()?;
    place.scene.expect_keys(2)?;
    place.scene.up()?;
    both()?;
    let known = place.scene.expect_known()?;
    ensure!(known.generation == 2 && read("ci/other")? == known.secret, "the second store has the old key");
    place.scene.work.expect_quiet()?;
    place.scene.expect_clean()?;
    place.scene.expect_destroyed()?;
    place.expect_given_back()
}

#[test]
fn a_delivery_moves_to_another_secret_and_leaves_the_one_before() -> Result<()> {
    let place = DeliveryScene::start()?;
    let to = |secret: &str| json!({ "deliveries": [{ "awsSecretsManager": { "secretId": secret, "create": {} } }] });
    place.declare_aws(to(AWS_SECRET))?;
    place.scene.up()?;
    let known = place.scene.expect_known()?;
    place.declare_aws(to(CONFLUENT_SECRET))?;
    place.scene.up()?;
    ensure!(place.scene.expect_known()? == known, "a key was made for that");
    ensure!(place.read(CONFLUENT_SECRET)?["accessKeyId"] == *known.current);
    place.expect_given_back()?;
    place.declare_aws(json!({}))?;
    place.scene.up()?;
    let left = place.aws().secret(CONFLUENT_SECRET).context("it is gone at once")?;
    ensure!(left.deleted_until.is_some(), "a secret that the plugin made is left");
    ensure!(
        place.scene.expect_known()? == known
            && place.scene.work.state()?.output(TOKEN, "/deliveryStatus")? == json!([])
    );
    place.scene.work.expect_quiet()?;
    place.scene.expect_destroyed()
}

#[test]
fn a_store_in_another_account_is_reached_by_a_connection_of_its_own_whose_secret_is_nowhere() -> Result<()> {
    let place = DeliveryScene::start()?;
    let other = Cloud::start_elsewhere(place.scene.clock.file(), "210987654321")?;
    let admin = other.administrator();
    place.scene.keep_secret(&admin.secret_access_key);
    let work = &place.scene.work;
    for (name, value) in [("engine-test:token", &admin.secret_access_key), ("engine-test:keyId", &admin.access_key_id)]
    {
        work.run(&["config", "set", "--secret", name, value])?.expect_success()?;
    }
    let connection = json!({
        "region": "eu-central-1",
        "accessKey": "${keyId}",
        "secretKey": "${token}",
        "endpoints": { "secretsManager": other.endpoint(), "sts": other.endpoint() },
    });
    let secret = json!({ "secretId": "ci/elsewhere", "create": {}, "connection": connection });
    let declare = |release: &str| {
        place.declare_aws(
            json!({ "keepers": { "release": release }, "deliveries": [{ "awsSecretsManager": secret }] }),
        )?;
        work.edit_program(|program| program["config"]["keyId"] = json!({ "type": "string" }))
    };
    let read = || -> Result<String> {
        let text = other.aws().secret_value("ci/elsewhere", "AWSCURRENT").context("consumers read nothing")?;
        let value: serde_json::Value = serde_json::from_str(&text)?;
        Ok(value["accessKeyId"].as_str().unwrap_or_default().to_owned())
    };
    for release in ["1", "2"] {
        declare(release)?;
        place.scene.up()?;
        ensure!(read()? == place.scene.expect_known()?.current, "consumers read another key");
        work.expect_quiet()?;
    }
    let there = other.aws().secret("ci/elsewhere").context("it is missing")?;
    ensure!(there.region == "eu-central-1" && there.arn.contains(":210987654321:"), "{there:?}");
    ensure!(place.store_calls(0).is_empty(), "the provider's own account was asked: {:?}", place.store_calls(0));
    work.expect_no_drift()?;
    place.scene.expect_clean()?;
    place.scene.expect_destroyed()?;
    let left = other.aws().secret("ci/elsewhere").context("it is gone at once")?;
    ensure!(left.deleted_until.is_some(), "the secret is left");
    Ok(())
}

#[test]
fn a_secret_that_rotates_by_itself_is_refused_before_a_key_is_made() -> Result<()> {
    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";
    let place = DeliveryScene::start()?;
    let inputs = |release: &str| {
        let delivery = json!([{ "awsSecretsManager": { "secretId": AWS_SECRET } }]);
        json!({ "keepers": { "release": release }, "deliveries": delivery })
    };
    place.declare_aws(inputs("1"))?;
    place.scene.up()?;
    let known = place.scene.expect_known()?;
    place.aws().set_rotation(AWS_SECRET, Some(FUNCTION)).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    place.declare_aws(inputs("2"))?;
    let text = place.scene.work.run(&["up", "--yes"])?.expect_failure()?.text;
    ensure!(text.contains(FUNCTION) && text.contains(AWS_SECRET), "the rotation is not named:\n{text}");
    ensure!(place.scene.expect_known()? == known, "a key was made all the same");
    place.aws().set_rotation(AWS_SECRET, None).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    place.scene.up()?;
    ensure!(place.scene.expect_known()?.generation == 2);
    place.scene.expect_destroyed()
}

#[test]
fn wrong_deliveries_are_refused_by_their_properties() -> Result<()> {
    let place = DeliveryScene::start()?;
    let secret = |more: serde_json::Value| {
        let mut secret = json!({ "secretId": AWS_SECRET });
        secret
            .as_object_mut()
            .into_iter()
            .for_each(|secret| secret.extend(more.as_object().cloned().unwrap_or_default()));
        json!({ "awsSecretsManager": secret })
    };
    let cases = [
        (json!([{}]), "deliveries[0]", "exactly one store"),
        (
            json!([secret(json!({ "fields": { "nothing": "x" } }))]),
            "deliveries[0].awsSecretsManager.fields.nothing",
            "accessKeyId",
        ),
        (json!([secret(json!({ "format": "raw" }))]), "deliveries[0].awsSecretsManager.fields", "exactly one field"),
        (json!([secret(json!({})), secret(json!({}))]), "deliveries[1]", "same store"),
        (json!([secret(json!({ "create": { "recoveryWindowInDays": 3 } }))]), "create.recoveryWindowInDays", "7 to 30"),
        (json!([secret(json!({ "secret": "x" }))]), "AwsSecretsManagerDelivery", "Property secret does not exist"),
    ];
    for (deliveries, property, part) in cases {
        place.declare_aws(json!({ "deliveries": deliveries }))?;
        let text = place.scene.work.run(&["preview"])?.expect_failure()?.text;
        ensure!(text.contains(property) && text.contains(part), "{property} {part}:\n{text}");
    }
    ensure!(place.scene.cloud.calls().is_empty());
    Ok(())
}
