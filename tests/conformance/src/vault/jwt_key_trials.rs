//! What is a JWT mount's own: logins of both generations, its refusals, its roles, and whose keys stand beside ours.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, Rig, Watch};
use rotation::{Effect, Error, ErrorKind, Field, KeyId, KeyIssuer, Ledger, Mark, Minted, OwnerId, Verdict};
use serde_json::{Value, json};
use vault_servers::fresh_jwt;

use super::alike;
use super::jwt_key::{ROLE, VaultJwtKeys};
use super::jwt_key_others;
use super::trials::order;
use crate::lives::done;
use crate::rig::ReachableRig;
use crate::suite::{Trial, trials};

pub(super) type Own = Trial<VaultJwtKeys>;

/// Every trial that only keys of a JWT mount have.
pub fn jwt_key_trials() -> impl Iterator<Item = &'static Own> {
    TRIALS.iter().chain(jwt_key_others::TRIALS)
}

const TRIALS: &[Own] = trials!("", () =>
    a_method_of_another_type_is_refused,
    a_withheld_capability_is_named_with_its_path,
    who_may_not_prove_a_refusal_removes_nothing,
    a_mount_without_a_configuration_gets_one,
    what_the_mount_does_not_take_is_told_and_changes_nothing,
    both_log_in_during_the_overlap_and_one_after_it,
    every_life_is_led,
    a_renamed_resource_keeps_its_keys,
    a_probe_logs_nobody_in,
    roles_that_cannot_tell_are_passed_over,
    a_removed_key_that_is_still_accepted_is_told,
    the_plugins_own_key_is_not_removed,
    no_message_holds_a_secret,
);

async fn a_renamed_resource_keeps_its_keys(rig: &VaultJwtKeys) -> Result<()> {
    alike::renamed(rig).await
}

async fn a_method_of_another_type_is_refused(rig: &VaultJwtKeys) -> Result<()> {
    for kind in ["userpass", "approle", "kubernetes", "cert"] {
        let mount = rig.admin().mount_auth(kind)?;
        let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"mount": mount})))?;
        let listed = issuer.list().await.err().context("it was listed")?;
        let made = issuer.mint(&order("n1")).await.err().context("it was made")?;
        for error in [listed, made] {
            ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{kind}: {error:?}");
            ensure!(
                error.message.contains("`mount`") && error.message.contains("not a JWT auth method"),
                "{kind}: {error}"
            );
        }
    }
    let mount = rig.admin().mount_auth("oidc")?;
    let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"mount": mount})))?;
    ensure!(issuer.list().await? == Some(Vec::new()), "oidc is another name of the same method");
    Ok(())
}

/// The rights that the documentation names.
pub(super) const RIGHTS: [(&str, &str); 3] = [("config", "read"), ("config", "create and update"), ("role", "list")];

async fn a_withheld_capability_is_named_with_its_path(rig: &VaultJwtKeys) -> Result<()> {
    let lead = async |config: Value| {
        let (first, next) = (rig.issuer_with(config.clone(), rig.inputs())?, rig.issuer_with(config, rig.inputs())?);
        let ended = everything(&*first, &*next).await;
        rig.keys().iter().for_each(|id| rig.delete(id));
        ensure!(ended.as_ref().err().is_none_or(|error| error.effect == Effect::None), "{ended:?}");
        Ok(ended)
    };
    alike::withheld(rig, &RIGHTS.map(|(part, right)| (rig.place().at(part), right)), lead).await
}

/// Each call that a life makes, by two processes.
async fn everything(issuer: &dyn KeyIssuer, next: &dyn KeyIssuer) -> Result<(), Error> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    issuer.look(&owner).await?;
    let made = issuer.mint(&order("n1")).await?;
    issuer.verify(&made.material).await?;
    issuer.write_ledger(&owner, Some(&promoted(issuer, &owner, &made.id).await?)).await?;
    next.look(&owner).await?;
    next.retire(&made.id).await.map(drop)
}

