//! What only Confluent has, tried on the stand-in.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::confluent::{Gone, Kind, OverQuota, RateLimit, Role};
use localcloud::{Fault, Rule};
use rotation::testing::{Life, Outcome, Rig, Watch};
use rotation::{Clock, Effect, Error, ErrorKind, KeyId, MintOrder, OwnerId, Verdict};

use super::{LocalConfluent, many};
use crate::canned;
use crate::orders::mint;
use crate::suite::{Trial, trials};

/// A trial on the stand-in, and what its keys open.
pub type ConfluentTrial = Trial<LocalConfluent, Kind>;

/// Every one.
pub fn confluent_trials() -> impl Iterator<Item = &'static ConfluentTrial> {
    TRIALS.iter().chain(super::texts::TRIALS).chain(super::login::TRIALS)
}

const TRIALS: &[ConfluentTrial] = trials!("confluent::" =>
    a_refusal_is_gone_only_if_the_list_says_so: Kind::Cloud,
    a_full_quota_is_told_in_both_forms: Kind::Kafka,
    a_wrong_environment_shows_before_a_key_is_made: Kind::Kafka,
    a_key_for_a_cluster_cannot_manage_keys: Kind::Kafka,
    a_proxys_page_is_told_from_confluents_words: Kind::Cloud,
    a_cluster_out_of_reach_says_what_to_set: Kind::Kafka,
    long_lists_are_read_to_their_end: Kind::Cloud,
    only_keys_of_the_same_resource_are_seen: Kind::Flink,
    the_mark_stands_beside_the_users_words: Kind::Cloud,
    a_second_resource_is_refused_by_the_name_of_the_first: Kind::Cloud,
    the_plugins_own_key_rotates: Kind::Cloud,
    a_ksqldb_key_is_given_its_time: Kind::Ksqldb,
    a_limit_that_is_told_is_kept: Kind::Cloud,
    a_hundred_keys_share_one_budget: Kind::Cloud,
    a_refusal_for_too_many_calls_is_waited_out: Kind::Cloud,
    a_broker_that_takes_no_more_calls_is_asked_later: Kind::Kafka,
);

async fn a_hundred_keys_share_one_budget(cloud: &LocalConfluent) -> Result<()> {
    many::share_one_budget(cloud).await
}

async fn a_refusal_is_gone_only_if_the_list_says_so(cloud: &LocalConfluent) -> Result<()> {
    cloud.confluent().change_settings(|settings| settings.gone = Gone::Forbidden);
    let issuer = cloud.issuer();
    let (one, two) = (mint(&*issuer).await?, mint(&*issuer).await?);
    issuer.retire(&one.id).await?;
    issuer.retire(&one.id).await.context("a key that is gone")?;
    let admin = cloud.confluent().admin_user().to_owned();
    cloud.confluent().deny(&admin, &["DeleteApiKey", "UpdateApiKey"])?;
    let refused = issuer.retire(&two.id).await.err().context("a lost permission was taken for a deletion")?;
    ensure!(refused.kind == ErrorKind::Denied && cloud.keys() == [two.id], "{refused}");
    Ok(())
}

async fn a_full_quota_is_told_in_both_forms(cloud: &LocalConfluent) -> Result<()> {
    let confluent = cloud.confluent();
    confluent.change_settings(|settings| settings.quotas.cluster_per_service_account = 1);
    let issuer = cloud.issuer();
    mint(&*issuer).await?;
    for form in [OverQuota::PaymentRequired, OverQuota::BadRequest] {
        confluent.change_settings(|settings| settings.over_quota = form);
        let calls = cloud.calls().len();
        let error = mint(&*issuer).await.err().context("the quota was passed")?;
        ensure!(error.kind == ErrorKind::LimitReached && error.effect == Effect::None, "{form:?}: {error:?}");
        ensure!(error.message.contains(cloud.owner()) && error.message.contains("quota"), "{error}");
        ensure!(cloud.calls().len() == calls + 1 && cloud.keys().len() == 1);
    }
    Ok(())
}

