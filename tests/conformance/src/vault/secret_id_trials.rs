//! What is AppRole's own: logins, ends, marks that stand beside the keys, and its refusals.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, Rig, Watch};
use rotation::{Effect, Error, ErrorKind, Field, KeyIssuer, Ledger, Minted, OwnerId, Verdict};
use serde_json::{Value, json};

use super::secret_id::VaultSecretIds;
use super::trials::order;
use super::{alike, official_ids};
use crate::lives::done;
use crate::rig::ReachableRig;
use crate::suite::{Trial, trials};

type Own = Trial<VaultSecretIds>;

/// Every trial that only secret-ids have.
pub fn secret_id_trials() -> impl Iterator<Item = &'static Own> {
    TRIALS.iter().chain(official_ids::TRIALS)
}

const TRIALS: &[Own] = trials!("", () =>
    a_method_of_another_type_is_refused,
    a_withheld_capability_is_named_with_its_path,
    a_secret_id_is_as_the_inputs_say,
    what_the_role_does_not_allow_is_told_and_leaves_nothing,
    both_log_in_during_the_overlap_and_one_after_it,
    every_life_is_led,
    a_renamed_resource_keeps_its_secret_ids,
    a_verification_leaves_no_token,
    a_network_that_this_machine_is_not_in_is_no_obstacle,
    the_plugins_own_secret_id_is_not_destroyed,
    official_d6_a_secret_id_that_has_ended_is_replaced,
    no_message_holds_a_secret,
);

async fn a_method_of_another_type_is_refused(rig: &VaultSecretIds) -> Result<()> {
    let mount = rig.admin().mount_auth("userpass")?;
    let issuer = rig.issuer_with(rig.config(), json!({"mount": mount, "role": "ci"}))?;
    let listed = issuer.list().await.err().context("it was listed")?;
    let made = issuer.mint(&order("n1")).await.err().context("it was made")?;
    for error in [listed, made] {
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains("`mount`") && error.message.contains("not an AppRole auth method"), "{error}");
    }
    Ok(())
}

/// The policy of the documentation, and then each part of it left out.
async fn a_withheld_capability_is_named_with_its_path(rig: &VaultSecretIds) -> Result<()> {
    let rights = [
        ("secret-id", "list"),
        ("secret-id", "create and update"),
        ("secret-id-accessor/lookup", "create and update"),
        ("secret-id-accessor/destroy", "create and update"),
        ("custom-secret-id", "create and update"),
        ("role-id", "read"),
    ];
    let lead = async |config: Value| {
        let (first, next) = (rig.issuer_with(config.clone(), rig.inputs())?, rig.issuer_with(config, rig.inputs())?);
        let ended = everything(&*first, &*next).await;
        rig.place().all().into_keys().for_each(|id| rig.delete(&rotation::KeyId(id)));
        ensure!(ended.as_ref().err().is_none_or(|error| error.effect == Effect::None), "{ended:?}");
        Ok(ended)
    };
    alike::withheld(rig, &rights.map(|(part, right)| (rig.place().at(part), right)), lead).await
}

/// Each call that a life makes, by two processes.
async fn everything(issuer: &dyn KeyIssuer, next: &dyn KeyIssuer) -> Result<(), Error> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    issuer.look(&owner).await?;
    issuer.write_ledger(&owner, Some(&Ledger::default())).await?;
    issuer.look(&owner).await?;
    let made = issuer.mint(&order("n1")).await?;
    issuer.verify(&made.material).await?;
    next.look(&owner).await?;
    next.retire(&made.id).await?;
    next.write_ledger(&owner, None).await
}

async fn a_secret_id_is_as_the_inputs_say(rig: &VaultSecretIds) -> Result<()> {
    let asked = json!({"cidrList": ["10.0.0.0/8", "127.0.0.0/8"], "ttl": "30d"});
    let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&asked))?;
    let made = issuer.mint(&order("n1")).await?;
    let stands = rig.place().look_up(&made.id.0)?;
    ensure!(stands["cidr_list"] == json!(["10.0.0.0/8", "127.0.0.0/8"]), "{stands}");
    ensure!(stands["secret_id_ttl"] == 30 * 24 * 3600 && stands["secret_id_num_uses"] == 0, "{stands}");
    ensure!(rig.place().lets_in(&secret(&made)?)?);
    Ok(())
}

async fn what_the_role_does_not_allow_is_told_and_leaves_nothing(rig: &VaultSecretIds) -> Result<()> {
    let role = rig.place().at("");
    let role = role.trim_end_matches('/');
    let cases = [
        (json!({"secret_id_num_uses": 5}), json!({}), "secret_id_num_uses"),
        (json!({"secret_id_num_uses": 0}), json!({"ttl": "300d"}), "`ttl`"),
        (json!({"secret_id_ttl": "1h"}), json!({"ttl": "2h"}), "secret_id_ttl"),
        (
            json!({"secret_id_ttl": "0", "secret_id_bound_cidrs": ["10.0.0.0/8"]}),
            json!({"cidrList": ["127.0.0.0/8"]}),
            "`cidrList`",
        ),
        (json!({"bind_secret_id": false}), json!({}), "bind_secret_id"),
    ];
    for (settings, asked, says) in cases {
        rig.admin().post(role, &settings)?;
        let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&asked))?;
        let error = issuer.mint(&order("n1")).await.err().with_context(|| format!("{settings} {asked}"))?;
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains(says), "{error}");
        ensure!(rig.keys().is_empty(), "{says}: something is left");
    }
    Ok(())
}

