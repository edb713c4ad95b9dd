//! Every way to log in, and what becomes of the token.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloud::{Cloud, RotatingResource};
use jiff::{SignedDuration, Timestamp};
use rotation::testing::Rig;
use rotation::{Error, ErrorKind};
use serde_json::{Value, json};
use system_vault::VaultApiKey;
use vault_servers::{Program, Vault};

use super::kv::VaultKv;
use super::trials::{VaultTrial, order};
use crate::suite::trials;

pub(super) const TRIALS: &[VaultTrial] = trials!("login::", () =>
    an_app_role_logs_in_and_its_token_is_revoked,
    a_jwt_and_a_service_account_log_in,
    a_jwt_in_a_file_is_read_at_each_login,
    a_password_logs_in_by_file_and_by_state,
    a_wrapped_secret_id_is_unwrapped_once,
    a_secret_id_in_a_file_is_read_at_each_login,
    a_login_in_another_namespace_gives_a_token_that_is_renewed_and_revoked_there,
    two_logins_of_one_program_reach_what_each_may,
    a_certificate_logs_in_by_tls,
    a_token_that_ends_in_the_middle_is_replaced,
    a_token_is_renewed_before_it_ends,
    a_dead_token_is_told_from_a_forbidden_path,
    a_namespace_is_kept_to,
    lesson_b1_the_cluster_is_asked_for_once,
    a_sealed_server_is_told,
    a_standby_that_lags_shows_what_was_written_and_says_when_it_is_alone,
);

/// An AppRole that may do everything, and the configuration that logs in with it.
fn role(kv: &VaultKv, settings: &Value) -> Result<Value> {
    let mount = kv.admin().mount_auth("approle")?;
    let mut all = json!({"token_policies": [everything(kv)?]});
    all.as_object_mut().context("settings")?.extend(settings.as_object().cloned().unwrap_or_default());
    let role = kv.admin().make_app_role(&mount, "ci", &all)?;
    let login = json!({"roleId": role.role_id, "secretId": role.secret_id, "mount": mount});
    Ok(json!({"address": kv.proxy().endpoint(), "authLoginAppRole": login}))
}

pub(super) fn everything(kv: &VaultKv) -> Result<String> {
    kv.admin()
        .policy("path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"delete\", \"list\"] }")
}

async fn an_app_role_logs_in_and_its_token_is_revoked(kv: &VaultKv) -> Result<()> {
    let vault = kv.vault(role(kv, &json!({}))?)?;
    let issuer =
        VaultApiKey::new(vault.clone()).issuer(&serde_json::from_value(kv.inputs())?, rotation::Known::default());
    ensure!(kv.calls().is_empty(), "nobody is contacted before the first call");
    issuer.list().await?;
    issuer.mint(&order("n1")).await?;
    let logins = kv.calls().iter().filter(|call| call.contains("/login")).count();
    ensure!(logins == 1, "{:?}", kv.calls());
    vault.close().await;
    ensure!(kv.calls().last().is_some_and(|call| call == "POST auth/token/revoke-self"), "{:?}", kv.calls());
    let given = kv.vault(kv.config())?;
    VaultApiKey::new(given.clone())
        .issuer(&serde_json::from_value(kv.inputs())?, rotation::Known::default())
        .list()
        .await?;
    given.close().await;
    ensure!(kv.admin().get("auth/token/lookup-self").is_ok(), "a token that was given is left alone");
    let mut wrong = role(kv, &json!({}))?;
    wrong["authLoginAppRole"]["secretId"] = "wrong".into();
    let error = refused(kv, wrong).await?;
    ensure!(error.message.contains("authLoginAppRole") && error.message.contains("secret-id"), "{error}");
    Ok(())
}

/// A JWT mount with the role `ci`, and the key that signs for it.
pub(super) fn jwt_mount(kv: &VaultKv) -> Result<(String, Ed25519KeyPair)> {
    let mount = kv.admin().mount_auth("jwt")?;
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).context("no key")?;
    let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).context("no key")?;
    let config =
        json!({"jwt_validation_pubkeys": [public_pem(&pair)], "jwt_supported_algs": ["EdDSA"], "bound_issuer": "ci"});
    kv.admin().post(&format!("auth/{mount}/config"), &config)?;
    let role = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": [everything(kv)?]});
    kv.admin().post(&format!("auth/{mount}/role/ci"), &role)?;
    Ok((mount, pair))
}