async fn a_wrong_environment_shows_before_a_key_is_made(cloud: &LocalConfluent) -> Result<()> {
    let mut args = cloud.args();
    args["managedResource"]["environment"]["id"] = cloud.confluent().create_environment("other").into();
    let issuer = cloud.issuer_with(cloud.config(), args);
    let order = MintOrder {
        nonce: "n".to_owned(),
        generation: 1,
        owner: OwnerId::new("urn:a", "a"),
        instance: "i".to_owned(),
        life: None,
    };
    let error = issuer.prepare(&order).await.err().context("nothing was said")?;
    ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
    ensure!(error.message.contains("`managedResource.environment.id`"), "{error}");
    ensure!(cloud.keys().is_empty());
    Ok(())
}

async fn a_key_for_a_cluster_cannot_manage_keys(cloud: &LocalConfluent) -> Result<()> {
    let key = cloud.confluent().mint_key(cloud.owner(), cloud.resource())?;
    cloud.clock().advance(SignedDuration::from_mins(5));
    cloud.configure(key);
    let error = cloud.issuer().list().await.err().context("it was listed")?;
    ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
    for part in ["keyrotation:confluent.cloudApiKey", "Cloud API key", "cluster"] {
        ensure!(error.message.contains(part), "{error}");
    }
    Ok(())
}

async fn a_proxys_page_is_told_from_confluents_words(cloud: &LocalConfluent) -> Result<()> {
    const PAGE: &[&str] = &["<html><body>sign in first</body></html>"];
    for (head, kind) in [
        ("401 Unauthorized\r\ncontent-type: text/html", ErrorKind::Unauthenticated),
        ("404 Not Found\r\ncontent-type: text/html", ErrorKind::Unexpected),
        ("200 OK\r\ncontent-type: text/html", ErrorKind::Unexpected),
    ] {
        let mut config = cloud.config();
        config["endpoint"] = canned::serve_as(head, PAGE)?.into();
        let error = cloud.issuer_with(config, cloud.args()).list().await.err().context("a page is no list")?;
        ensure!(error.kind == kind && !error.message.contains("sign in"), "{head}: {error:?}");
        ensure!(head.starts_with("200") || error.message.contains("keyrotation:confluent.endpoint"), "{error}");
    }
    Ok(())
}

async fn a_cluster_out_of_reach_says_what_to_set(cloud: &LocalConfluent) -> Result<()> {
    let issuer = cloud.issuer();
    let key = mint(&*issuer).await?;
    let nowhere = crate::rig::nowhere().context("no address")?;
    for endpoint in ["", nowhere.as_str()] {
        cloud.confluent().set_endpoint(&cloud.resource().id, Some(endpoint))?;
        let issuer = cloud.issuer();
        let error = issuer.verify(&key.material).await.err().context("it was tried")?;
        ensure!(
            error.kind == ErrorKind::Unreachable && error.retry == rotation::Retry::Never,
            "{endpoint:?}: {error:?}"
        );
        ensure!(error.message.contains("verification: {enabled: false}"), "{error}");
    }
    Ok(())
}

async fn long_lists_are_read_to_their_end(cloud: &LocalConfluent) -> Result<()> {
    cloud.confluent().change_settings(|settings| settings.quotas.cloud_per_service_account = 500);
    let made = mint(&*cloud.issuer()).await?;
    for _ in 0..230 {
        cloud.mint_as_stranger().context("there is no place")?;
    }
    let before = cloud.calls().len();
    let listed = cloud.issuer().list().await?.context("the owner is there")?;
    ensure!(listed.len() == 231 && listed.iter().any(|key| key.id == made.id), "{} keys", listed.len());
    ensure!(cloud.calls().len() == before + 3, "100 a page");
    Ok(())
}

async fn only_keys_of_the_same_resource_are_seen(cloud: &LocalConfluent) -> Result<()> {
    let confluent = cloud.confluent();
    let other = confluent.create_environment("other");
    let elsewhere = confluent.create_cluster_in(Kind::Flink, &other)?;
    let made = mint(&*cloud.issuer()).await?;
    confluent.mint_key(cloud.owner(), &elsewhere)?;
    confluent.mint_key(cloud.owner(), &confluent.create_cluster(Kind::Kafka))?;
    confluent.mint_key(cloud.owner(), &confluent.create_cluster(Kind::Cloud))?;
    let listed = cloud.issuer().list().await?.context("the owner is there")?;
    ensure!(listed.iter().map(|key| &key.id).eq([&made.id]), "{listed:?}");
    Ok(())
}