async fn who_may_not_prove_a_refusal_removes_nothing(rig: &VaultJwtKeys) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let path = rig.place().at("config");
    let policy = rig.admin().policy(&format!("path \"{path}\" {{ capabilities = [\"read\", \"update\"] }}"))?;
    let token = rig.admin().make_token(&json!({"policies": [policy]}))?;
    let config = json!({"address": rig.proxy().endpoint(), "token": token.token});
    let error = rig.issuer_with(config, rig.inputs())?.retire(&made.id).await.err().context("it was retired")?;
    ensure!(error.kind == ErrorKind::Denied && error.message.contains(&rig.place().at("role")), "{error:?}");
    ensure!(rig.keys() == [made.id], "the key is gone");
    Ok(())
}

pub(super) async fn promoted(issuer: &dyn KeyIssuer, owner: &OwnerId, id: &KeyId) -> Result<Ledger, Error> {
    let mut ledger = issuer.read_ledgers(owner).await?.own.unwrap_or_default();
    ledger.keys.get_mut(id).into_iter().for_each(|entry| entry.mark = Mark::Promoted);
    Ok(ledger)
}

async fn a_mount_without_a_configuration_gets_one(rig: &VaultJwtKeys) -> Result<()> {
    let mount = rig.admin().mount_auth("jwt")?;
    let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"mount": mount})))?;
    ensure!(issuer.list().await? == Some(Vec::new()));
    let made = issuer.mint(&order("n1")).await?;
    ensure!(issuer.verify(&made.material).await? == Verdict::Accepted, "without any role");
    let config = rig.admin().get(&format!("auth/{mount}/config"))?["data"].clone();
    ensure!(config["jwt_validation_pubkeys"].as_array().is_some_and(|keys| keys.len() == 1), "{config}");
    issuer.retire(&made.id).await?;
    ensure!(issuer.verify(&made.material).await? == Verdict::NotYet);
    ensure!(issuer.list().await? == Some(Vec::new()), "the key in its place is nobody's");
    let config = rig.admin().get(&format!("auth/{mount}/config"))?["data"].clone();
    let placeholder = config["jwt_validation_pubkeys"][0].as_str().context("no key is left")?.to_owned();
    ensure!(placeholder.starts_with("keyrotation 1 placeholder\n-----BEGIN PUBLIC KEY-----"), "{placeholder}");
    let again = issuer.mint(&order("n2")).await?;
    let config = rig.admin().get(&format!("auth/{mount}/config"))?["data"].clone();
    ensure!(!config.to_string().contains("placeholder"), "the key that nobody has stays beside {}", again.id);
    Ok(())
}

async fn what_the_mount_does_not_take_is_told_and_changes_nothing(rig: &VaultJwtKeys) -> Result<()> {
    let keys = rig.place().config()?["jwt_validation_pubkeys"].clone();
    let cases = [
        (json!({"jwks_url": "http://127.0.0.1:9/keys", "skip_jwks_validation": true}), "jwks_url"),
        (json!({"oidc_discovery_url": "http://127.0.0.1:9", "skip_jwks_validation": true}), "oidc_discovery_url"),
        (json!({"jwt_validation_pubkeys": keys, "jwt_supported_algs": ["RS256", "ES256"]}), "jwt_supported_algs"),
    ];
    for (settings, says) in cases {
        rig.admin().post(&rig.place().at("config"), &settings).with_context(|| says.to_owned())?;
        let before = rig.place().config()?;
        let issuer = rig.issuer();
        ensure!(issuer.list().await? == Some(Vec::new()), "{says}: what is to be destroyed must not hang on it");
        let foreseen = issuer.prepare(&order("n1")).await.err().with_context(|| format!("{says}: foreseen"))?;
        let made = issuer.mint(&order("n1")).await.err().with_context(|| format!("{says}: made"))?;
        for error in [foreseen, made] {
            ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
            ensure!(error.message.contains(says) && error.message.contains(rig.place().mount()), "{error}");
        }
        ensure!(rig.place().config()? == before, "{says}: something was changed");
    }
    Ok(())
}

