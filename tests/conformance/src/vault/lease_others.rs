//! Leases that cannot be had as they are asked for: each is refused with what to do, and nothing is left behind.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, Rig, Watch};
use rotation::{Effect, Entry, Error, ErrorKind, KeyId, Ledger, Mark, MintOrder, OwnerId, Verdict};
use serde_json::{Value, json};

use super::lease::VaultLeases;
use super::lease_trials::{lasting, login};
use super::trials::order;
use crate::lives::done;
use crate::orders::prepared;
use crate::rig::ReachableRig;
use crate::suite::{Trial, trials};

type Own = Trial<VaultLeases>;

pub(super) const TRIALS: &[Own] = trials!("", () =>
    a_path_that_gives_no_lease_is_refused,
    a_holder_role_that_does_not_fit_is_refused_with_a_command,
    a_limit_below_what_is_needed_is_refused_by_its_name,
    a_grant_shorter_than_needed_is_had_where_it_can_be_renewed,
    without_a_role_the_plugins_token_must_outlive_the_lease,
    the_command_makes_a_role_that_fits,
    a_token_that_is_no_holder_is_never_taken_for_one,
    what_others_read_at_the_path_is_left_alone,
    nobody_can_use_a_holder_once_more,
    no_message_holds_a_secret,
);

/// A mint with these inputs.
async fn minted(rig: &VaultLeases, more: &Value, order: &MintOrder) -> Result<rotation::Minted, Error> {
    let issuer = rig.issuer_with(rig.config(), rig.inputs_with(more));
    let issuer = issuer.map_err(|error| Error::new(ErrorKind::Unexpected, "", format!("{error:#}")))?;
    prepared(&*issuer, order).await?.mint().await
}

/// The same, which must be refused in these words and leave no token.
async fn refused(rig: &VaultLeases, more: &Value, order: &MintOrder, says: &[&str]) -> Result<Error> {
    let error = minted(rig, more, order).await.err().with_context(|| format!("{more} was not refused"))?;
    ensure!(error.effect == Effect::None, "{error:?}");
    ensure!(says.iter().all(|part| error.message.contains(part)), "{error}, not {says:?}");
    ensure!(rig.place().holders().is_empty(), "{error}: a token is left");
    Ok(error)
}

async fn a_path_that_gives_no_lease_is_refused(rig: &VaultLeases) -> Result<()> {
    let place = rig.place();
    let kv = rig.admin().mount_kv(1)?;
    rig.admin().post(&format!("{kv}/app"), &json!({"a": "b"}))?;
    let all = rig.admin().policy("path \"*\" { capabilities = [\"read\"] }")?;
    place.make_holder_role(place.role(), &json!({"allowed_policies": [all]}))?;
    let name = order("n1");
    let cases = [
        (json!({"path": place.at("nobody")}), ErrorKind::NotFound, "`path`"),
        (json!({"path": "nowhere/creds/app"}), ErrorKind::NotFound, "`path`"),
        (json!({"path": format!("{kv}/nothing")}), ErrorKind::NotFound, "`path`"),
        (json!({"path": format!("{kv}/app")}), ErrorKind::Invalid, "has no lease"),
    ];
    for (more, kind, says) in cases {
        let error = refused(rig, &more, &name, &[says]).await?;
        ensure!(error.kind == kind, "{error:?}");
    }
    let connection = place.postgres().connection(&place.postgres().superuser()?);
    let mut closed = connection.clone();
    closed["allowed_roles"] = json!(["nobody"]);
    rig.admin().post(&format!("{}/config/closed", place.mount()), &closed)?;
    place.make_role(&json!({"db_name": "closed"}))?;
    let error = refused(rig, &json!({}), &name, &["allowed_roles"]).await?;
    ensure!(error.kind == ErrorKind::Invalid, "{error:?}");
    place.make_holder_role(place.role(), &json!({"allowed_policies": ["default"]}))?;
    let error = refused(rig, &json!({}), &name, &["read", &place.path(), "`holderRole`"]).await?;
    ensure!(error.kind == ErrorKind::Denied, "{error:?}");
    Ok(())
}

async fn a_holder_role_that_does_not_fit_is_refused_with_a_command(rig: &VaultLeases) -> Result<()> {
    let place = rig.place();
    let command = format!("vault write auth/token/roles/{}", place.role());
    let cases = [
        (json!({"orphan": false}), "die with the one that made them"),
        (json!({"token_type": "batch", "renewable": false, "token_period": 0}), "batch"),
    ];
    for (settings, says) in cases {
        place.make_holder_role(place.role(), &settings)?;
        let error = refused(rig, &json!({}), &order("n1"), &[says, &command, "orphan=true", &place.path()]).await?;
        ensure!(error.kind == ErrorKind::Invalid, "{error:?}");
    }
    let error = refused(rig, &json!({"holderRole": "nobody"}), &order("n1"), &["no token role \"nobody\""]).await?;
    ensure!(error.kind == ErrorKind::Invalid && error.message.contains("auth/token/roles/nobody"), "{error}");
    Ok(())
}