async fn the_mark_stands_beside_the_users_words(cloud: &LocalConfluent) -> Result<()> {
    let mut args = cloud.args();
    args["displayName"] = "pipeline".into();
    args["description"] = "for the [nightly] pipeline".into();
    let issuer = cloud.issuer_with(cloud.config(), args);
    let made = mint(&*issuer).await?;
    let told = |mark: &str| -> Result<()> {
        let key = cloud.known().into_iter().find(|key| key.id == made.id.0).context("it is gone")?;
        ensure!(key.display_name == "pipeline", "{key:?}");
        ensure!(key.description.starts_with("for the [nightly] pipeline [keyrotation 1 "), "{key:?}");
        ensure!(key.description.contains(&format!(" {mark} dev/app/a]")), "{key:?}");
        Ok(())
    };
    told("new")?;
    let owner = OwnerId::new("urn:a", "dev/app/a");
    let mut ledger = issuer.read_ledgers(&owner).await?.own.context("there is no mark")?;
    ledger.keys.values_mut().for_each(|entry| entry.mark = rotation::Mark::Promoted);
    let calls = cloud.calls().len();
    issuer.write_ledger(&owner, Some(&ledger)).await?;
    issuer.write_ledger(&owner, Some(&ledger)).await?;
    ensure!(cloud.calls().len() == calls + 1, "what stands there already is not written");
    ensure!(issuer.read_ledgers(&owner).await?.own == Some(ledger));
    told("ok")
}

async fn a_second_resource_is_refused_by_the_name_of_the_first(cloud: &LocalConfluent) -> Result<()> {
    let mut first = Watch::new(cloud, Life::OVERLAP);
    done(first.up(&Life::inputs("1", false)).await)?;
    let mut other = rotation::testing::Stack::new("second/project/key");
    let error = failed(other.up(cloud, &Life::inputs("1", false)).await)?;
    ensure!(error.kind == ErrorKind::Blocked && error.message.contains(first.stack.label()), "{error}");
    ensure!(cloud.keys().len() == 1 && cloud.marks() == 1);
    ensure!(cloud.known().iter().all(|key| crate::marked_by(&key.description).is_some()));
    Ok(())
}

/// A service account whose Cloud key is the plugin's own: it rotates, is kept while the plugin uses it, and goes afterwards.
async fn the_plugins_own_key_rotates(cloud: &LocalConfluent) -> Result<()> {
    let confluent = cloud.confluent();
    confluent.set_roles(cloud.owner(), &[Role::ResourceOwner(cloud.owner().to_owned())])?;
    let first = confluent.mint_key(cloud.owner(), cloud.resource())?;
    cloud.clock().advance(SignedDuration::from_mins(5));
    cloud.configure(first.clone());
    let mut watch = Watch::new(cloud, Life::OVERLAP);
    let old = KeyId(first.api_key);
    watch.stack.take_over(old.clone(), false);
    let wanted = Life::inputs("1", false);
    done(watch.up(&wanted).await)?;
    let state = watch.stack.state().context("nothing is recorded")?.clone();
    let new = state.current.context("there is no current key")?;
    ensure!(new.id != old && cloud.keys().len() == 2, "the plugin's own key made its successor");

    cloud.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    watch.up(&wanted).await;
    ensure!(cloud.keys().contains(&old), "the plugin still uses it");
    let warnings = watch.stack.state().map(|state| state.warnings.clone()).unwrap_or_default();
    ensure!(warnings.iter().any(|warning| warning.contains(&old.0)), "{warnings:?}");

    let secret = new.material.as_ref().and_then(|material| material.get("apiSecret"));
    cloud.configure(localcloud::confluent::Credentials { api_key: new.id.0.clone(), api_secret: opened(secret)? });
    done(watch.up(&wanted).await)?;
    ensure!(cloud.keys() == [new.id], "{:?}", cloud.keys());
    Ok(())
}

