//! Who is let in, by the AWS SDK for Rust.

use aws_credential_types::Credentials;
use aws_sdk_iam::config::Region;
use jiff::SignedDuration;
use localcloud::Clock;
use localcloud::ManualClock;

use crate::common::{Rig, Time, USER, code};

#[tokio::test]
async fn only_the_right_secret_of_a_known_key_opens() {
    let rig = Rig::new();
    let key = rig.mint().await;
    let (id, secret) = (key.access_key_id(), key.secret_access_key());
    let wrong = Credentials::from_keys(id, "wrong", None);
    assert_eq!(rig.identity(&wrong).await.unwrap_err(), "SignatureDoesNotMatch");
    let unknown = Credentials::from_keys("AKIAIOSFODNN7EXAMPLE", secret, None);
    assert_eq!(rig.identity(&unknown).await.unwrap_err(), "InvalidClientTokenId");
    let token = Credentials::from_keys(id, secret, Some("a token it never had".to_owned()));
    assert_eq!(rig.identity(&token).await.unwrap_err(), "InvalidClientTokenId");
    assert!(rig.cloud.aws().keys(USER)[0].last_use.is_none(), "a refused use is no use");
}

#[tokio::test]
async fn a_clock_that_is_off_by_more_than_fifteen_minutes_is_refused() {
    let rig = Rig::new();
    let at = |seconds: i64| {
        let clock = ManualClock::new(rig.clock.now());
        clock.advance(SignedDuration::from_secs(seconds));
        let config = rig.iam_config(rig.admin()).time_source(Time(clock));
        aws_sdk_iam::Client::from_conf(config.build())
    };
    for fine in [-900, 0, 900] {
        at(fine).get_user().user_name(USER).send().await.unwrap();
    }
    for (off, words) in [(-901, "Signature expired: "), (901, "Signature not yet current: ")] {
        let refused = at(off).get_user().user_name(USER).send().await.unwrap_err();
        assert_eq!(code(&refused), "SignatureDoesNotMatch");
        let refused = refused.into_service_error();
        assert!(refused.meta().message().unwrap().starts_with(words), "{refused}");
    }
}

/// The SDK signs for its own region when it is given an endpoint, and the global endpoint of IAM
/// takes us-east-1 alone; STS takes any.
#[tokio::test]
async fn a_signature_is_for_one_service_in_one_region() {
    let rig = Rig::new();
    let config = rig.iam_config(rig.admin()).region(Region::new("eu-central-1"));
    let elsewhere = aws_sdk_iam::Client::from_conf(config.build());
    let refused = elsewhere.list_users().send().await.unwrap_err();
    assert_eq!(code(&refused), "SignatureDoesNotMatch");
    let words = refused.into_service_error();
    assert_eq!(words.meta().message(), Some("Credential should be scoped to a valid region. "));
    rig.identity(&rig.admin()).await.unwrap();
}

#[tokio::test]
async fn a_session_of_a_role_is_known_until_it_expires_and_has_no_user_of_its_own() {
    let rig = Rig::new();
    let sts = rig.sts_as(rig.admin());
    let assume = || sts.assume_role().role_arn("arn:aws:iam::123456789012:role/path/deploy").role_session_name("run-7");
    let answer = assume().duration_seconds(900).send().await.unwrap();
    let given = answer.credentials().unwrap();
    assert!(given.access_key_id().starts_with("ASIA"));
    assert_eq!(given.expiration().secs(), rig.clock.now().as_second() + 900);
    let session = Credentials::from_keys(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
    );
    let arn = "arn:aws:sts::123456789012:assumed-role/deploy/run-7";
    assert_eq!(rig.identity(&session).await.unwrap(), arn);
    assert_eq!(answer.assumed_role_user().unwrap().arn(), arn);

    let iam = rig.iam_as(session.clone());
    let named = iam.create_access_key().user_name(USER).send().await;
    assert!(named.is_ok());
    let unnamed = iam.create_access_key().send().await.unwrap_err();
    assert_eq!(code(&unnamed), "ValidationError");
    let unnamed = unnamed.into_service_error();
    assert_eq!(unnamed.meta().message(), Some("Must specify userName when calling with non-User credentials"));

    let other = assume().send().await.unwrap();
    let other = other.credentials().unwrap().session_token().to_owned();
    for token in [None, Some(other)] {
        let mixed = Credentials::from_keys(given.access_key_id(), given.secret_access_key(), token);
        assert_eq!(rig.identity(&mixed).await.unwrap_err(), "InvalidClientTokenId");
    }
    let token = given.session_token().to_owned();
    let forged = Credentials::from_keys(given.access_key_id(), "wrong", Some(token));
    assert_eq!(rig.identity(&forged).await.unwrap_err(), "SignatureDoesNotMatch");
    rig.pass(900);
    assert_eq!(rig.identity(&session).await.unwrap_err(), "ExpiredToken");

    for (field, refused) in [
        ("role", assume().role_arn("arn:aws:iam::123456789012:user/nobody").send().await.unwrap_err()),
        ("name", assume().role_session_name("a b").send().await.unwrap_err()),
        ("time", assume().duration_seconds(899).send().await.unwrap_err()),
    ] {
        assert_eq!(code(&refused), "ValidationError", "{field}");
    }
}
