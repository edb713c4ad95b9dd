//! Private networks, and descriptions that the service does not keep as they were sent.

use anyhow::{Context, Result, ensure};
use localcloud::confluent::Kind;
use rotation::testing::{Life, Rig, Stack, Watch};
use rotation::{Effect, ErrorKind, OwnerId, Retry};
use serde_json::Value;

use super::LocalConfluent;
use super::trials::{ConfluentTrial, done, failed};
use crate::canned;
use crate::orders::{accepted, mint};
use crate::suite::trials;

pub(super) const TRIALS: &[ConfluentTrial] = trials!("" =>
    official_c4_a_private_address_of_a_kafka_cluster_is_tried: Kind::Kafka,
    official_c4_a_private_address_of_a_schema_registry_is_tried: Kind::SchemaRegistry,
    official_c4_a_private_address_of_a_flink_region_is_tried: Kind::Flink,
    official_c4_a_strange_answer_is_no_refusal_and_is_told: Kind::SchemaRegistry,
    official_c4_a_key_that_is_never_accepted_tells_by_whom: Kind::Kafka,
    official_c4_an_ip_filter_never_costs_the_key: Kind::Kafka,
    official_c5_a_mark_that_is_not_kept_ends_its_key_at_once: Kind::Cloud,
    official_c5_a_cut_mark_is_found_by_the_next_run: Kind::Cloud,
    official_c5_texts_that_are_too_long_name_their_input: Kind::Cloud,
    official_c5_a_strangers_text_that_looks_like_a_mark_holds_nothing_up: Kind::Cloud,
    official_c5_a_mark_of_a_newer_version_is_not_passed_over: Kind::Cloud,
);

async fn official_c4_a_private_address_of_a_kafka_cluster_is_tried(cloud: &LocalConfluent) -> Result<()> {
    private(cloud).await
}

async fn official_c4_a_private_address_of_a_schema_registry_is_tried(cloud: &LocalConfluent) -> Result<()> {
    private(cloud).await
}

async fn official_c4_a_private_address_of_a_flink_region_is_tried(cloud: &LocalConfluent) -> Result<()> {
    private(cloud).await
}

