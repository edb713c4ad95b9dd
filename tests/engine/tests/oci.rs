//! Credentials of an OCI user by the real engine, on the stand-in.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use engine::{OciResource, OciScene};
use localcloud::oci::Kind;
use serde_json::{Value, json};

fn inputs(release: &str) -> Value {
    json!({ "keepers": { "release": release }, "rotationPeriod": "30d", "overlap": "1d" })
}

#[test]
fn an_api_key_lives_rotates_and_goes() -> Result<()> {
    lives(OciResource::ApiKey)
}

#[test]
fn an_auth_token_lives_rotates_and_goes() -> Result<()> {
    lives(OciResource::AuthToken)
}

#[test]
fn a_customer_secret_key_lives_rotates_and_goes() -> Result<()> {
    lives(OciResource::CustomerSecretKey)
}

/// Created, rotated by keepers, retired, rotated by time, and destroyed in the overlap.
fn lives(resource: OciResource) -> Result<()> {
    let stage = OciScene::start(resource, inputs("1"))?;
    let work = &stage.scene.work;
    work.preview()?.expect_success()?;
    ensure!(stage.scene.cloud.calls().is_empty(), "a preview called OCI: {:?}", stage.scene.cloud.calls());
    stage.up()?;
    let first = stage.expect_known(resource)?;
    ensure!((first.generation, &first.previous) == (1, &None), "{first:?}");
    work.expect_quiet()?;
    work.expect_no_drift()?;

    stage.declare(resource, inputs("2"))?;
    work.preview()?.expect_success()?.expect_text("a new key will be created: keepers changed")?;
    stage.up()?;
    let second = stage.expect_known(resource)?;
    ensure!((second.generation, &second.previous) == (2, &Some(first.current)), "{second:?}");
    work.expect_quiet()?;
    work.expect_no_drift()?;

    stage.scene.wait_hours(26)?;
    stage.up()?;
    let third = stage.expect_known(resource)?;
    ensure!(
        (third.generation, third.previous, third.current) == (2, None, second.current.clone()),
        "it was not retired"
    );
    work.expect_quiet()?;
    work.expect_no_drift()?;

    stage.scene.wait_hours(30 * 24)?;
    stage.up()?;
    let last = stage.expect_known(resource)?;
    ensure!((last.generation, &last.previous) == (3, &Some(second.current)), "{last:?}");
    stage.expect_destroyed()
}

#[test]
fn the_key_that_signs_rotates_and_goes_once_the_plugin_has_the_new_one() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    let admin = stage.oci().config();
    stage.up()?;
    let first = stage.expect_known(resource)?;
    // A user whom nobody allows anything may handle its own keys, but not its tags.
    let allow = ["UpdateUser", "ListRegionSubscriptions", "ListUsers"];
    stage.oci().allow(OciScene::USER, &allow).map_err(|refusal| anyhow!("{refusal}"))?;
    stage.scene.wait_hours(1)?;
    sign_with_current(&stage)?;
    stage.declare(resource, inputs("2"))?;
    stage.up()?;
    let second = stage.expect_known(resource)?;
    ensure!(second.previous.as_ref() == Some(&first.current), "{second:?}");

    stage.scene.wait_hours(26)?;
    stage.up()?;
    ensure!(stage.expect_known(resource)? == second, "the key that signs was deleted");
    let warnings = stage.scene.work.state()?.output(resource.token(), "/warnings")?.to_string();
    ensure!(warnings.contains(&first.current) && warnings.contains("configured with"), "nobody is told: {warnings}");

    sign_with_current(&stage)?;
    stage.up()?;
    let third = stage.expect_known(resource)?;
    ensure!((third.current, third.previous) == (second.current, None), "the key that signed is still there");
    sign_with(&stage, &admin.user, &admin.key_content);
    stage.expect_destroyed()
}

/// From now on the plugin signs as the user itself, with the key that the state holds.
fn sign_with_current(stage: &OciScene) -> Result<()> {
    let pem = stage.scene.work.state()?.output(OciResource::ApiKey.token(), "/privateKeyPem")?;
    sign_with(stage, &stage.user, pem.as_str().context("the state holds no private key")?);
    Ok(())
}

/// The variables of a fingerprint that is another key's would be refused, and it follows from the key anyway.
fn sign_with(stage: &OciScene, user: &str, pem: &str) {
    for (name, value) in [("OCI_CLI_USER", user), ("OCI_CLI_KEY_CONTENT", pem), ("OCI_CLI_FINGERPRINT", "")] {
        stage.scene.work.set(name, value);
    }
}

#[test]
fn a_key_is_imported_with_its_private_half_and_not_rotated() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    let admin = stage.oci().config();
    let public = stage.oci().keys(&admin.user).pop().context("the administrator has no key")?.pem;
    let fingerprint = stage.oci().upload_key(OciScene::USER, &public).map_err(|refusal| anyhow!("{refusal}"))?;
    let work = &stage.scene.work;
    work.set("KEYROTATION_IMPORT_SECRET", &admin.key_content);
    let id = format!("{}/{fingerprint}", stage.user);
    let import = ["import", resource.token(), "key", &id, "--yes", "--generate-code=false", "--protect=false"];
    work.run(&import)?.expect_success()?;
    stage.up()?;
    let known = stage.expect_known(resource)?;
    ensure!(known.current == fingerprint && stage.scene.cloud.count("UploadApiKey") == 0, "{known:?}");
    work.expect_quiet()?;
    work.expect_no_drift()?;
    stage.expect_destroyed()
}