async fn both_log_in_during_the_overlap_and_one_after_it(rig: &VaultJwtKeys) -> Result<()> {
    for algorithm in ["EdDSA", "RS256"] {
        let asked = json!({"algorithm": algorithm, "name": format!("key-{algorithm}")});
        let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&asked))?;
        let (first, second) = (issuer.mint(&order("n1")).await?, issuer.mint(&order("n2")).await?);
        for made in [&first, &second] {
            ensure!(issuer.verify(&made.material).await? == Verdict::Accepted, "{algorithm}");
            ensure!(rig.place().lets_in(&secret(made)?), "{algorithm}: during the overlap");
        }
        issuer.retire(&first.id).await?;
        ensure!(!rig.place().lets_in(&secret(&first)?), "{algorithm}: the old one after its retirement");
        ensure!(rig.place().lets_in(&secret(&second)?), "{algorithm}: the new one after the retirement");
        issuer.retire(&second.id).await?;
    }
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = current(&watch)?;
    ensure!(rig.place().lets_in(&first), "before the rotation");
    done(watch.up(&Life::inputs("2", false)).await)?;
    let second = current(&watch)?;
    ensure!(rig.place().lets_in(&first) && rig.place().lets_in(&second), "during the overlap");
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(!rig.place().lets_in(&first) && rig.place().lets_in(&second), "after the overlap");
    watch.destroyed().await;
    ensure!(!rig.place().lets_in(&second), "after the end");
    Ok(())
}

async fn every_life_is_led(_: &VaultJwtKeys) -> Result<()> {
    alike::every_life(|rig: &VaultJwtKeys, life| {
        ensure!(rig.keys().is_empty(), "{life:?}: something is left");
        Ok(())
    })
    .await
}

/// Whatever a role allows: the probe that stands in the mark is no way in.
async fn a_probe_logs_nobody_in(rig: &VaultJwtKeys) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let entries = rig.place().entries();
    let probe = entries.iter().find_map(|entry| super::jwt_key::line(entry, "probe")).context("no probe")?;
    let endless = json!({"expiration_leeway": 3_153_600_000_i64, "not_before_leeway": 3_153_600_000_i64, "clock_skew_leeway": 3_153_600_000_i64});
    let mut lax = endless.clone();
    (lax["bound_audiences"], lax["user_claim"]) = (json!(["keyrotation-probe"]), "aud".into());
    rig.place().role("lax").make(rig.admin(), &lax)?;
    rig.place().role("plain").make(rig.admin(), &endless)?;
    for role in [ROLE, "lax", "plain"] {
        let answer = rig.admin().call("POST", &rig.place().at("login"), Some(&json!({"role": role, "jwt": probe})))?;
        ensure!(answer.status == 400, "{role}: {} {}", answer.status, answer.body);
        ensure!(!answer.body.to_string().contains("signature"), "{role}: {}", answer.body);
    }
    ensure!(rig.issuer().verify(&made.material).await? == Verdict::Accepted);
    Ok(())
}

async fn roles_that_cannot_tell_are_passed_over(rig: &VaultJwtKeys) -> Result<()> {
    let of_oidc = json!({"role_type": "oidc", "allowed_redirect_uris": ["http://localhost/a"]});
    rig.place().role("a-oidc").make(rig.admin(), &of_oidc)?;
    rig.place().role("b-elsewhere").make(rig.admin(), &json!({"token_bound_cidrs": ["10.0.0.0/8"]}))?;
    for without in [false, true] {
        if without {
            // What is left cannot tell, so what stands in the configuration must do.
            rig.admin().delete(&rig.place().at(&format!("role/{ROLE}")))?;
        }
        let issuer = rig.issuer();
        let made = issuer.mint(&order("n1")).await?;
        let before = rig.calls().len();
        ensure!(issuer.verify(&made.material).await? == Verdict::Accepted, "without: {without}");
        let told = rig.calls().split_off(before);
        ensure!(told.last().is_some_and(|call| call == if without { "GET config" } else { "POST login" }), "{told:?}");
        let before = rig.calls().len();
        issuer.verify(&made.material).await?;
        ensure!(without || rig.calls().split_off(before) == ["POST login"], "the role is asked for once");
        issuer.retire(&made.id).await?;
        ensure!(issuer.verify(&made.material).await? == Verdict::NotYet, "without: {without}");
    }
    Ok(())
}

