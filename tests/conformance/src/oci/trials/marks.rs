use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use localcloud::oci::Kind;
use rotation::testing::{Life, Rig, Stack};
use rotation::{ErrorKind, Ledgers, OwnerId};

use super::OciTrial;
use super::access::failing;
use crate::oci::{LocalOci, OciResource};
use crate::orders::{mint, owner};
use crate::suite::trials;

pub(super) const TRIALS: &[OciTrial] = trials!("oci::marks::" =>
    a_tag_that_cannot_be_read_stops_the_run_by_its_name: OciResource::ApiKey,
    other_tags_are_left_alone: OciResource::ApiKey,
    a_tag_that_somebody_else_sets_meanwhile_is_kept: OciResource::ApiKey,
    a_user_full_of_tags_is_refused_and_has_no_new_key: OciResource::ApiKey,
    a_text_that_cannot_be_read_stops_the_run_by_its_credential: OciResource::AuthToken,
    credentials_of_another_name_are_strangers: OciResource::CustomerSecretKey,
    what_the_user_wrote_stands_before_the_mark: OciResource::AuthToken,
);

const STACK: &str = "stack/project/key";

async fn a_tag_that_cannot_be_read_stops_the_run_by_its_name(oci: &LocalOci) -> Result<()> {
    let tag = format!("keyrotation:{}", OwnerId::new(STACK, "").hash);
    for (tag, value) in
        [(tag.clone(), "2/new"), (format!("{tag}:claim"), "1/open"), ("keyrotation:team".to_owned(), "x")]
    {
        let tags = BTreeMap::from([(tag.clone(), value.to_owned())]);
        oci.cloud().oci().set_tags(LocalOci::USER, &tags)?;
        let error = failing(oci).await?;
        ensure!(error.message.contains(&tag), "{error}");
        ensure!(oci.keys().is_empty() && oci.cloud().oci().tags(LocalOci::USER) == tags);
    }
    Ok(())
}

async fn other_tags_are_left_alone(oci: &LocalOci) -> Result<()> {
    let tags = BTreeMap::from([("team".to_owned(), "a b".to_owned()), ("Keyrotation".to_owned(), "1".to_owned())]);
    oci.cloud().oci().set_tags(LocalOci::USER, &tags)?;
    let mut stack = Stack::new(STACK);
    ensure!(stack.up(oci, &Life::inputs("1", false)).await.is_done());
    ensure!(oci.cloud().oci().tags(LocalOci::USER).len() == 4);
    ensure!(stack.destroy(oci).await.is_done());
    ensure!(oci.cloud().oci().tags(LocalOci::USER) == tags);
    Ok(())
}

/// Between the look and the write: `if-match` notices.
async fn a_tag_that_somebody_else_sets_meanwhile_is_kept(oci: &LocalOci) -> Result<()> {
    let issuer = oci.issuer();
    issuer.look(&owner("a")).await?;
    let tags = BTreeMap::from([("team".to_owned(), "x".to_owned())]);
    oci.cloud().oci().set_tags(LocalOci::USER, &tags)?;
    issuer.write_ledger(&owner("a"), Some(&Default::default())).await?;
    let stands = oci.cloud().oci().tags(LocalOci::USER);
    ensure!(stands.len() == 3 && stands.get("team").is_some_and(|team| team == "x"), "{stands:?}");
    issuer.write_ledger(&owner("a"), None).await?;
    ensure!(oci.cloud().oci().tags(LocalOci::USER) == tags);
    Ok(())
}

async fn a_user_full_of_tags_is_refused_and_has_no_new_key(oci: &LocalOci) -> Result<()> {
    let tags: BTreeMap<_, _> = (0..9).map(|number| (format!("tag{number}"), String::new())).collect();
    oci.cloud().oci().set_tags(LocalOci::USER, &tags)?;
    let error = failing(oci).await?;
    ensure!(error.kind == ErrorKind::LimitReached && error.message.contains("tags"), "{error}");
    ensure!(oci.keys().is_empty() && oci.cloud().oci().tags(LocalOci::USER) == tags);
    Ok(())
}

async fn a_text_that_cannot_be_read_stops_the_run_by_its_credential(oci: &LocalOci) -> Result<()> {
    let token = oci.cloud().oci().mint_secret(LocalOci::USER, Kind::AuthToken, "x [keyrotation later]")?;
    let error = failing(oci).await?;
    ensure!(error.message.contains(&token.id), "{error}");
    ensure!(oci.keys().len() == 1);
    Ok(())
}

async fn credentials_of_another_name_are_strangers(oci: &LocalOci) -> Result<()> {
    let mut args = oci.args(oci.user());
    args["name"] = "other".into();
    let other = oci.issuer_with(oci.config(), args);
    let theirs = mint(&*other).await?;
    ensure!(oci.issuer().read_ledgers(&owner("a")).await? == Ledgers::default());
    let mut stack = Stack::new(STACK);
    ensure!(stack.up(oci, &Life::inputs("1", false)).await.is_done());
    let foreign = &stack.state().context("nothing is recorded")?.foreign_keys;
    ensure!(foreign.iter().map(|key| &key.id).eq([&theirs.id]), "{foreign:?}");
    ensure!(stack.destroy(oci).await.is_done());
    ensure!(oci.keys() == [theirs.id]);
    Ok(())
}

async fn what_the_user_wrote_stands_before_the_mark(oci: &LocalOci) -> Result<()> {
    let key = mint(&*oci.issuer()).await?;
    let tokens = oci.cloud().oci().secrets(LocalOci::USER, Kind::AuthToken);
    let name = &tokens.first().context("there is no token")?.name;
    ensure!(name.starts_with("what it is for [keyrotation ci ") && name.ends_with(" new dev/app/a]"), "{name}");
    ensure!(tokens[0].id == key.id.0);
    Ok(())
}