async fn a_jwt_and_a_service_account_log_in(kv: &VaultKv) -> Result<()> {
    let (mount, pair) = jwt_mount(kv)?;
    let good = token(&pair, "vault", SignedDuration::from_mins(5))?;
    let login = |jwt: &str| {
        let login = json!({"role": "ci", "jwt": jwt, "mount": mount});
        json!({"address": kv.proxy().endpoint(), "authLoginJwt": login})
    };
    kv.issuer_with(login(&good), kv.inputs())?.list().await?;
    for (jwt, says) in [
        (token(&pair, "others", SignedDuration::from_mins(5))?, "audience"),
        (token(&pair, "vault", SignedDuration::from_mins(-60))?, "has expired"),
    ] {
        let error = refused(kv, login(&jwt)).await?;
        ensure!(error.message.contains(says) && !error.message.contains(&jwt), "{error}");
    }
    // Kubernetes' method takes the same request; its server part needs a cluster.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    std::fs::write(&file, &good)?;
    let login = json!({"role": "ci", "jwtFile": file, "mount": mount});
    let config = json!({"address": kv.proxy().endpoint(), "authLoginKubernetes": login});
    kv.issuer_with(config, kv.inputs())?.list().await?;
    Ok(())
}

async fn a_jwt_in_a_file_is_read_at_each_login(kv: &VaultKv) -> Result<()> {
    let (mount, pair) = jwt_mount(kv)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    let login = json!({"role": "ci", "jwtFile": file, "mount": mount});
    let config = json!({"address": kv.proxy().endpoint(), "authLoginJwt": login});
    let error = kv.issuer_with(config.clone(), kv.inputs())?.list().await.err().context("there is no file")?;
    ensure!(error.message.contains("authLoginJwt.jwtFile"), "{error}");
    std::fs::write(&file, "")?;
    let error = kv.issuer_with(config.clone(), kv.inputs())?.list().await.err().context("the file is empty")?;
    ensure!(error.message.contains("authLoginJwt.jwtFile") && error.message.contains("empty"), "{error}");
    std::fs::write(&file, token(&pair, "vault", SignedDuration::from_mins(-60))?)?;
    let error = refused(kv, config.clone()).await?;
    ensure!(error.message.contains("expired") && !error.message.contains("stack's state"), "{error}");
    // The configuration is the same, as `destroy` has it from the state; the job has written a new token.
    let jwt = token(&pair, "vault", SignedDuration::from_mins(5))?;
    std::fs::write(&file, format!("{jwt}\n"))?;
    kv.issuer_with(config, kv.inputs())?.list().await?;
    let wrong = json!({"role": "nobody", "jwtFile": file, "mount": mount});
    let error = refused(kv, json!({"address": kv.proxy().endpoint(), "authLoginJwt": wrong})).await?;
    ensure!(error.message.contains("no such role") && !error.message.contains(&jwt), "{error}");
    Ok(())
}

async fn a_password_logs_in_by_file_and_by_state(kv: &VaultKv) -> Result<()> {
    let mount = kv.admin().mount_auth("userpass")?;
    let user = json!({"password": "correct horse", "token_policies": [everything(kv)?]});
    kv.admin().post(&format!("auth/{mount}/users/ci"), &user)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    std::fs::write(&file, "correct horse\n")?;
    let config = |login: Value| json!({"address": kv.proxy().endpoint(), "authLoginUserpass": login});
    let by_file = json!({"username": "ci", "passwordFile": file, "mount": mount});
    kv.issuer_with(config(by_file), kv.inputs())?.list().await?;
    let given = |password: &str| config(json!({"username": "ci", "password": password, "mount": mount}));
    kv.issuer_with(given("correct horse"), kv.inputs())?.list().await?;
    let error = refused(kv, given("battery staple")).await?;
    ensure!(error.message.contains("password is wrong") && error.message.contains("stack's state"), "{error}");
    ensure!(!error.message.contains("battery"), "{error}");
    Ok(())
}

