//! Identity tokens of a CI job, by the real engine: what the state holds of them, and what `refresh` and `destroy` do an hour later.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::{Cloud, Scene, TOKEN, USER, named, run_trials};
use localcloud::aws::{AUDIENCE, ISSUER, RoleTrust, TokenClaims};
use serde_json::{Value, json};

fn main() {
    run_trials(
        "",
        &[],
        named![
            a_stack_outlives_the_tokens_of_its_runs,
            a_token_in_the_state_that_ended_is_told,
            two_providers_keep_keys_in_two_accounts,
        ],
    );
}

const SUBJECT: &str = "repo:acme/keys:ref:refs/heads/main";

fn trusted(cloud: &Cloud) {
    cloud.aws().trust("ci", RoleTrust { subject: SUBJECT.to_owned(), longest: 3_600 });
}

/// A token that lives for ten minutes. It is among the secrets that nothing may show.
fn token(scene: &Scene, cloud: &Cloud) -> Result<String> {
    let exp = scene.clock.now()?.as_second() + 600;
    let claims = TokenClaims { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), sub: SUBJECT.to_owned(), exp };
    let token = cloud.aws().identity_token(&claims).context("no token")?;
    scene.keep_secret(&token);
    Ok(token)
}

/// A provider that logs in with the token in this file, in the account of this cloud.
fn provider(cloud: &Cloud, account: &str, file: &Path) -> Value {
    let (endpoint, role) = (cloud.endpoint(), format!("arn:aws:iam::{account}:role/ci"));
    json!({"type": "pulumi:providers:keyrotation", "properties": {"aws": {
        "region": "eu-central-1",
        "assumeRoleWithWebIdentity": {"roleArn": role, "webIdentityTokenFile": file, "sessionName": "job-17", "duration": "15m"},
        "allowedAccountIds": [account],
        "endpoints": {"iam": endpoint, "sts": endpoint},
    }}})
}

fn key(provider: &str, release: &str) -> Value {
    let inputs = json!({"user": USER, "keepers": {"release": release}, "overlap": "1d"});
    json!({"type": TOKEN, "properties": inputs, "options": {"provider": format!("${{{provider}}}")}})
}

fn write(scene: &Scene, resources: &Value) -> Result<()> {
    scene.work.write_program(&json!({"name": "engine-test", "runtime": "yaml", "resources": resources}))
}

fn a_stack_outlives_the_tokens_of_its_runs() -> Result<()> {
    let scene = Scene::without_environment()?;
    trusted(&scene.cloud);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    let login = provider(&scene.cloud, "123456789012", &file);
    std::fs::write(&file, token(&scene, &scene.cloud)?)?;
    write(&scene, &json!({"login": login.clone(), "key": key("login", "1")}))?;
    scene.up()?;
    scene.expect_known()?;
    scene.wait_hours(1)?;
    // The old token is in the file: the state has nothing that works, and nothing is changed.
    let text = scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_failure()?.text;
    ensure!(text.contains("the token has expired") && text.contains("webIdentityTokenFile"), "{text}");
    std::fs::write(&file, token(&scene, &scene.cloud)?)?;
    scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?;
    write(&scene, &json!({"login": login, "key": key("login", "2")}))?;
    scene.up()?;
    ensure!(scene.expect_known()?.generation == 2);
    scene.wait_hours(1)?;
    std::fs::write(&file, token(&scene, &scene.cloud)?)?;
    scene.expect_clean()?;
    scene.expect_destroyed()
}

fn a_token_in_the_state_that_ended_is_told() -> Result<()> {
    let scene = Scene::without_environment()?;
    trusted(&scene.cloud);
    let given = token(&scene, &scene.cloud)?;
    let mut login = provider(&scene.cloud, "123456789012", Path::new(""));
    login["properties"]["aws"]["assumeRoleWithWebIdentity"] =
        json!({"roleArn": "arn:aws:iam::123456789012:role/ci", "webIdentityToken": {"fn::secret": "${token}"}});
    let program = json!({
        "name": "engine-test", "runtime": "yaml",
        "config": {"token": {"type": "string", "secret": true}},
        "resources": {"login": login, "key": key("login", "1")},
    });
    scene.work.write_program(&program)?;
    scene.work.run(&["config", "set", "--secret", "token", &given])?.expect_success()?;
    scene.up()?;
    scene.wait_hours(1)?;
    let text = scene.work.run(&["destroy", "--yes", "--skip-preview"])?.expect_failure()?.text;
    for part in ["stack's state", "AWS_WEB_IDENTITY_TOKEN_FILE", "--run-program"] {
        ensure!(text.contains(part), "{part} is not in {text}");
    }
    scene.expect_keys(1)?;
    scene.search_all()
}

fn two_providers_keep_keys_in_two_accounts() -> Result<()> {
    let scene = Scene::without_environment()?;
    let other = Cloud::start_elsewhere(scene.clock.file(), "222222222222")?;
    other.add_user(USER)?;
    let folder = tempfile::tempdir()?;
    let files = ["one", "two"].map(|name| folder.path().join(name));
    for (cloud, file) in [&scene.cloud, &other].into_iter().zip(&files) {
        trusted(cloud);
        std::fs::write(file, token(&scene, cloud)?)?;
    }
    write(
        &scene,
        &json!({
            "login": provider(&scene.cloud, "123456789012", &files[0]),
            "elsewhere": provider(&other, "222222222222", &files[1]),
            "key": key("login", "1"),
            "far": key("elsewhere", "1"),
        }),
    )?;
    scene.up()?;
    ensure!((scene.cloud.keys(USER).len(), other.keys(USER).len()) == (1, 1));
    scene.wait_hours(1)?;
    for (cloud, file) in [&scene.cloud, &other].into_iter().zip(&files) {
        std::fs::write(file, token(&scene, cloud)?)?;
    }
    scene.work.destroy()?.expect_success()?;
    ensure!(scene.cloud.keys(USER).is_empty() && other.keys(USER).is_empty());
    scene.search_all()
}