async fn a_ksqldb_key_is_given_its_time(cloud: &LocalConfluent) -> Result<()> {
    let begun = cloud.clock().now();
    let mut watch = Watch::new(cloud, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let waited = cloud.clock().now().duration_since(begun);
    ensure!(waited.as_secs() == 300, "{waited:?}");
    let id = cloud.keys().remove(0);
    ensure!(cloud.confluent().works(&id.0));
    let issuer = cloud.issuer();
    issuer.list().await?;
    let current = watch.stack.state().and_then(|state| state.current.clone()).context("there is no current key")?;
    let verdict = issuer.verify(&current.material.context("there is no secret")?).await?;
    ensure!(verdict == Verdict::NotBefore(current.created_at + SignedDuration::from_mins(5)), "{verdict:?}");
    Ok(())
}

async fn a_limit_that_is_told_is_kept(cloud: &LocalConfluent) -> Result<()> {
    cloud.confluent().change_settings(|settings| settings.rate_limit = Some(RateLimit::per_second(2)));
    let issuer = cloud.issuer();
    let begun = cloud.clock().now();
    for _ in 0..10 {
        issuer.read_ledgers(&OwnerId::new("urn:a", "a")).await?;
    }
    let refused = cloud.cloud().journal().iter().filter(|entry| entry.answered == Some(429)).count();
    let waited = cloud.clock().now().duration_since(begun);
    ensure!(
        refused == 0 && waited.as_secs() == 4,
        "{refused} refused, {waited:?} for 10 calls of which 2 a second are taken"
    );
    Ok(())
}

async fn a_refusal_for_too_many_calls_is_waited_out(cloud: &LocalConfluent) -> Result<()> {
    cloud.cloud().faults().add(Rule::new(Fault::Throttle).times(2));
    let begun = cloud.clock().now();
    let issuer = cloud.issuer();
    issuer.read_ledgers(&OwnerId::new("urn:a", "a")).await?;
    ensure!(cloud.calls().len() == 3 && cloud.clock().now() > begun);
    cloud.cloud().faults().add(Rule::new(Fault::Throttle).on("CreateApiKey"));
    let error = mint(&*issuer).await.err().context("it was made")?;
    ensure!(error.kind == ErrorKind::Throttled && error.effect == Effect::None, "{error:?}");
    ensure!(matches!(error.retry, rotation::Retry::After(_)) && cloud.keys().is_empty(), "{error:?}");
    Ok(())
}

async fn a_broker_that_takes_no_more_calls_is_asked_later(cloud: &LocalConfluent) -> Result<()> {
    let limit = RateLimit { per: SignedDuration::from_secs(20), ..RateLimit::per_second(1) };
    cloud.confluent().change_settings(|settings| settings.data_plane_rate_limit = Some(limit));
    let mut watch = Watch::new(cloud, Life::OVERLAP);
    let issuer = cloud.issuer();
    let key = mint(&*issuer).await?;
    issuer.verify(&key.material).await?;
    let error = issuer.verify(&key.material).await.err().context("the broker took it")?;
    ensure!(error.retry == rotation::Retry::Backoff, "{error:?}");
    cloud.delete(&key.id);
    cloud.confluent().change_settings(|settings| {
        settings.data_plane_rate_limit = Some(RateLimit { requests: 6, ..limit });
    });
    done(watch.up(&Life::inputs("1", false)).await)
}

fn opened(secret: Option<&rotation::Field>) -> Result<String> {
    use secrecy::ExposeSecret;
    match secret {
        Some(rotation::Field::Secret(secret)) => Ok(secret.expose_secret().to_owned()),
        _ => anyhow::bail!("there is no secret"),
    }
}

pub(super) fn done(outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Failed(error) => Err(error).context("the run failed"),
        outcome => {
            ensure!(outcome.is_done(), "{outcome:?}");
            Ok(())
        }
    }
}

pub(super) fn failed(outcome: Outcome) -> Result<Error> {
    match outcome {
        Outcome::Failed(error) => Ok(error),
        outcome => anyhow::bail!("it did not fail: {outcome:?}"),
    }
}