async fn a_wrapped_secret_id_is_unwrapped_once(kv: &VaultKv) -> Result<()> {
    let mount = kv.admin().mount_auth("approle")?;
    let all = json!({"token_policies": [everything(kv)?], "token_num_uses": 1});
    let role = kv.admin().make_app_role(&mount, "ci", &all)?;
    let wrap = || kv.admin().wrapped(&format!("auth/{mount}/role/ci/secret-id"), &json!({}));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("wrapped");
    std::fs::write(&file, wrap()?)?;
    let login = json!({"roleId": role.role_id, "wrappedSecretIdFile": file, "mount": mount});
    let config = json!({"address": kv.proxy().endpoint(), "authLoginAppRole": login});
    // Each token is good for one call, so that the next one logs in again, with what was unwrapped before.
    let issuer = kv.issuer_with(config.clone(), kv.inputs())?;
    issuer.list().await?;
    issuer.list().await?;
    let count = |part: &str| kv.calls().iter().filter(|call| call.contains(part)).count();
    ensure!(count("wrapping/unwrap") == 1 && count("/login") > 1, "{:?}", kv.calls());
    let error = refused(kv, config.clone()).await?;
    ensure!(error.message.contains("used already") && error.message.contains("somebody else"), "{error}");
    std::fs::write(&file, wrap()?)?;
    kv.issuer_with(config, kv.inputs())?.list().await?;
    Ok(())
}

async fn a_secret_id_in_a_file_is_read_at_each_login(kv: &VaultKv) -> Result<()> {
    let mut config = role(kv, &json!({"token_num_uses": 1}))?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret-id");
    let login = config["authLoginAppRole"].as_object_mut().context("no login")?;
    let secret_id = login.remove("secretId").context("no secret-id")?;
    login.insert("secretIdFile".to_owned(), file.display().to_string().into());
    std::fs::write(&file, secret_id.as_str().context("no text")?)?;
    let issuer = kv.issuer_with(config, kv.inputs())?;
    issuer.list().await?;
    std::fs::write(&file, "another")?;
    let error = issuer.list().await.err().context("the old secret-id was used")?;
    ensure!(error.message.contains("secret-id is wrong") && !error.message.contains("stack's state"), "{error}");
    Ok(())
}

/// The role stands in the server's own namespace, the keys in one below it.
async fn a_login_in_another_namespace_gives_a_token_that_is_renewed_and_revoked_there(kv: &VaultKv) -> Result<()> {
    kv.admin().post("sys/namespaces/below", &json!({}))?;
    let inside = kv.admin().in_namespace("below");
    let inputs = json!({"mount": inside.mount_kv(2)?, "path": "app"});
    let mut config = role(kv, &json!({"token_ttl": "30m", "token_max_ttl": "10h"}))?;
    config["namespace"] = "below".into();
    let error = kv.issuer_with(config.clone(), inputs.clone())?.list().await.err().context("no such mount there")?;
    ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
    config["authLoginAppRole"]["namespace"] = "root".into();
    let policy = kv.admin().policy("path \"below/*\" { capabilities = [\"read\", \"list\"] }")?;
    let mount = config["authLoginAppRole"]["mount"].as_str().context("no mount")?;
    kv.admin().post(&format!("auth/{mount}/role/ci"), &json!({"token_policies": [policy]}))?;
    let vault = kv.vault(config)?;
    let issuer = VaultApiKey::new(vault.clone()).issuer(&serde_json::from_value(inputs)?, rotation::Known::default());
    issuer.list().await?;
    kv.clock().advance(SignedDuration::from_mins(21));
    issuer.list().await?;
    vault.close().await;
    let count = |part: &str| kv.calls().iter().filter(|call| call.contains(part)).count();
    ensure!((count("renew-self"), count("revoke-self")) == (1, 1), "{:?}", kv.calls());
    Ok(())
}

/// Two explicit providers: each logs in for itself, and what one may the other may not.
async fn two_logins_of_one_program_reach_what_each_may(kv: &VaultKv) -> Result<()> {
    let one = kv.issuer_with(role(kv, &json!({}))?, kv.inputs())?;
    let nothing = kv.admin().policy("path \"nothing\" { capabilities = [\"read\"] }")?;
    let other = kv.issuer_with(role(kv, &json!({"token_policies": [nothing]}))?, kv.inputs())?;
    let (may, may_not) = futures::join!(one.list(), other.list());
    may?;
    let error = may_not.err().context("the second login used the first one's token")?;
    ensure!(error.kind == ErrorKind::Denied, "{error:?}");
    Ok(())
}

