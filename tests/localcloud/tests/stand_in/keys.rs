//! Access keys, their use and how they settle, by the AWS SDK for Rust.

use aws_sdk_iam::types::StatusType;
use jiff::SignedDuration;
use localcloud::Clock;
use localcloud::Consistency;

use crate::common::{Rig, USER, code, tag};

#[tokio::test]
async fn a_key_is_made_used_stopped_started_and_deleted() {
    let rig = Rig::new();
    let iam = rig.iam();
    let key = rig.mint().await;
    let id = key.access_key_id();
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(key.secret_access_key().len(), 40);

    let arn = rig.identity(&key).await.unwrap();
    assert_eq!(arn, "arn:aws:iam::123456789012:user/ci");

    let set = |status| iam.update_access_key().user_name(USER).access_key_id(id).status(status).send();
    set(StatusType::Inactive).await.unwrap();
    assert_eq!(rig.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    let listed = iam.list_access_keys().user_name(USER).send().await.unwrap();
    assert_eq!(listed.access_key_metadata()[0].status(), Some(&StatusType::Inactive));
    set(StatusType::Active).await.unwrap();
    rig.identity(&key).await.unwrap();

    let delete = || iam.delete_access_key().user_name(USER).access_key_id(id).send();
    delete().await.unwrap();
    assert_eq!(rig.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    let again = delete().await.unwrap_err().into_service_error();
    assert!(again.is_no_such_entity_exception());
    assert!(again.to_string().ends_with(&format!("The Access Key with id {id} cannot be found.")));
    assert!(rig.key_ids().is_empty());
}

#[tokio::test]
async fn two_keys_are_the_quota_and_inactive_ones_count() {
    let rig = Rig::new();
    let iam = rig.iam();
    let first = rig.mint().await;
    rig.mint().await;
    let stop = iam.update_access_key().user_name(USER).access_key_id(first.access_key_id());
    stop.status(StatusType::Inactive).send().await.unwrap();
    let refused = iam.create_access_key().user_name(USER).send().await.unwrap_err();
    let response = refused.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 409);
    let refused = refused.into_service_error();
    assert!(refused.is_limit_exceeded_exception());
    assert!(refused.to_string().ends_with("Cannot exceed quota for AccessKeysPerUser: 2"));
    assert_eq!(rig.key_ids().len(), 2);
}

#[tokio::test]
async fn a_status_is_one_of_two() {
    let rig = Rig::new();
    let key = rig.mint().await;
    let update = rig.iam().update_access_key().user_name(USER).access_key_id(key.access_key_id());
    let refused = update.status(StatusType::from("Paused")).send().await.unwrap_err();
    assert_eq!(code(&refused), "ValidationError");
    assert_eq!(
        refused.into_service_error().meta().message(),
        Some(
            "1 validation error detected: Value 'Paused' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
        )
    );
}

#[tokio::test]
async fn last_use_is_told_as_aws_tells_it() {
    let rig = Rig::new();
    let key = rig.mint().await;
    let iam = rig.iam();
    let last = async || {
        let answer = iam.get_access_key_last_used().access_key_id(key.access_key_id()).send().await.unwrap();
        assert_eq!(answer.user_name(), Some(USER));
        let last = answer.access_key_last_used().unwrap();
        let seconds = last.last_used_date().map(|date| date.secs());
        (seconds, last.service_name().to_owned(), last.region().to_owned())
    };
    let told = |seconds: Option<i64>, service: &str, region: &str| (seconds, service.to_owned(), region.to_owned());
    assert_eq!(last().await, told(None, "N/A", "N/A"));
    let first = rig.clock.now().as_second();
    rig.identity(&key).await.unwrap();
    assert_eq!(last().await, told(Some(first), "sts", "eu-central-1"));
    rig.pass(899);
    rig.iam_as(key.clone()).list_access_keys().send().await.unwrap();
    assert_eq!(last().await, told(Some(first), "sts", "eu-central-1"));
    rig.pass(1);
    rig.iam_as(key.clone()).list_access_keys().send().await.unwrap();
    assert_eq!(last().await, told(Some(first + 900), "iam", "us-east-1"));

    rig.cloud.aws().delete_key(key.access_key_id()).unwrap();
    let gone = iam.get_access_key_last_used().access_key_id(key.access_key_id()).send().await.unwrap_err();
    assert_eq!(code(&gone), "AccessDenied", "AWS says so of a key that does not exist");
}

const LAGS: Consistency = Consistency {
    settle: SignedDuration::from_secs(8),
    unsteady: SignedDuration::from_secs(8),
    unsteady_refusals: 2,
    listing_lag: SignedDuration::from_secs(20),
    stop_lag: SignedDuration::from_secs(5),
    tag_lag: SignedDuration::from_secs(4),
    secret_lag: SignedDuration::ZERO,
};

#[tokio::test]
async fn a_new_key_takes_its_time_and_one_success_proves_nothing() {
    let rig = Rig::with(LAGS);
    let key = rig.mint().await;
    let works = || rig.cloud.aws().works(key.access_key_id());
    assert_eq!(rig.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    rig.pass(8);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push((works(), rig.identity(&key).await.is_ok()));
    }
    let (yes, no) = (true, false);
    assert_eq!(seen, [(no, yes), (no, no), (no, yes), (no, no), (yes, yes), (yes, yes)]);
}

#[tokio::test]
async fn lists_stops_and_tags_lag_if_they_are_told_to() {
    let rig = Rig::with(LAGS);
    let iam = rig.iam();
    let key = rig.mint().await;
    let id = key.access_key_id();
    let listed = async || {
        let answer = iam.list_access_keys().user_name(USER).send().await.unwrap();
        answer.access_key_metadata().len()
    };
    assert_eq!(listed().await, 0);
    rig.pass(20);
    assert_eq!(listed().await, 1);
    iam.delete_access_key().user_name(USER).access_key_id(id).send().await.unwrap();
    assert!(!rig.cloud.aws().works(id));
    assert_eq!(listed().await, 1);
    rig.pass(4);
    rig.identity(&key).await.expect("a deleted key lags");
    rig.pass(1);
    assert_eq!(rig.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    rig.pass(15);
    assert_eq!(listed().await, 0);

    iam.tag_user().user_name(USER).tags(tag("a", "b")).send().await.unwrap();
    let tags = async || iam.list_user_tags().user_name(USER).send().await.unwrap().tags().len();
    assert_eq!((tags().await, rig.cloud.aws().tags(USER).len()), (0, 1));
    rig.pass(4);
    assert_eq!(tags().await, 1);
}