#[test]
fn wrong_inputs_are_refused_before_any_call() -> Result<()> {
    for (resource, wrong, property) in [
        (OciResource::ApiKey, json!({ "userId": "ci" }), "userId"),
        (OciResource::ApiKey, json!({ "userId": "ocid1.tenancy.oc1..aaaa" }), "userId"),
        (OciResource::ApiKey, json!({ "keyBits": 1024 }), "keyBits"),
        (OciResource::AuthToken, json!({ "name": "a b" }), "name"),
        (OciResource::CustomerSecretKey, json!({ "description": "x".repeat(101) }), "description"),
        (OciResource::ApiKey, json!({ "retirement": { "soak": "1d" } }), "retirement"),
    ] {
        let stage = OciScene::start(resource, wrong)?;
        let ended = stage.scene.work.up()?.expect_failure()?.expect_text(property)?;
        ensure!(!ended.text.contains("exited prematurely"), "the plugin died:\n{}", ended.text);
        ensure!(stage.scene.cloud.calls().is_empty(), "OCI was called: {:?}", stage.scene.cloud.calls());
    }
    Ok(())
}

#[test]
fn a_configuration_that_cannot_work_is_named_and_can_be_mended() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    let admin = stage.oci().config();
    let key = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../provider/systems/oci/src/keypair/tests");
        std::fs::read_to_string(folder.join(name)).with_context(|| format!("{name} is not there"))
    };
    let elliptic = key("elliptic.pem")?;
    let encrypted = key("encrypted.pem")?;
    for (changed, words) in [
        (
            vec![("OCI_CLI_PROFILE", "NONE"), ("OCI_CLI_CONFIG_FILE", "/dev/null"), ("OCI_CLI_USER", "")],
            vec!["no profile [NONE]", "OCI_CLI_PROFILE"],
        ),
        (
            vec![("OCI_CLI_KEY_CONTENT", &*elliptic), ("OCI_CLI_PROFILE", ""), ("OCI_CLI_USER", &*admin.user)],
            vec!["not an RSA key", "OCI_CLI_KEY_CONTENT"],
        ),
        (vec![("OCI_CLI_KEY_CONTENT", &*encrypted), ("OCI_CLI_PASSPHRASE", "another")], vec!["cannot be decrypted"]),
        (
            vec![("OCI_CLI_KEY_CONTENT", &*admin.key_content), ("OCI_CLI_USER", "ocid1.user.oc1..x")],
            vec!["OCI_CLI_USER"],
        ),
    ] {
        changed.iter().for_each(|(name, value)| stage.scene.work.set(name, value));
        let mut ended = stage.scene.work.up()?.expect_failure()?;
        for word in words {
            ended = ended.expect_text(word)?;
        }
        ensure!(stage.ids(resource).is_empty(), "a refused run made a key");
    }
    stage.scene.work.set("OCI_CLI_USER", &admin.user);
    stage.up()?;
    stage.expect_known(resource)?;
    stage.expect_destroyed()
}

#[test]
fn a_user_full_of_strangers_keys_is_refused_and_they_are_named_with_their_ages() -> Result<()> {
    let resource = OciResource::ApiKey;
    let stage = OciScene::start(resource, inputs("1"))?;
    let strangers: Vec<_> = std::iter::from_fn(|| stage.oci().mint_key(OciScene::USER).ok()).collect();
    ensure!(strangers.len() == 3, "OCI allows three keys, and here are {}", strangers.len());
    stage.scene.wait_hours(50)?;
    let mut ended =
        stage.scene.work.up()?.expect_failure()?.expect_text("its quota of 3 keys")?.expect_text(&stage.user)?;
    for stranger in &strangers {
        ended = ended.expect_text(&format!("{stranger} (not ours, created 2d ago, active)"))?;
    }
    ensure!(stage.ids(resource) == strangers, "a stranger's key was deleted");
    stage.scene.expect_clean()
}

#[test]
fn two_tokens_of_somebody_else_leave_no_place_and_stay() -> Result<()> {
    let resource = OciResource::AuthToken;
    let stage = OciScene::start(resource, inputs("1"))?;
    let mint = || stage.oci().mint_secret(OciScene::USER, Kind::AuthToken, "somebody else's").ok();
    let strangers: Vec<_> = std::iter::from_fn(|| mint().map(|issued| issued.id)).collect();
    ensure!(strangers.len() == 2, "OCI allows two tokens, and here are {}", strangers.len());
    let mut ended = stage.scene.work.up()?.expect_failure()?;
    for stranger in &strangers {
        ended = ended.expect_text(stranger)?;
    }
    ensure!(stage.ids(resource) == strangers, "a stranger's token was deleted");
    stage.scene.expect_clean()
}
