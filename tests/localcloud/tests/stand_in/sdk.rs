//! The AWS SDK for Rust as a client: every action, and every refusal that a rotation can meet.

use crate::common::{Bench, Time, USER, client_credentials, code, system_time};
use aws_credential_types::Credentials;
use aws_sdk_iam::config::Region;
use aws_sdk_iam::types::{StatusType, Tag};
use jiff::SignedDuration;
use localcloud::{Clock, Consistency, ManualClock};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

fn pairs(tags: &[Tag]) -> Vec<(&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

#[tokio::test]
async fn a_user_lives_with_its_tags() {
    let bench = Bench::new();
    let iam = bench.iam();
    let made =
        iam.create_user().user_name("robot").path("/teams/ci/").tags(tag("Owner", "platform")).send().await.unwrap();
    let made = made.user().unwrap();
    assert_eq!(made.arn(), "arn:aws:iam::123456789012:user/teams/ci/robot");
    assert!(made.user_id().starts_with("AIDA"));
    assert_eq!(made.create_date().secs(), bench.clock.now().as_second());
    assert_eq!(pairs(made.tags()), [("Owner", "platform")]);

    let tags = [tag("owner", "Größe 漢字"), tag("b", "")];
    iam.tag_user().user_name("robot").set_tags(Some(tags.into())).send().await.unwrap();
    let user = iam.get_user().user_name("robot").send().await.unwrap();
    // Keys differ by more than case: the new spelling takes the place of the old one.
    assert_eq!(pairs(user.user().unwrap().tags()), [("b", ""), ("owner", "Größe 漢字")]);

    iam.untag_user().user_name("robot").tag_keys("OWNER").tag_keys("never there").send().await.unwrap();
    let listed = iam.list_user_tags().user_name("robot").send().await.unwrap();
    assert_eq!(pairs(listed.tags()), [("b", "")]);

    let within = iam.list_users().path_prefix("/teams").send().await.unwrap();
    let names: Vec<&str> = within.users().iter().map(|user| user.user_name()).collect();
    assert_eq!(names, ["robot"]);
    assert!(within.users()[0].tags().is_empty(), "ListUsers leaves tags out");

    iam.delete_user().user_name("robot").send().await.unwrap();
    let gone = iam.get_user().user_name("robot").send().await.unwrap_err().into_service_error();
    assert!(gone.is_no_such_entity_exception());
    assert_eq!(gone.to_string(), "NoSuchEntityException: The user with name robot cannot be found.");
}

#[tokio::test]
async fn a_user_with_keys_is_not_deleted_and_a_name_is_taken_once() {
    let bench = Bench::new();
    let iam = bench.iam();
    bench.mint().await;
    let refused = iam.delete_user().user_name(USER).send().await.unwrap_err();
    assert!(refused.into_service_error().is_delete_conflict_exception());
    for taken in [USER, "CI"] {
        let refused = iam.create_user().user_name(taken).send().await.unwrap_err();
        assert!(refused.into_service_error().is_entity_already_exists_exception());
    }
}

#[tokio::test]
async fn a_key_is_made_used_stopped_started_and_deleted() {
    let bench = Bench::new();
    let iam = bench.iam();
    let key = bench.mint().await;
    let id = key.access_key_id();
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(key.secret_access_key().len(), 40);

    let arn = bench.identity(&key).await.unwrap();
    assert_eq!(arn, "arn:aws:iam::123456789012:user/ci");

    let set = |status| iam.update_access_key().user_name(USER).access_key_id(id).status(status).send();
    set(StatusType::Inactive).await.unwrap();
    assert_eq!(bench.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    let listed = iam.list_access_keys().user_name(USER).send().await.unwrap();
    assert_eq!(listed.access_key_metadata()[0].status(), Some(&StatusType::Inactive));
    set(StatusType::Active).await.unwrap();
    bench.identity(&key).await.unwrap();

    let delete = || iam.delete_access_key().user_name(USER).access_key_id(id).send();
    delete().await.unwrap();
    assert_eq!(bench.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    let again = delete().await.unwrap_err().into_service_error();
    assert!(again.is_no_such_entity_exception());
    assert!(again.to_string().ends_with(&format!("The Access Key with id {id} cannot be found.")));
    assert!(bench.key_ids().is_empty());
}

#[tokio::test]
async fn two_keys_are_the_quota_and_inactive_ones_count() {
    let bench = Bench::new();
    let iam = bench.iam();
    let first = bench.mint().await;
    bench.mint().await;
    let stop = iam.update_access_key().user_name(USER).access_key_id(first.access_key_id());
    stop.status(StatusType::Inactive).send().await.unwrap();
    let refused = iam.create_access_key().user_name(USER).send().await.unwrap_err();
    let response = refused.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 409);
    let refused = refused.into_service_error();
    assert!(refused.is_limit_exceeded_exception());
    assert!(refused.to_string().ends_with("Cannot exceed quota for AccessKeysPerUser: 2"));
    assert_eq!(bench.key_ids().len(), 2);
}

#[tokio::test]
async fn only_the_right_secret_of_a_known_key_opens() {
    let bench = Bench::new();
    let key = bench.mint().await;
    let (id, secret) = (key.access_key_id(), key.secret_access_key());
    let wrong = Credentials::from_keys(id, "wrong", None);
    assert_eq!(bench.identity(&wrong).await.unwrap_err(), "SignatureDoesNotMatch");
    let unknown = Credentials::from_keys("AKIAIOSFODNN7EXAMPLE", secret, None);
    assert_eq!(bench.identity(&unknown).await.unwrap_err(), "InvalidClientTokenId");
    let token = Credentials::from_keys(id, secret, Some("a token it never had".to_owned()));
    assert_eq!(bench.identity(&token).await.unwrap_err(), "InvalidClientTokenId");
    assert!(bench.cloud.aws().keys(USER)[0].last_use.is_none(), "a refused use is no use");
}

#[tokio::test]
async fn a_clock_that_is_off_by_more_than_fifteen_minutes_is_refused() {
    let bench = Bench::new();
    let at = |seconds: i64| {
        let clock = ManualClock::new(bench.clock.now());
        clock.advance(SignedDuration::from_secs(seconds));
        let config = bench.iam_config(bench.admin()).time_source(Time(clock));
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
    let bench = Bench::new();
    let config = bench.iam_config(bench.admin()).region(Region::new("eu-central-1"));
    let elsewhere = aws_sdk_iam::Client::from_conf(config.build());
    let refused = elsewhere.list_users().send().await.unwrap_err();
    assert_eq!(code(&refused), "SignatureDoesNotMatch");
    let words = refused.into_service_error();
    assert_eq!(words.meta().message(), Some("Credential should be scoped to a valid region. "));
    bench.identity(&bench.admin()).await.unwrap();
}

#[tokio::test]
async fn lists_come_in_pages() {
    let bench = Bench::new();
    let iam = bench.iam();
    let (one, two) = (bench.mint().await, bench.mint().await);
    let mut made = [one.access_key_id().to_owned(), two.access_key_id().to_owned()];
    made.sort();

    let first = iam.list_access_keys().user_name(USER).max_items(1).send().await.unwrap();
    assert!(first.is_truncated());
    assert_eq!(first.access_key_metadata().len(), 1);
    let rest =
        iam.list_access_keys().user_name(USER).set_marker(first.marker().map(str::to_owned)).send().await.unwrap();
    assert!(!rest.is_truncated());
    assert_eq!(rest.marker(), None);
    let listed = [first.access_key_metadata(), rest.access_key_metadata()].concat();
    let listed: Vec<&str> = listed.iter().filter_map(|key| key.access_key_id()).collect();
    assert_eq!(listed, made);

    let tags: Vec<Tag> = (0..50).map(|n| tag(&format!("k{n:02}"), "v")).collect();
    iam.tag_user().user_name(USER).set_tags(Some(tags.clone())).send().await.unwrap();
    let pages = iam.list_user_tags().user_name(USER).max_items(20).into_paginator().items().send();
    let seen: Vec<Tag> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(seen, tags);

    for n in 0..5 {
        iam.create_user().user_name(format!("u{n}")).send().await.unwrap();
    }
    let pages = iam.list_users().max_items(2).into_paginator().items().send();
    let users: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(users.len(), 7, "five, the one that tests are about, and the admin");

    for (bad, words) in [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")] {
        let refused = iam.list_users().max_items(bad).send().await.unwrap_err();
        assert_eq!(code(&refused), "ValidationError");
        assert!(refused.into_service_error().meta().message().unwrap().ends_with(words));
    }
}

#[tokio::test]
async fn a_user_without_a_name_is_the_signers_own() {
    let bench = Bench::new();
    let key = bench.mint().await;
    let own = bench.iam_as(key.clone());
    let user = own.get_user().send().await.unwrap();
    assert_eq!(user.user().unwrap().user_name(), USER);
    let second = own.create_access_key().send().await.unwrap();
    let second = second.access_key().unwrap();
    assert_eq!(second.user_name(), USER);
    let listed = own.list_access_keys().send().await.unwrap();
    assert_eq!(listed.access_key_metadata().len(), 2);
    own.delete_access_key().access_key_id(second.access_key_id()).send().await.unwrap();
    // The admin's own user is another one, and has no such key.
    let strange = bench.iam().delete_access_key().access_key_id(key.access_key_id()).send().await.unwrap_err();
    assert!(strange.into_service_error().is_no_such_entity_exception());
    assert_eq!(bench.key_ids(), [key.access_key_id()]);
}

#[tokio::test]
async fn a_session_of_a_role_is_known_until_it_expires_and_has_no_user_of_its_own() {
    let bench = Bench::new();
    let sts = bench.sts_as(bench.admin());
    let assume = || sts.assume_role().role_arn("arn:aws:iam::123456789012:role/path/deploy").role_session_name("run-7");
    let answer = assume().duration_seconds(900).send().await.unwrap();
    let given = answer.credentials().unwrap();
    assert!(given.access_key_id().starts_with("ASIA"));
    assert_eq!(given.expiration().secs(), bench.clock.now().as_second() + 900);
    let session = Credentials::from_keys(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
    );
    let arn = "arn:aws:sts::123456789012:assumed-role/deploy/run-7";
    assert_eq!(bench.identity(&session).await.unwrap(), arn);
    assert_eq!(answer.assumed_role_user().unwrap().arn(), arn);

    let iam = bench.iam_as(session.clone());
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
        assert_eq!(bench.identity(&mixed).await.unwrap_err(), "InvalidClientTokenId");
    }
    let token = given.session_token().to_owned();
    let forged = Credentials::from_keys(given.access_key_id(), "wrong", Some(token));
    assert_eq!(bench.identity(&forged).await.unwrap_err(), "SignatureDoesNotMatch");
    bench.pass(900);
    assert_eq!(bench.identity(&session).await.unwrap_err(), "ExpiredToken");

    for (field, refused) in [
        ("role", assume().role_arn("arn:aws:iam::123456789012:user/nobody").send().await.unwrap_err()),
        ("name", assume().role_session_name("a b").send().await.unwrap_err()),
        ("time", assume().duration_seconds(899).send().await.unwrap_err()),
    ] {
        assert_eq!(code(&refused), "ValidationError", "{field}");
    }
}

#[tokio::test]
async fn tags_have_their_limits() {
    let bench = Bench::new();
    let iam = bench.iam();
    let put = |tags: Vec<Tag>| iam.tag_user().user_name(USER).set_tags(Some(tags)).send();
    let fifty = (0..50).map(|n| tag(&n.to_string(), "")).collect();
    put(fifty).await.unwrap();
    let refused = put(vec![tag("one too many", "")]).await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 409);
    assert!(refused.into_service_error().is_limit_exceeded_exception());
    put(vec![tag("7", "replaced")]).await.unwrap();
    assert_eq!(bench.cloud.aws().tags(USER)["7"], "replaced");

    let invalid = [
        vec![tag("a,b", "")],
        vec![tag("a", "{\"json\":true}")],
        vec![tag(&"k".repeat(129), "")],
        vec![tag("k", &"v".repeat(257))],
        vec![tag("aws:reserved", "")],
        (0..51).map(|n| tag(&format!("x{n}"), "")).collect(),
    ];
    for tags in invalid {
        let refused = put(tags).await.unwrap_err();
        assert_eq!(code(&refused), "ValidationError");
    }
    let twice = put(vec![tag("Same", "1"), tag("same", "2")]).await.unwrap_err();
    assert!(twice.into_service_error().is_invalid_input_exception());
    assert_eq!(bench.cloud.aws().tags(USER).len(), 50, "a refused call changes nothing");
}

#[tokio::test]
async fn a_status_is_one_of_two() {
    let bench = Bench::new();
    let key = bench.mint().await;
    let update = bench.iam().update_access_key().user_name(USER).access_key_id(key.access_key_id());
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
async fn a_permission_that_is_taken_is_missed_by_name() {
    let bench = Bench::new();
    let key = client_credentials(&bench.cloud.aws().mint_key(USER).unwrap());
    bench.cloud.aws().deny(USER, &["iam:TagUser", "sts:*"]).unwrap();
    let own = bench.iam_as(key.clone());
    let refused = own.tag_user().user_name(USER).tags(tag("a", "b")).send().await.unwrap_err();
    assert_eq!((refused.raw_response().unwrap().status().as_u16(), &*code(&refused)), (403, "AccessDenied"));
    assert_eq!(
        refused.into_service_error().meta().message(),
        Some(
            "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:TagUser on resource: user ci \
             because no identity-based policy allows the iam:TagUser action"
        )
    );
    own.list_user_tags().user_name(USER).send().await.unwrap();
    bench.identity(&key).await.expect("nobody can be denied to ask who they are");
    bench.cloud.aws().deny(USER, &["iam:*"]).unwrap();
    let refused = own.list_users().send().await.unwrap_err();
    assert_eq!(code(&refused), "AccessDenied");
}

#[tokio::test]
async fn last_use_is_told_as_aws_tells_it() {
    let bench = Bench::new();
    let key = bench.mint().await;
    let iam = bench.iam();
    let last = async || {
        let answer = iam.get_access_key_last_used().access_key_id(key.access_key_id()).send().await.unwrap();
        assert_eq!(answer.user_name(), Some(USER));
        let last = answer.access_key_last_used().unwrap();
        let seconds = last.last_used_date().map(|date| date.secs());
        (seconds, last.service_name().to_owned(), last.region().to_owned())
    };
    let told = |seconds: Option<i64>, service: &str, region: &str| (seconds, service.to_owned(), region.to_owned());
    assert_eq!(last().await, told(None, "N/A", "N/A"));
    let first = bench.clock.now().as_second();
    bench.identity(&key).await.unwrap();
    assert_eq!(last().await, told(Some(first), "sts", "eu-central-1"));
    bench.pass(899);
    bench.iam_as(key.clone()).list_access_keys().send().await.unwrap();
    assert_eq!(last().await, told(Some(first), "sts", "eu-central-1"));
    bench.pass(1);
    bench.iam_as(key.clone()).list_access_keys().send().await.unwrap();
    assert_eq!(last().await, told(Some(first + 900), "iam", "us-east-1"));

    bench.cloud.aws().delete_key(key.access_key_id()).unwrap();
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
};

#[tokio::test]
async fn a_new_key_takes_its_time_and_one_success_proves_nothing() {
    let bench = Bench::with(LAGS);
    let key = bench.mint().await;
    let works = || bench.cloud.aws().works(key.access_key_id());
    assert_eq!(bench.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    bench.pass(8);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push((works(), bench.identity(&key).await.is_ok()));
    }
    let (yes, no) = (true, false);
    assert_eq!(seen, [(no, yes), (no, no), (no, yes), (no, no), (yes, yes), (yes, yes)]);
}

#[tokio::test]
async fn lists_stops_and_tags_lag_if_they_are_told_to() {
    let bench = Bench::with(LAGS);
    let iam = bench.iam();
    let key = bench.mint().await;
    let id = key.access_key_id();
    let listed = async || {
        let answer = iam.list_access_keys().user_name(USER).send().await.unwrap();
        answer.access_key_metadata().len()
    };
    assert_eq!(listed().await, 0);
    bench.pass(20);
    assert_eq!(listed().await, 1);
    iam.delete_access_key().user_name(USER).access_key_id(id).send().await.unwrap();
    assert!(!bench.cloud.aws().works(id));
    assert_eq!(listed().await, 1);
    bench.pass(4);
    bench.identity(&key).await.expect("a deleted key lags");
    bench.pass(1);
    assert_eq!(bench.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    bench.pass(15);
    assert_eq!(listed().await, 0);

    iam.tag_user().user_name(USER).tags(tag("a", "b")).send().await.unwrap();
    let tags = async || iam.list_user_tags().user_name(USER).send().await.unwrap().tags().len();
    assert_eq!((tags().await, bench.cloud.aws().tags(USER).len()), (0, 1));
    bench.pass(4);
    assert_eq!(tags().await, 1);
}

#[tokio::test]
async fn the_journal_tells_who_did_what_and_no_secret() {
    let bench = Bench::new();
    let key = bench.mint().await;
    let _ = bench.identity(&Credentials::from_keys(key.access_key_id(), "wrong", None)).await;
    bench.identity(&key).await.unwrap();
    let journal = bench.cloud.journal();
    let told: Vec<_> =
        journal.iter().map(|entry| (entry.seq, &*entry.action, entry.outcome.as_deref(), entry.answered)).collect();
    assert_eq!(
        told,
        [
            (1, "CreateAccessKey", Some("OK"), Some(200)),
            (2, "GetCallerIdentity", Some("SignatureDoesNotMatch"), Some(403)),
            (3, "GetCallerIdentity", Some("OK"), Some(200)),
        ]
    );
    let (made, forged, used) = (&journal[0], &journal[1], &journal[2]);
    let admin = bench.cloud.aws().admin_credentials();
    assert_eq!(made.signer.as_ref(), Some(&admin.access_key_id));
    assert_eq!(made.principal.as_deref(), Some(USER));
    assert_eq!(made.key.as_deref(), Some(key.access_key_id()));
    assert_eq!(forged.signer, None);
    assert_eq!(used.signer.as_deref(), Some(key.access_key_id()));
    assert_eq!(system_time(used.at), system_time(bench.clock.now()));

    let text = format!("{journal:?} {:?} {admin:?}", bench.cloud.aws().snapshot());
    assert_eq!(bench.cloud.aws().leaks(&text), Vec::<String>::new());
    let spilled = format!("{text} {}", key.secret_access_key().replace('/', "%2F").replace('+', "%2B"));
    assert_eq!(bench.cloud.aws().leaks(&spilled), [key.access_key_id()]);
}

#[tokio::test]
async fn a_reset_leaves_the_admin_and_nothing_else() {
    let bench = Bench::new();
    let key = bench.mint().await;
    bench.cloud.reset();
    assert_eq!(bench.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    assert_eq!(bench.cloud.journal().len(), 1);
    let users = bench.iam().list_users().send().await.unwrap();
    let names: Vec<&str> = users.users().iter().map(|user| user.user_name()).collect();
    assert_eq!(names, ["admin"]);
}

#[tokio::test]
async fn the_same_seed_and_time_give_the_same_keys() {
    let ids = async || {
        let bench = Bench::new();
        (bench.mint().await.access_key_id().to_owned(), bench.admin().access_key_id().to_owned())
    };
    assert_eq!(ids().await, ids().await);
}
