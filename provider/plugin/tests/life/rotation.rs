use crate::support::text;
use pulumi_provider::Value;
use pulumi_provider::testing::{Action, object};

use crate::bench::{Bench, DAY, HOUR, inputs, number, saved};

#[tokio::test]
async fn a_key_lives_from_create_to_destroy() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let one = inputs("1", [("rotationPeriod", "90d".into())]);
    assert_eq!(key.preview(&one).await.unwrap().action, Action::Create);
    assert_eq!(bench.calls(), 0, "a preview makes no call");

    key.up(&one).await.unwrap();
    let first = saved(&key);
    assert_eq!(first.id, "deployer");
    assert_eq!(bench.keys(), [text(&first.outputs, "accessKeyId")]);
    assert_eq!(text(&first.outputs, "nextRotationAt"), "2026-04-01T00:00:00Z");
    let calls = bench.calls();
    assert_eq!(key.preview(&one).await.unwrap().action, Action::Same);
    assert_eq!(key.up(&one).await.unwrap().action, Action::Same);
    assert_eq!(bench.calls(), calls, "a run that finds nothing due makes no call");
    key.refresh().await.unwrap();
    assert_eq!(saved(&key), first, "a refresh of what did not change changes nothing");

    bench.later(HOUR);
    let two = inputs("2", [("rotationPeriod", "90d".into())]);
    let preview = key.preview(&two).await.unwrap();
    assert_eq!(
        (preview.action, preview.changed.as_slice()),
        (Action::Update, ["keepers.release", "schedule.rotatedAt"].map(str::to_owned).as_slice())
    );
    assert!(preview.outputs["secretAccessKey"].is_unknown() && preview.outputs["previous"].is_unknown());
    assert_eq!(number(&preview.outputs, "generation"), 2.0);
    key.up(&two).await.unwrap();
    let second = saved(&key);
    let ids = [text(&first.outputs, "accessKeyId"), text(&second.outputs, "accessKeyId")];
    assert!(ids.iter().all(|id| bench.cloud.aws().works(id)), "both work in the overlap");
    assert_eq!(text(second.outputs["previous"].as_object().unwrap(), "id"), ids[0]);
    assert_eq!(key.up(&two).await.unwrap().action, Action::Same);

    bench.later(DAY + HOUR * 2);
    let preview = key.preview(&two).await.unwrap();
    assert_eq!((preview.action, preview.changed), (Action::Update, vec!["schedule.phase".to_owned()]));
    assert!(!preview.outputs["secretAccessKey"].is_unknown(), "a retirement does not cascade into dependents");
    key.up(&two).await.unwrap();
    assert_eq!(bench.keys(), ids[1..]);
    assert!(saved(&key).outputs["previousKeyId"].is_null());
    assert_eq!(key.up(&two).await.unwrap().action, Action::Same);
    bench.keeps_secrets(&saved(&key));

    key.destroy().await.unwrap();
    assert!(bench.keys().is_empty());
    assert!(bench.cloud.aws().tags("deployer").is_empty(), "no mark is left");
}

#[tokio::test]
async fn a_period_rotates_and_says_so() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let plan = inputs("1", [("rotationPeriod", "30d".into())]);
    key.up(&plan).await.unwrap();
    bench.later(DAY * 95);
    let preview = key.preview(&plan).await.unwrap();
    assert_eq!(preview.changed, ["schedule.rotatedAt", "schedule.window"]);
    key.up(&plan).await.unwrap();
    assert_eq!(number(&saved(&key).outputs, "generation"), 2.0);
    assert_eq!(key.up(&plan).await.unwrap().action, Action::Same, "ten periods late is one rotation");
    let told = bench.harness.logged().iter().any(|line| format!("{line:?}").contains("a new rotation period began"));
    assert!(told, "the reason is told");
}

#[tokio::test]
async fn the_overlap_may_be_given_up() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let more = || [("overlap", Value::from("0s")), ("allowOutage", true.into())];
    key.up(&inputs("1", more())).await.unwrap();
    key.up(&inputs("2", more())).await.unwrap();
    assert_eq!(bench.keys(), [text(&saved(&key).outputs, "accessKeyId")]);
    assert_eq!(key.up(&inputs("2", more())).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn without_verification_a_new_key_is_promoted_untried() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let more = || [("verification", object([("enabled", false.into())]).into())];
    for (keeper, generation) in [("1", 1.0), ("2", 2.0)] {
        key.up(&inputs(keeper, more())).await.unwrap();
        let outputs = saved(&key).outputs;
        assert_eq!(number(&outputs, "generation"), generation);
        assert!(!outputs["current"].as_object().unwrap().contains_key("verifiedAt"), "nobody proved it");
        assert_eq!(key.up(&inputs(keeper, more())).await.unwrap().action, Action::Same);
    }
    // The plugin asks once which account its own credentials belong to.
    let own = bench.cloud.aws().admin_credentials().access_key_id;
    let is_try = |call: &localcloud::Entry| call.action == "GetCallerIdentity" && call.signer.as_ref() != Some(&own);
    let tried = bench.cloud.journal().iter().any(is_try);
    assert!(!tried && bench.keys().len() == 2);
}

