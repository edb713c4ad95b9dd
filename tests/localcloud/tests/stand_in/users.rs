//! Users and their tags, by the AWS SDK for Rust.

use aws_sdk_iam::types::Tag;
use localcloud::Clock;

use crate::common::{Rig, USER, client_credentials, code, tag};

fn pairs(tags: &[Tag]) -> Vec<(&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

#[tokio::test]
async fn a_user_lives_with_its_tags() {
    let rig = Rig::new();
    let iam = rig.iam();
    let made =
        iam.create_user().user_name("robot").path("/teams/ci/").tags(tag("Owner", "platform")).send().await.unwrap();
    let made = made.user().unwrap();
    assert_eq!(made.arn(), "arn:aws:iam::123456789012:user/teams/ci/robot");
    assert!(made.user_id().starts_with("AIDA"));
    assert_eq!(made.create_date().secs(), rig.clock.now().as_second());
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
    let rig = Rig::new();
    let iam = rig.iam();
    rig.mint().await;
    let refused = iam.delete_user().user_name(USER).send().await.unwrap_err();
    assert!(refused.into_service_error().is_delete_conflict_exception());
    for taken in [USER, "CI"] {
        let refused = iam.create_user().user_name(taken).send().await.unwrap_err();
        assert!(refused.into_service_error().is_entity_already_exists_exception());
    }
}

#[tokio::test]
async fn a_user_with_policies_is_not_deleted_and_has_ten_at_most() {
    let rig = Rig::new();
    let iam = rig.iam();
    let arn = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    let attach = |arn: String| iam.attach_user_policy().user_name(USER).policy_arn(arn).send();
    let detach = |arn: String| iam.detach_user_policy().user_name(USER).policy_arn(arn).send();
    attach(arn("job-function/ViewOnlyAccess")).await.unwrap();
    attach(arn("job-function/ViewOnlyAccess")).await.expect("to attach one again changes nothing");
    let listed = iam.list_attached_user_policies().user_name(USER).send().await.unwrap();
    let listed: Vec<_> =
        listed.attached_policies().iter().map(|policy| (policy.policy_name(), policy.policy_arn())).collect();
    assert_eq!(listed, [(Some("ViewOnlyAccess"), Some(arn("job-function/ViewOnlyAccess").as_str()))]);
    let refused = iam.delete_user().user_name(USER).send().await.unwrap_err();
    assert!(refused.into_service_error().is_delete_conflict_exception());

    for number in 1..10 {
        attach(arn(&format!("p{number}"))).await.unwrap();
    }
    assert!(attach(arn("p10")).await.unwrap_err().into_service_error().is_limit_exceeded_exception());
    let pages = iam.list_attached_user_policies().user_name(USER).max_items(3).into_paginator().send();
    let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.attached_policies().len()).collect::<Vec<_>>(), [3, 3, 3, 1]);
    let refused = attach("arn:aws:iam::aws:role/somebody".to_owned()).await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_input_exception());
    let refused = detach(arn("never")).await.unwrap_err();
    assert!(refused.into_service_error().is_no_such_entity_exception());

    for page in pages {
        for policy in page.attached_policies() {
            detach(policy.policy_arn().unwrap().to_owned()).await.unwrap();
        }
    }
    assert!(iam.list_user_policies().user_name(USER).send().await.unwrap().policy_names().is_empty());
    assert!(iam.list_groups_for_user().user_name(USER).send().await.unwrap().groups().is_empty());
    iam.delete_user().user_name(USER).send().await.unwrap();
    let refused = iam.list_groups_for_user().user_name(USER).send().await.unwrap_err();
    assert!(refused.into_service_error().is_no_such_entity_exception());
}

#[tokio::test]
async fn tags_have_their_limits() {
    let rig = Rig::new();
    let iam = rig.iam();
    let put = |tags: Vec<Tag>| iam.tag_user().user_name(USER).set_tags(Some(tags)).send();
    let fifty = (0..50).map(|n| tag(&n.to_string(), "")).collect();
    put(fifty).await.unwrap();
    let refused = put(vec![tag("one too many", "")]).await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 409);
    assert!(refused.into_service_error().is_limit_exceeded_exception());
    put(vec![tag("7", "replaced")]).await.unwrap();
    assert_eq!(rig.cloud.aws().tags(USER)["7"], "replaced");

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
    assert_eq!(rig.cloud.aws().tags(USER).len(), 50, "a refused call changes nothing");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let rig = Rig::new();
    let iam = rig.iam();
    let (one, two) = (rig.mint().await, rig.mint().await);
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
    let rig = Rig::new();
    let key = rig.mint().await;
    let own = rig.iam_as(key.clone());
    let user = own.get_user().send().await.unwrap();
    assert_eq!(user.user().unwrap().user_name(), USER);
    let second = own.create_access_key().send().await.unwrap();
    let second = second.access_key().unwrap();
    assert_eq!(second.user_name(), USER);
    let listed = own.list_access_keys().send().await.unwrap();
    assert_eq!(listed.access_key_metadata().len(), 2);
    own.delete_access_key().access_key_id(second.access_key_id()).send().await.unwrap();
    // The admin's own user is another one, and has no such key.
    let strange = rig.iam().delete_access_key().access_key_id(key.access_key_id()).send().await.unwrap_err();
    assert!(strange.into_service_error().is_no_such_entity_exception());
    assert_eq!(rig.key_ids(), [key.access_key_id()]);
}

#[tokio::test]
async fn a_permission_that_is_taken_is_missed_by_name() {
    let rig = Rig::new();
    let key = client_credentials(&rig.cloud.aws().mint_key(USER).unwrap());
    rig.cloud.aws().deny(USER, &["iam:TagUser", "sts:*"]).unwrap();
    let own = rig.iam_as(key.clone());
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
    rig.identity(&key).await.expect("nobody can be denied to ask who they are");
    rig.cloud.aws().deny(USER, &["iam:*"]).unwrap();
    let refused = own.list_users().send().await.unwrap_err();
    assert_eq!(code(&refused), "AccessDenied");
}
