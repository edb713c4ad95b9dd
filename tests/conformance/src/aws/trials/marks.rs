use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use rotation::testing::{Life, Outcome, Rig, Stack};
use rotation::{Ledger, OwnerId};
use serde_json::json;

use super::AwsTrial;
use crate::aws::LocalAws;
use crate::canned;
use crate::suite::trials;

pub(super) const TRIALS: &[AwsTrial] = trials!("aws::marks::", () =>
    a_tag_that_cannot_be_read_stops_the_run_by_its_name,
    other_tags_are_left_alone,
    a_user_full_of_tags_is_refused_and_has_no_new_key,
    a_list_in_short_pages_is_read_to_its_end,
);

const STACK: &str = "stack/project/key";

async fn a_tag_that_cannot_be_read_stops_the_run_by_its_name(aws: &LocalAws) -> Result<()> {
    let tag = format!("keyrotation:{}", OwnerId::new(STACK, "").hash);
    for (tag, value) in
        [(tag.clone(), "2/new"), (format!("{tag}:claim"), "1/open"), ("keyrotation:team".to_owned(), "x")]
    {
        let tags = BTreeMap::from([(tag.clone(), value.to_owned())]);
        aws.cloud().aws().set_tags(LocalAws::USER, &tags)?;
        let outcome = Stack::new(STACK).up(aws, &Life::inputs("1", false)).await;
        let Outcome::Failed(error) = outcome else { anyhow::bail!("{outcome:?}") };
        ensure!(error.message.contains(&tag), "{error}");
        ensure!(aws.keys().is_empty() && aws.cloud().aws().tags(LocalAws::USER) == tags);
    }
    Ok(())
}

async fn other_tags_are_left_alone(aws: &LocalAws) -> Result<()> {
    let tags = BTreeMap::from([("team".to_owned(), "a b".to_owned()), ("Keyrotation".to_owned(), "1".to_owned())]);
    aws.cloud().aws().set_tags(LocalAws::USER, &tags)?;
    let mut stack = Stack::new(STACK);
    ensure!(stack.up(aws, &Life::inputs("1", false)).await.is_done());
    ensure!(aws.cloud().aws().tags(LocalAws::USER).len() == 4);
    ensure!(stack.destroy(aws).await.is_done());
    ensure!(aws.cloud().aws().tags(LocalAws::USER) == tags);
    Ok(())
}

async fn a_user_full_of_tags_is_refused_and_has_no_new_key(aws: &LocalAws) -> Result<()> {
    let tags: BTreeMap<_, _> = (0..49).map(|number| (format!("tag{number}"), String::new())).collect();
    aws.cloud().aws().set_tags(LocalAws::USER, &tags)?;
    let outcome = Stack::new(STACK).up(aws, &Life::inputs("1", false)).await;
    let Outcome::Failed(error) = outcome else { anyhow::bail!("{outcome:?}") };
    ensure!(error.kind == rotation::ErrorKind::LimitReached && error.message.contains("tags"), "{error}");
    ensure!(aws.keys().is_empty() && aws.cloud().aws().tags(LocalAws::USER) == tags);
    Ok(())
}

/// "IAM might return fewer than the MaxItems number of results, even when there are more results available" (IAM API Reference).
async fn a_list_in_short_pages_is_read_to_its_end(aws: &LocalAws) -> Result<()> {
    const KEYS: &[&str] = &[
        "<ListAccessKeysResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListAccessKeysResult><AccessKeyMetadata><member>\
         <UserName>ci</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         </member></AccessKeyMetadata><IsTruncated>true</IsTruncated><Marker>m</Marker></ListAccessKeysResult></ListAccessKeysResponse>",
        "<ListAccessKeysResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListAccessKeysResult><AccessKeyMetadata><member>\
         <UserName>ci</UserName><AccessKeyId>AKIAI44QH8DHBEXAMPLE</AccessKeyId><Status>Inactive</Status><CreateDate>2026-01-02T00:00:00Z</CreateDate>\
         </member></AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult></ListAccessKeysResponse>",
    ];
    const TAGS: &[&str] = &[
        "<ListUserTagsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUserTagsResult><Tags><member><Key>team</Key><Value>x</Value></member>\
         </Tags><IsTruncated>true</IsTruncated><Marker>m</Marker></ListUserTagsResult></ListUserTagsResponse>",
        "<ListUserTagsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUserTagsResult><Tags><member>\
         <Key>keyrotation:0123456789abcdef</Key><Value>1/for=dev/app/key</Value></member>\
         </Tags><IsTruncated>false</IsTruncated></ListUserTagsResult></ListUserTagsResponse>",
    ];
    let issuer = |url: String| {
        let mut config = aws.config();
        config["endpoints"]["iam"] = url.into();
        aws.issuer_with(config, json!({"user": LocalAws::USER}))
    };
    let keys = issuer(canned::serve(KEYS)?).list().await?.context("the user is there")?;
    let ids: Vec<_> = keys.iter().map(|key| key.id.0.as_str()).collect();
    ensure!(ids == ["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"], "{ids:?}");
    let owner = OwnerId { hash: "0123456789abcdef".to_owned(), label: String::new() };
    let ledgers = issuer(canned::serve(TAGS)?).read_ledgers(&owner).await?;
    ensure!(ledgers.own == Some(Ledger::default()), "{ledgers:?}");
    Ok(())
}