#[tokio::test]
async fn smtp_password_follows_the_region_without_a_new_key() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    assert!(saved(&key).outputs["sesSmtpPassword"].is_null());
    let mut passwords = Vec::new();
    for region in ["eu-central-1", "eu-west-1"] {
        key.up(&inputs("1", [("sesRegion", region.into())])).await.unwrap();
        let outputs = saved(&key).outputs;
        assert!(outputs["sesSmtpPassword"].contains_secret());
        passwords.push(text(&outputs, "sesSmtpPassword"));
        assert_eq!(text(outputs["current"].as_object().unwrap(), "sesSmtpPassword"), passwords[passwords.len() - 1]);
    }
    assert!(passwords[0].len() == 44 && passwords[0] != passwords[1]);
    assert_eq!(number(&saved(&key).outputs, "generation"), 1.0);
    key.up(&inputs("1", [])).await.unwrap();
    assert!(saved(&key).outputs["sesSmtpPassword"].is_null());
}

#[tokio::test]
async fn another_user_is_another_resource() {
    let bench = Bench::start().await;
    bench.cloud.aws().create_user("other").unwrap();
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let step = key.up(&inputs("1", [("user", "other".into())])).await.unwrap();
    assert_eq!(step.action, Action::Replace);
    assert_eq!(saved(&key).id, "other");
    assert!(bench.keys().is_empty(), "the old user's key went with the old resource");
}

#[tokio::test]
async fn an_existing_key_is_imported_without_a_change() {
    let bench = Bench::start().await;
    let minted = bench.cloud.aws().mint_key("deployer").unwrap();
    let mut key = bench.key();
    key.import(&format!("deployer/{}", minted.access_key_id)).await.unwrap();
    let imported = saved(&key);
    assert_eq!(
        (imported.id.as_str(), text(&imported.outputs, "accessKeyId")),
        ("deployer", minted.access_key_id.clone())
    );
    let wanted = inputs("1", []);
    let step = key.up(&wanted).await.unwrap();
    assert_eq!(number(&saved(&key).outputs, "generation"), 1.0, "adopting inputs rotates nothing: {:?}", step.changed);
    assert_eq!(bench.keys(), std::slice::from_ref(&minted.access_key_id));
    key.up(&inputs("2", [])).await.unwrap();
    assert_eq!(number(&saved(&key).outputs, "generation"), 2.0);
    assert_eq!(text(saved(&key).outputs["previous"].as_object().unwrap(), "id"), minted.access_key_id);
}

#[tokio::test]
async fn what_a_preview_does_not_know_is_not_refused() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let later = object([("user", Value::Unknown), ("rotationPeriod", Value::Unknown), ("maxAge", "100d".into())]);
    assert_eq!(key.preview(&later).await.unwrap().action, Action::Create);
    key.up(&inputs("1", [])).await.unwrap();
    let unknown = inputs("1", [("keepers", object([("release", Value::Unknown)]).into())]);
    let preview = key.preview(&unknown).await.unwrap();
    assert_eq!(preview.action, Action::Update);
    assert!(preview.outputs["secretAccessKey"].is_unknown(), "an unknown keeper counts as changed");
    assert_eq!(bench.keys().len(), 1);
}

#[tokio::test]
async fn an_adopted_key_is_current_with_its_secret_and_superseded_without() {
    for with_secret in [true, false] {
        let bench = Bench::start().await;
        let minted = bench.cloud.aws().mint_key("deployer").unwrap();
        bench.later(HOUR);
        let mut adopt = object([("id", minted.access_key_id.as_str().into())]);
        if with_secret {
            adopt.insert("secret".to_owned(), Value::secret(minted.secret_access_key.as_str()));
        }
        let wanted = inputs("1", [("adopt", adopt.into())]);
        let mut key = bench.key();
        key.up(&wanted).await.unwrap();
        let outputs = saved(&key).outputs;
        assert_eq!(text(&outputs, "accessKeyId") == minted.access_key_id, with_secret);
        assert_eq!(outputs["previousKeyId"].is_null(), with_secret);
        assert_eq!(key.up(&wanted).await.unwrap().action, Action::Same);
        bench.later(DAY * 2);
        key.up(&wanted).await.unwrap();
        assert_eq!(bench.keys().contains(&minted.access_key_id), with_secret);
        bench.keeps_secrets(&saved(&key));
    }
}

#[tokio::test]
async fn an_adopted_key_must_exist_and_its_secret_must_fit() {
    let bench = Bench::start().await;
    let minted = bench.cloud.aws().mint_key("deployer").unwrap();
    bench.later(HOUR);
    let wrong = object([("id", minted.access_key_id.as_str().into()), ("secret", Value::secret("not-this-one"))]);
    let nobody = object([("id", "AKIAIOSFODNN7EXAMPLE".into())]);
    for (adopt, property) in [(wrong, "adopt.secret"), (nobody, "adopt.id")] {
        let mut key = bench.key();
        let problem = key.up(&inputs("1", [("adopt", adopt.into())])).await.err().expect("refused");
        let texts = problem.texts().join(" ");
        assert!(texts.contains(property) && !texts.contains("not-this-one"), "{texts}");
        assert_eq!(bench.keys(), std::slice::from_ref(&minted.access_key_id));
    }
}

#[tokio::test]
async fn an_incident_revokes_once() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let first = bench.keys();
    let revoke = object([("incident", "2026-01 leak".into()), ("generation", "current".into())]);
    let wanted = inputs("1", [("revoke", revoke.into())]);
    let preview = key.preview(&wanted).await.unwrap();
    assert!(preview.changed.contains(&"schedule.revoked".to_owned()), "{:?}", preview.changed);
    key.up(&wanted).await.unwrap();
    assert_eq!(bench.keys().len(), 1);
    assert_ne!(bench.keys(), first);
    assert_eq!(key.up(&wanted).await.unwrap().action, Action::Same);
    key.up(&inputs("1", [])).await.unwrap();
    assert_eq!(number(&saved(&key).outputs, "generation"), 2.0);
}