async fn a_removed_key_that_is_still_accepted_is_told(rig: &VaultJwtKeys) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let copy = |entries: &mut Vec<String>| {
        let pem = entries.last().map(|entry| super::jwt_key::pem(entry).to_owned()).unwrap_or_default();
        entries.push(pem.replacen("KEY-----\n", "KEY-----\nComment: a copy\n\n", 1));
    };
    rig.place().alter(copy)?;
    let error = rig.issuer().retire(&made.id).await.err().context("it was retired")?;
    ensure!(error.kind == ErrorKind::Unverified && error.message.contains(&made.id.0), "{error:?}");
    ensure!(error.message.contains(rig.place().mount()) && error.message.contains("still accepted"), "{error}");
    Ok(())
}

async fn the_plugins_own_key_is_not_removed(rig: &VaultJwtKeys) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let everything = "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"list\"] }";
    rig.place().role(ROLE).make(rig.admin(), &json!({"token_policies": [rig.admin().policy(everything)?]}))?;
    let jwt = fresh_jwt(&secret(&made)?, &json!({"kid": made.id.0}))?;
    for (mount, own) in [(rig.place().mount(), Some(made.id.clone())), ("jwt-elsewhere", None)] {
        let login = json!({"role": ROLE, "jwt": jwt, "mount": rig.place().mount()});
        let config = json!({"address": rig.proxy().endpoint(), "authLoginJwt": login});
        let issuer = rig.issuer_with(config, rig.inputs_with(&json!({"mount": mount})))?;
        ensure!(issuer.configured_key().await? == own, "{mount}");
    }
    ensure!(rig.issuer().configured_key().await?.is_none(), "a token is no key");
    Ok(())
}

async fn no_message_holds_a_secret(rig: &VaultJwtKeys) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let secret = secret(&made)?;
    let secret = secret.lines().nth(1).context("it has lines")?;
    ensure!(!format!("{made:?}").contains(secret));
    let config = rig.place().config()?.to_string();
    ensure!(!config.contains(secret), "the private half is published");
    let mut errors = Vec::new();
    for rig in [rig.refused(), rig.unreachable()].into_iter().flatten() {
        errors.extend(rig.verify(&made.material).await.err());
        errors.extend(rig.mint(&order("n2")).await.err());
    }
    ensure!(errors.len() == 4, "{errors:?}");
    for error in errors {
        let shown = format!("{error:?} {error}");
        ensure!(!shown.contains(secret) && !shown.contains(rig.admin().token()), "a secret is shown");
    }
    Ok(())
}

fn current(watch: &Watch<'_>) -> Result<String> {
    let key = watch.stack.state().and_then(|state| state.current.as_ref()).context("there is no current key")?;
    let field = key.material.as_ref().and_then(|material| material.get("privateKeyPem"));
    open(field).context("the current key has no private half")
}

pub(super) fn secret(made: &Minted) -> Result<String> {
    open(made.material.get("privateKeyPem")).context("no private half was made")
}

pub(super) fn open(field: Option<&Field>) -> Option<String> {
    match field? {
        Field::Secret(secret) => Some(secrecy::ExposeSecret::expose_secret(secret).to_owned()),
        Field::Plain(_) | Field::SecretMap(_) => None,
    }
}