async fn a_limit_below_what_is_needed_is_refused_by_its_name(rig: &VaultLeases) -> Result<()> {
    let place = rig.place();
    let order = lasting("n1", SignedDuration::from_hours(50));
    place.make_role(&json!({"db_name": "postgres", "default_ttl": "1h", "max_ttl": "48h"}))?;
    let error =
        refused(rig, &json!({}), &order, &["max_ttl", "max_lease_ttl", "rotationPeriod", &place.path()]).await?;
    ensure!(error.kind == ErrorKind::Invalid, "{error:?}");
    refused(rig, &json!({"ttl": "1h"}), &order, &["max_ttl"]).await?;
    place.make_role(&json!({"db_name": "postgres", "default_ttl": "1h", "max_ttl": "50h"}))?;
    minted(rig, &json!({}), &order).await?;
    rig.keys().iter().for_each(|id| rig.delete(id));
    for settings in
        [json!({"token_period": 0, "token_explicit_max_ttl": "48h"}), json!({"token_explicit_max_ttl": "48h"})]
    {
        place.make_holder_role(place.role(), &settings)?;
        let error =
            refused(rig, &json!({}), &order, &["token_period", "token_explicit_max_ttl", "`holderRole`"]).await?;
        ensure!(error.kind == ErrorKind::Invalid, "{error:?}");
    }
    ensure!(place.leases()?.is_empty() || eventually(|| Ok(place.leases()?.is_empty())).await?, "a lease is left");
    Ok(())
}

/// What is left to the server it does when it comes to it.
async fn eventually(so: impl Fn() -> Result<bool>) -> Result<bool> {
    for _ in 0..1200 {
        if so()? {
            return Ok(true);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(false)
}

async fn a_grant_shorter_than_needed_is_had_where_it_can_be_renewed(rig: &VaultLeases) -> Result<()> {
    rig.place().make_holder_role(rig.place().role(), &json!({"token_period": "30h"}))?;
    let order = lasting("n1", SignedDuration::from_hours(50));
    let made = minted(rig, &json!({"ttl": "5h"}), &order).await?;
    let expiry = made.expiry.context("it has no end")?;
    let hours = |until: jiff::Timestamp| until.duration_since(jiff::Timestamp::now()).as_secs_f64() / 3600.0;
    ensure!((4.9..5.1).contains(&hours(expiry.at)), "{expiry:?}");
    ensure!(expiry.renew_at.is_some_and(|at| (2.4..2.6).contains(&hours(at))), "{expiry:?}");
    let issuer = rig.issuer_with(rig.config(), rig.inputs())?;
    ensure!(issuer.renew(&made.id, None).await?.is_none(), "a lease of which nothing is known");
    Ok(())
}

async fn without_a_role_the_plugins_token_must_outlive_the_lease(rig: &VaultLeases) -> Result<()> {
    let mut bare = rig.inputs();
    bare.as_object_mut().context("inputs")?.remove("holderRole");
    let attempt = async |config: Value, order: &MintOrder| -> Result<Result<rotation::Minted, Error>> {
        let issuer = rig.issuer_with(config, bare.clone())?;
        Ok(match prepared(&*issuer, order).await {
            Ok(prepared) => prepared.mint().await,
            Err(error) => Err(error),
        })
    };
    let everything =
        rig.admin().policy("path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"list\"] }")?;
    let token = |ttl: &str| rig.admin().make_token(&json!({"policies": [everything], "ttl": ttl}));
    let by = |token: &str| json!({"address": rig.proxy().endpoint(), "token": token});
    let (long, short) = (token("10h")?, token("30m")?);
    let says = |error: &Error| {
        error.kind == ErrorKind::Invalid
            && error.effect == Effect::None
            && ["holderRole", "vault write auth/token/roles/", "orphan=true"]
                .iter()
                .all(|part| error.message.contains(part))
    };
    let day = lasting("n1", SignedDuration::from_hours(24));
    let error = attempt(by(&long.token), &day).await?.err().context("a token that ends first")?;
    // A second may have passed.
    let tells = ["10h", "9h59m"].iter().any(|left| error.message.contains(left));
    ensure!(says(&error) && tells, "{error}");
    // Without a period the lease itself says how long it lasts.
    let error = attempt(by(&short.token), &order("n2")).await?.err().context("a token that ends first")?;
    ensure!(says(&error), "{error}");
    let mount = rig.admin().mount_auth("approle")?;
    let everything =
        rig.admin().policy("path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"list\"] }")?;
    let role = rig.admin().make_app_role(&mount, "ci", &json!({"token_policies": [everything]}))?;
    let login = json!({"roleId": role.role_id, "secretId": role.secret_id, "mount": mount});
    let config = json!({"address": rig.proxy().endpoint(), "authLoginAppRole": login});
    let error = attempt(config, &order("n3")).await?.err().context("a token that the plugin revokes")?;
    ensure!(says(&error) && error.message.contains("logs in"), "{error}");
    let made = attempt(by(&long.token), &lasting("n4", SignedDuration::from_hours(2))).await??;
    ensure!(rig.place().lets_in(&self::login(&made.material)?)?);
    let issuer = rig.issuer_with(rig.config(), bare.clone())?;
    issuer.retire(&made.id).await?;
    Ok(())
}

/// The command of the message, with a policy in place of the word for it.
async fn the_command_makes_a_role_that_fits(rig: &VaultLeases) -> Result<()> {
    let error =
        minted(rig, &json!({"holderRole": "made-by-command"}), &order("n1")).await.err().context("it is there")?;
    let policy = rig.admin().policy(&format!("path \"{}\" {{ capabilities = [\"read\"] }}", rig.place().path()))?;
    let (_, command) = error.message.split_once("vault write ").context("no command")?;
    let (command, _) = command.split_once(',').context("no end of the command")?;
    let mut words = command.split(' ');
    let path = words.next().context("no path")?;
    let pairs = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.replace("POLICY", &policy).into()));
    rig.admin().post(path, &Value::Object(pairs.collect()))?;
    let made =
        minted(rig, &json!({"holderRole": "made-by-command"}), &lasting("n2", SignedDuration::from_hours(24 * 60)))
            .await?;
    ensure!(rig.place().lets_in(&login(&made.material)?)?);
    rig.delete(&made.id);
    Ok(())
}