async fn both_log_in_during_the_overlap_and_one_after_it(rig: &VaultSecretIds) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = current(&watch)?;
    ensure!(rig.place().lets_in(&first)?, "before the rotation");
    done(watch.up(&Life::inputs("2", false)).await)?;
    let second = current(&watch)?;
    ensure!(rig.place().lets_in(&first)? && rig.place().lets_in(&second)?, "during the overlap");
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(!rig.place().lets_in(&first)? && rig.place().lets_in(&second)?, "after the overlap");
    watch.destroyed().await;
    ensure!(!rig.place().lets_in(&second)? && rig.place().all().is_empty(), "after the end");
    Ok(())
}

/// An adopted secret-id, for one, has no birth mark.
async fn every_life_is_led(_: &VaultSecretIds) -> Result<()> {
    alike::every_life(|rig: &VaultSecretIds, life| {
        ensure!(rig.place().all().is_empty(), "{life:?}: something is left");
        Ok(())
    })
    .await
}

/// What keys were born with still names the former URN.
async fn a_renamed_resource_keeps_its_secret_ids(rig: &VaultSecretIds) -> Result<()> {
    alike::renamed(rig).await?;
    ensure!(rig.place().all().is_empty(), "something is left");
    Ok(())
}

async fn a_verification_leaves_no_token(rig: &VaultSecretIds) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    rig.issuer().verify(&made.material).await?;
    let calls = rig.calls();
    let (login, revoke) = (calls.len() - 2, calls.len() - 1);
    ensure!(calls[login] == "POST login" && calls[revoke] == "POST auth/token/revoke-self", "{calls:?}");
    let statuses: Vec<_> = rig.proxy().journal().into_iter().filter_map(|entry| entry.answered).collect();
    ensure!(statuses.ends_with(&[200, 204]), "{statuses:?}");
    Ok(())
}

async fn a_network_that_this_machine_is_not_in_is_no_obstacle(rig: &VaultSecretIds) -> Result<()> {
    let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"cidrList": ["10.0.0.0/8"]})))?;
    let made = issuer.mint(&order("n1")).await?;
    ensure!(!rig.place().lets_in(&secret(&made)?)?, "the network does not keep this machine out");
    ensure!(issuer.verify(&made.material).await? == Verdict::Accepted);
    issuer.retire(&made.id).await?;
    ensure!(issuer.verify(&made.material).await? == Verdict::NotYet);
    Ok(())
}

async fn the_plugins_own_secret_id_is_not_destroyed(rig: &VaultSecretIds) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let role = rig.place().at("");
    let everything = "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"list\"] }";
    rig.admin().post(role.trim_end_matches('/'), &json!({"token_policies": [rig.admin().policy(everything)?]}))?;
    let role_id = rig.admin().get(&rig.place().at("role-id"))?["data"]["role_id"].clone();
    let login = json!({"roleId": role_id, "secretId": secret(&made)?, "mount": rig.place().mount()});
    let config = json!({"address": rig.proxy().endpoint(), "authLoginAppRole": login});
    ensure!(rig.issuer_with(config, rig.inputs())?.configured_key().await? == Some(made.id));
    ensure!(rig.issuer().configured_key().await?.is_none(), "a token is no secret-id");
    Ok(())
}

async fn official_d6_a_secret_id_that_has_ended_is_replaced(rig: &VaultSecretIds) -> Result<()> {
    let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"ttl": "1s"})))?;
    let made = issuer.mint(&order("n1")).await?;
    ensure!(rig.place().look_up(&made.id.0).is_ok());
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    ensure!(issuer.list().await? == Some(Vec::new()), "it is still listed");
    // Vault looks at the end of a secret-id when it tidies up, once a minute; OpenBao at each login.
    let mut refused = false;
    for _ in 0..MOST_SECONDS_TO_TIDY {
        refused = issuer.verify(&made.material).await? == Verdict::NotYet;
        if refused {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    ensure!(refused, "it still logs in");
    issuer.retire(&made.id).await.map(drop).context("it is gone already")
}

const MOST_SECONDS_TO_TIDY: u32 = 90;

async fn no_message_holds_a_secret(rig: &VaultSecretIds) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let secret_id = secret(&made)?;
    ensure!(!format!("{made:?}").contains(&secret_id));
    let mut errors = Vec::new();
    for rig in [rig.refused(), rig.unreachable()].into_iter().flatten() {
        errors.extend(rig.verify(&made.material).await.err());
        errors.extend(rig.mint(&order("n2")).await.err());
    }
    ensure!(errors.len() == 4, "{errors:?}");
    for error in errors {
        let shown = format!("{error:?} {error}");
        ensure!(!shown.contains(&secret_id) && !shown.contains(rig.admin().token()), "a secret is shown");
    }
    Ok(())
}

fn current(watch: &Watch<'_>) -> Result<String> {
    let key = watch.stack.state().and_then(|state| state.current.as_ref()).context("there is no current key")?;
    let field = key.material.as_ref().and_then(|material| material.get("secretId"));
    open(field).context("the current key has no secret-id")
}

fn secret(made: &Minted) -> Result<String> {
    open(made.material.get("secretId")).context("no secret-id was made")
}

fn open(field: Option<&Field>) -> Option<String> {
    match field? {
        Field::Secret(secret) => Some(secrecy::ExposeSecret::expose_secret(secret).to_owned()),
        Field::Plain(_) | Field::SecretMap(_) => None,
    }
}