/// A server behind TLS with an authority of its own, and a client certificate that it signed.
async fn a_certificate_logs_in_by_tls(_: &VaultKv) -> Result<()> {
    let vault = Vault::dev_tls(&Program::OpenBao.find()?)?;
    let (admin, ca) = (vault.admin(), vault.ca_file().context("no authority")?);
    let pki = admin.mount("pki", &json!({}))?;
    let root = admin.post(&format!("{pki}/root/generate/internal"), &json!({"common_name": "clients"}))?;
    admin.post(
        &format!("{pki}/roles/client"),
        &json!({"allow_any_name": true, "client_flag": true, "key_type": "ec", "key_bits": 256}),
    )?;
    let issued = admin.post(&format!("{pki}/issue/client"), &json!({"common_name": "ci", "ttl": "1h"}))?;
    let mount = admin.mount_auth("cert")?;
    let policy = admin.policy("path \"*\" { capabilities = [\"read\"] }")?;
    let role = json!({"certificate": root["data"]["certificate"], "token_policies": [policy]});
    admin.post(&format!("auth/{mount}/certs/ci"), &role)?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, content: &Value| -> Result<String> {
        let path = folder.path().join(name);
        std::fs::write(&path, content.as_str().context("no PEM")?)?;
        Ok(path.display().to_string())
    };
    let cert_file = file("cert.pem", &issued["data"]["certificate"])?;
    let key_file = file("key.pem", &issued["data"]["private_key"])?;
    let kv = VaultKv::new()?;
    let mut config = json!({
        "address": vault.endpoint(), "caCertFile": ca,
        "authLoginCert": {"certFile": cert_file, "keyFile": key_file, "name": "ci", "mount": mount},
    });
    let inputs = json!({"mount": "secret", "path": "app"});
    ensure!(kv.issuer_with(config.clone(), inputs.clone())?.list().await? == Some(Vec::new()));
    config.as_object_mut().and_then(|config| config.remove("caCertFile"));
    let error = kv.issuer_with(config.clone(), inputs.clone())?.list().await.err().context("an unknown authority")?;
    ensure!(error.kind == ErrorKind::Unreachable, "{error:?}");
    config["skipTlsVerify"] = true.into();
    kv.issuer_with(config, inputs)?.list().await?;
    Ok(())
}

/// The token is used up between the look and the mint.
async fn a_token_that_ends_in_the_middle_is_replaced(kv: &VaultKv) -> Result<()> {
    let issuer = kv.issuer_with(role(kv, &json!({"token_num_uses": 1}))?, kv.inputs())?;
    issuer.list().await?;
    let made = issuer.mint(&order("n1")).await?;
    ensure!(kv.keys() == [made.id]);
    let logins = kv.calls().iter().filter(|call| call.contains("/login")).count();
    ensure!(logins == 2, "{:?}", kv.calls());
    Ok(())
}

async fn a_token_is_renewed_before_it_ends(kv: &VaultKv) -> Result<()> {
    let issuer = kv.issuer_with(role(kv, &json!({"token_ttl": "30m", "token_max_ttl": "10h"}))?, kv.inputs())?;
    for _ in 0..3 {
        issuer.list().await?;
        kv.clock().advance(SignedDuration::from_mins(21));
    }
    let count = |part: &str| kv.calls().iter().filter(|call| call.contains(part)).count();
    ensure!((count("/login"), count("renew-self")) == (1, 2), "{:?}", kv.calls());
    Ok(())
}

async fn a_dead_token_is_told_from_a_forbidden_path(kv: &VaultKv) -> Result<()> {
    let policy = kv.admin().policy("path \"nothing\" { capabilities = [\"read\"] }")?;
    let token = kv.admin().make_token(&json!({"policies": [policy]}))?;
    let config = json!({"address": kv.proxy().endpoint(), "token": token.token});
    let error = kv.issuer_with(config.clone(), kv.inputs())?.list().await.err().context("it was listed")?;
    ensure!(error.kind == ErrorKind::Denied, "{error:?}");
    kv.admin().post("auth/token/revoke-accessor", &json!({"accessor": token.accessor}))?;
    let error = kv.issuer_with(config, kv.inputs())?.list().await.err().context("it was listed")?;
    ensure!(error.kind == ErrorKind::Unauthenticated && error.message.contains("keyrotation:vault.token"), "{error:?}");
    Ok(())
}