async fn private(cloud: &LocalConfluent) -> Result<()> {
    let (confluent, id) = (cloud.confluent(), &cloud.resource().id);
    let key = mint(&*cloud.issuer()).await?;
    let nowhere = crate::rig::nowhere().context("no address")?;
    for public in ["", nowhere.as_str()] {
        confluent.set_endpoint(id, Some(public))?;
        confluent.set_private_endpoint(id, &confluent.plane(cloud.cloud().endpoint(), id));
        accepted(cloud, &*cloud.issuer(), &key.material).await.with_context(|| format!("public address {public:?}"))?;
    }
    confluent.set_private_endpoint(id, &crate::rig::nowhere().context("no address")?);
    let error = cloud.issuer().verify(&key.material).await.err().context("it was tried")?;
    ensure!(error.kind == ErrorKind::Unreachable && error.retry == Retry::Never, "{error:?}");
    for part in [nowhere.as_str(), "refused", "private network", "verification: {enabled: false}", "it is kept"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    Ok(())
}

async fn official_c4_a_strange_answer_is_no_refusal_and_is_told(cloud: &LocalConfluent) -> Result<()> {
    const PAGES: &[&str] = &["{}"; 9];
    let key = mint(&*cloud.issuer()).await?;
    for head in ["404 Not Found", "400 Bad Request", "503 Service Unavailable"] {
        let url = canned::serve_as(head, PAGES)?;
        cloud.confluent().set_endpoint(&cloud.resource().id, Some(&url))?;
        let error = cloud.issuer().verify(&key.material).await.err().context("it was tried")?;
        ensure!(error.kind == ErrorKind::Unreachable && error.retry == Retry::Never, "{error:?}");
        let seen = format!("{url} answered with status {}", &head[..3]);
        for part in [seen.as_str(), "verification: {enabled: false}"] {
            ensure!(error.message.contains(part), "{part}: {error}");
        }
    }
    Ok(())
}

async fn official_c4_a_key_that_is_never_accepted_tells_by_whom(cloud: &LocalConfluent) -> Result<()> {
    let url = canned::serve_as("401 Unauthorized", &["<html>Unauthorized</html>"; 400])?;
    cloud.confluent().set_endpoint(&cloud.resource().id, Some(&url))?;
    let error = failed(Stack::new("dev/app/a").up(cloud, &Life::inputs("1", false)).await)?;
    ensure!(error.kind == ErrorKind::Unverified, "{error:?}");
    ensure!(error.message.contains(&format!("{url} answered with status 401")), "{error}");
    Ok(())
}

/// What an IP filter or a network says to everybody is said four runs long; the key of the first is the one that is current in the end.
async fn official_c4_an_ip_filter_never_costs_the_key(cloud: &LocalConfluent) -> Result<()> {
    const ABOUT_NETWORK: &str = r#"{"error_code":401,"message":"Denied by an IP filter"}"#;
    let answers: [(&str, &[&str]); 3] = [
        ("403 Forbidden", &["{}"; 1600]),
        ("403 Forbidden", &["<html>"; 1600]),
        ("401 Unauthorized", &[ABOUT_NETWORK; 1600]),
    ];
    for (head, pages) in answers {
        let url = canned::serve_as(head, pages)?;
        cloud.confluent().set_endpoint(&cloud.resource().id, Some(&url))?;
        let mut stack = Stack::new("dev/app/a");
        let mut made = None;
        for run in 1..=4 {
            let error = failed(stack.up(cloud, &Life::inputs("1", false)).await)?;
            ensure!(error.kind == ErrorKind::Unreachable, "run {run}: {error:?}");
            let status = format!("{url} answered with status {}", &head[..3]);
            for part in [status.as_str(), "says nothing about the key", "verification: {enabled: false}"] {
                ensure!(error.message.contains(part), "{part}: {error}");
            }
            let keys = cloud.keys();
            ensure!(keys.len() == 1 && *made.get_or_insert(keys[0].clone()) == keys[0], "run {run}: {keys:?}");
        }
        cloud.confluent().set_endpoint(&cloud.resource().id, None)?;
        done(stack.up(cloud, &Life::inputs("1", false)).await)?;
        ensure!(Some(&cloud.keys()[0]) == made.as_ref(), "another key was made");
        stack.destroy(cloud).await;
    }
    Ok(())
}

async fn official_c5_a_mark_that_is_not_kept_ends_its_key_at_once(cloud: &LocalConfluent) -> Result<()> {
    let issuer = described(cloud, &"x".repeat(40));
    for limit in [0, 10, 45, 60, 80, 90] {
        cloud.confluent().change_settings(|settings| {
            (settings.longest_description, settings.cuts_texts) = (Some(limit), true);
        });
        let error = mint(&*issuer).await.err().context("it was made")?;
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{limit}: {error:?}");
        ensure!(
            error.message.contains("`description`") && error.message.contains(&format!("kept {limit} of")),
            "{error}"
        );
        ensure!(cloud.keys().is_empty(), "{limit}: the key was left");
    }
    cloud.confluent().change_settings(|settings| settings.longest_description = Some(200));
    mint(&*issuer).await?;
    Ok(())
}

/// The service cuts, and the key cannot be deleted by the run that made it.
async fn official_c5_a_cut_mark_is_found_by_the_next_run(cloud: &LocalConfluent) -> Result<()> {
    let confluent = cloud.confluent();
    let mut stack = Stack::new("dev/app/a");
    for limit in [32, 40, 42, 46] {
        confluent.change_settings(|settings| (settings.longest_description, settings.cuts_texts) = (Some(limit), true));
        confluent.deny(confluent.admin_user(), &["DeleteApiKey"])?;
        failed(stack.up(cloud, &Life::inputs("1", false)).await)?;
        ensure!(cloud.keys().len() == 1, "{limit}: {:?}", cloud.keys());
        confluent.deny(confluent.admin_user(), &[])?;
        confluent.change_settings(|settings| settings.longest_description = None);
        let left = cloud.keys().remove(0);
        for _ in 0..3 {
            cloud.clock().advance(jiff::SignedDuration::from_mins(16));
            stack.up(cloud, &Life::inputs("1", false)).await;
        }
        ensure!(!cloud.keys().contains(&left), "{limit}: {left} was not found");
        stack.destroy(cloud).await;
        ensure!(cloud.keys().is_empty(), "{limit}: {:?}", cloud.keys());
        stack = Stack::new("dev/app/a");
    }
    Ok(())
}

async fn official_c5_texts_that_are_too_long_name_their_input(cloud: &LocalConfluent) -> Result<()> {
    let issuer = described(cloud, &"x".repeat(40));
    cloud.confluent().change_settings(|settings| settings.longest_description = Some(90));
    let error = mint(&*issuer).await.err().context("it was made")?;
    ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
    for part in ["`description`", "40 characters", "allows 90", "leaves"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    cloud.confluent().change_settings(|settings| {
        (settings.longest_description, settings.longest_display_name) = (None, Some(10));
    });
    let error = mint(&*issuer).await.err().context("it was made")?;
    ensure!(error.message.contains("`displayName`") && error.message.contains("allows 10"), "{error}");
    ensure!(cloud.keys().is_empty());
    Ok(())
}

async fn official_c5_a_strangers_text_that_looks_like_a_mark_holds_nothing_up(cloud: &LocalConfluent) -> Result<()> {
    let mut watch = Watch::new(cloud, Life::OVERLAP);
    let theirs = cloud.mint_as_stranger().context("there is no place")?;
    for text in
        ["[keyrotation]", "see [keyrotation docs] first", "[keyrotation 2 0123456789abcdef x new y]", "[keyrotation"]
    {
        cloud.confluent().describe_key(&theirs.0, "theirs", text)?;
        done(watch.up(&Life::inputs(text, false)).await).with_context(|| text.to_owned())?;
    }
    watch.stack.destroy(cloud).await;
    ensure!(cloud.keys() == [theirs], "{:?}", cloud.keys());
    Ok(())
}

async fn official_c5_a_mark_of_a_newer_version_is_not_passed_over(cloud: &LocalConfluent) -> Result<()> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    let theirs = cloud.mint_as_stranger().context("there is no place")?;
    let text = format!("[keyrotation 2 {} x y]", owner.hash);
    cloud.confluent().describe_key(&theirs.0, "newer", &text)?;
    let error = cloud.issuer().read_ledgers(&owner).await.err().context("it was passed over")?;
    ensure!(error.message.contains(&theirs.0) && error.message.contains("upgrade the plugin"), "{error}");
    ensure!(cloud.issuer().read_ledgers(&OwnerId::new("urn:b", "b")).await.is_ok());
    Ok(())
}

fn described(cloud: &LocalConfluent, description: &str) -> Box<dyn rotation::KeyIssuer> {
    let mut args: Value = cloud.args();
    args["description"] = description.into();
    cloud.issuer_with(cloud.config(), args)
}