/// Whoever may write marks names a token that is none of ours.
async fn a_token_that_is_no_holder_is_never_taken_for_one(rig: &VaultLeases) -> Result<()> {
    let theirs = rig.admin().make_token(&json!({"policies": ["default"]}))?;
    let owner = OwnerId::new("stack/project/key", "stack/project/key");
    let entry = Entry::of("i", Mark::Minting, jiff::Timestamp::UNIX_EPOCH);
    let ledger = Ledger { keys: [(KeyId(theirs.accessor.clone()), entry)].into(), open: None };
    rig.issuer().write_ledger(&owner, Some(&ledger)).await?;
    ensure!(rig.issuer().list().await? == Some(Vec::new()));
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    watch.destroyed().await;
    ensure!(rig.place().look_up(&theirs.accessor).is_ok(), "a stranger's token was revoked");
    Ok(())
}

async fn what_others_read_at_the_path_is_left_alone(rig: &VaultLeases) -> Result<()> {
    let theirs = rig.admin().database_login(rig.place().mount(), rig.place().role())?.0;
    let named = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"name": "other"})))?;
    let order = order("n1");
    let neighbour = prepared(&*named, &order).await?.mint().await?;
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.neighbours.extend(rig.keys());
    done(watch.up(&Life::inputs("1", false)).await)?;
    ensure!(watch.stack.state().is_some_and(|state| state.foreign_keys.is_empty()));
    watch.destroyed().await;
    ensure!(named.verify(&neighbour.material).await? == Verdict::Accepted, "the other name's lease is gone");
    ensure!(rig.place().lets_in(&theirs)? && rig.place().lets_in(&login(&neighbour.material)?)?);
    Ok(())
}

/// The token itself is in nobody's hands; had somebody seen it, its one use would revoke it.
async fn nobody_can_use_a_holder_once_more(rig: &VaultLeases) -> Result<()> {
    let made = minted(rig, &json!({}), &order("n1")).await?;
    let facts = rig.place().look_up(&made.id.0)?;
    ensure!(facts["num_uses"] == 1 && facts["orphan"] == true, "{facts}");
    ensure!(facts["meta"]["keyrotation-owner"] == "dev/app/a" && facts["meta"]["keyrotation-nonce"] == "n1", "{facts}");
    let shown = format!("{:?}", made.material);
    ensure!(shown.contains("password") && !shown.contains(&login(&made.material)?.password), "{shown}");
    Ok(())
}

async fn no_message_holds_a_secret(rig: &VaultLeases) -> Result<()> {
    let made = minted(rig, &json!({}), &order("n1")).await?;
    let password = login(&made.material)?.password;
    ensure!(!format!("{made:?}").contains(&password));
    let mut errors = Vec::new();
    for rig in [rig.refused(), rig.unreachable()].into_iter().flatten() {
        errors.extend(rig.verify(&made.material).await.err());
        errors.extend(rig.prepare(&order("n2")).await.err());
        errors.extend(rig.mint(&order("n2")).await.err());
    }
    ensure!(errors.len() == 6, "{errors:?}");
    for error in errors {
        let shown = format!("{error:?} {error}");
        ensure!(!shown.contains(&password) && !shown.contains(rig.admin().token()), "a secret is shown");
    }
    Ok(())
}