async fn a_namespace_is_kept_to(kv: &VaultKv) -> Result<()> {
    kv.admin().post("sys/namespaces/team", &json!({}))?;
    let inside = kv.admin().in_namespace("team");
    let mount = inside.mount_kv(2)?;
    let inputs = json!({"mount": mount, "path": "app"});
    let mut config = kv.config();
    config["namespace"] = "team/".into();
    kv.issuer_with(config.clone(), inputs.clone())?.mint(&order("n1")).await?;
    ensure!(inside.get(&format!("{mount}/data/app")).is_ok(), "it is not in the namespace");
    let root = kv.issuer_with(kv.config(), inputs.clone())?;
    let error = root.list().await.err().context("it is in the root")?;
    ensure!(error.kind == ErrorKind::NotFound && error.message.contains("keyrotation:vault.namespace"), "{error}");
    let cluster = root.account().await?.context("the server does not say which cluster it is")?;
    let account = kv.issuer_with(config.clone(), inputs.clone())?.account().await?;
    ensure!(account == Some(format!("{cluster}/team")), "{account:?}");
    config["namespace"] = "nobody".into();
    let error = kv.issuer_with(config, inputs)?.list().await.err().context("there is no such namespace")?;
    ensure!(error.message.contains("keyrotation:vault.namespace"), "{error}");
    Ok(())
}

async fn lesson_b1_the_cluster_is_asked_for_once(kv: &VaultKv) -> Result<()> {
    let told = kv.issuer().account().await?.context("the server does not say which cluster it is")?;
    let health = kv.admin().get("sys/health")?;
    ensure!(health["cluster_id"] == told.as_str(), "{told} is not in {health}");
    for _ in 0..3 {
        ensure!(kv.issuer().account().await?.as_ref() == Some(&told));
    }
    let asked = kv.calls().iter().filter(|call| call.contains("sys/health")).count();
    ensure!(asked == 1, "{:?}", kv.calls());
    Ok(())
}

async fn a_sealed_server_is_told(kv: &VaultKv) -> Result<()> {
    let vault = Vault::durable(&Program::OpenBao.find()?)?;
    let mount = vault.admin().mount_kv(2)?;
    let config = json!({"address": vault.endpoint(), "token": vault.admin().token()});
    let issuer = kv.issuer_with(config, json!({"mount": mount, "path": "app"}))?;
    ensure!(issuer.list().await? == Some(Vec::new()));
    vault.admin().put("sys/seal", &json!({}))?;
    let error = issuer.list().await.err().context("a sealed server answers")?;
    ensure!(error.kind == ErrorKind::Unreachable && error.message.contains("sealed"), "{error}");
    vault.unseal()?;
    ensure!(issuer.list().await? == Some(Vec::new()));
    Ok(())
}

async fn a_standby_that_lags_shows_what_was_written_and_says_when_it_is_alone(kv: &VaultKv) -> Result<()> {
    let mut active = Vault::durable(&Program::OpenBao.find()?)?;
    let mount = active.admin().mount_kv(2)?;
    let standby = Vault::standby_of(&active)?;
    let config = json!({"address": standby.endpoint(), "token": standby.admin().token()});
    let issuer = kv.issuer_with(config, json!({"mount": mount, "path": "app"}))?;
    ensure!(issuer.list().await? == Some(Vec::new()));
    standby.hold_back(true)?;
    let made = issuer.mint(&order("n1")).await?;
    let behind = standby.admin().call("GET", &format!("{mount}/data/app"), None)?;
    ensure!(behind.status == 404, "the standby has caught up: {}", behind.body);
    let listed = issuer.list().await?.context("the mount is gone")?;
    ensure!(listed.iter().map(|key| &key.id).eq([&made.id]), "what was written is not read: {listed:?}");
    standby.hold_back(false)?;
    active.crash();
    let error = issuer.mint(&order("n2")).await.err().context("a standby alone makes a key")?;
    ensure!(error.kind == ErrorKind::Unreachable && error.message.contains("standby"), "{error}");
    Ok(())
}

async fn refused(kv: &VaultKv, config: Value) -> Result<Error> {
    let error = kv.issuer_with(config, kv.inputs())?.list().await.err().context("it was let in")?;
    ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
    Ok(error)
}

/// RFC 8410: the key's bytes behind a head that is always the same.
fn public_pem(pair: &Ed25519KeyPair) -> String {
    const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = [&HEAD, pair.public_key().as_ref()].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

pub(super) fn token(pair: &Ed25519KeyPair, audience: &str, lives: SignedDuration) -> Result<String> {
    let now = Timestamp::now();
    let (from, until) = (now - SignedDuration::from_hours(2), now + lives);
    let claims = json!({"iss": "ci", "sub": "job", "aud": audience, "iat": from.as_second(), "nbf": from.as_second(), "exp": until.as_second()});
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encoded(json!({"alg": "EdDSA", "typ": "JWT"})), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()));
    Ok(format!("{text}.{signature}"))
}
