//! What takes time: new keys, deleted ones, changed users, and other regions.

use jiff::SignedDuration;
use localcloud::oci::Consistency;
use serde_json::json;

use super::Rig;
use super::client::told;

const LAGS: Consistency = Consistency {
    secret_settle: SignedDuration::ZERO,
    secret_lag: SignedDuration::ZERO,
    activation: SignedDuration::from_secs(3),
    settle: SignedDuration::from_secs(8),
    unsteady: SignedDuration::from_secs(8),
    unsteady_refusals: 1,
    listing_lag: SignedDuration::from_secs(2),
    stop_lag: SignedDuration::from_secs(5),
    tag_lag: SignedDuration::from_secs(4),
    replica_lag: SignedDuration::from_secs(60),
};

#[test]
fn a_new_key_is_active_before_it_works_and_one_success_proves_nothing() {
    let rig = Rig::with(LAGS);
    let fingerprint = rig.cloud.oci().config().fingerprint;
    let made = rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    assert_eq!(made.body["lifecycleState"], "CREATING");
    assert_eq!(rig.admin().get(&rig.keys()).body, json!([]));
    rig.pass(3);
    assert_eq!(rig.admin().get(&rig.keys()).body[0]["lifecycleState"], "ACTIVE");
    assert_eq!(told(&rig.own().get(&rig.keys())), (401, "NotAuthenticated"));
    rig.pass(5);
    let works = || rig.cloud.oci().works("ci", &fingerprint);
    let seen: Vec<_> = (0..4).map(|_| (works(), rig.own().get(&rig.keys()).status)).collect();
    assert_eq!(seen, [(false, 200), (false, 401), (true, 200), (true, 200)]);
}

#[test]
fn a_wrong_signature_does_not_help_a_key_to_settle() {
    let rig = Rig::with(LAGS);
    rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    rig.pass(8);
    let spoilt = || rig.own().send("GET", &rig.keys(), None, &[("date", "Sun, 01 Mar 2026 12:00:09 GMT")]);
    assert_eq!([spoilt().status, spoilt().status], [401, 401]);
    assert_eq!(rig.own().get(&rig.keys()).status, 200);
    assert_eq!(rig.own().get(&rig.keys()).status, 401);
}

#[test]
fn a_deleted_key_signs_and_is_listed_for_a_while() {
    let rig = Rig::with(LAGS);
    let fingerprint = rig.cloud.oci().config().fingerprint;
    rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    rig.pass(100);
    let gone = rig.admin().delete(&format!("{}/{fingerprint}", rig.keys()));
    assert_eq!(gone.status, 204);
    assert!(!rig.cloud.oci().works("ci", &fingerprint));
    let listed = || rig.admin().get(&rig.keys()).body.as_array().unwrap().len();
    rig.pass(1);
    assert_eq!((listed(), rig.own().get(&rig.keys()).status), (1, 200));
    rig.pass(3);
    assert_eq!((listed(), rig.own().get(&rig.keys()).status), (0, 200));
    rig.pass(1);
    assert_eq!(rig.own().get(&rig.keys()).status, 401);
}

#[test]
fn a_fingerprint_may_be_sent_encoded_and_is_signed_as_it_is_sent() {
    let rig = Rig::new();
    let fingerprint = rig.cloud.oci().config().fingerprint;
    rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    let encoded = fingerprint.replace(':', "%3A");
    assert_eq!(rig.admin().delete(&format!("{}/{encoded}", rig.keys())).status, 204);
    assert!(rig.cloud.oci().keys("ci").is_empty());
}

#[test]
fn other_regions_follow_the_home_region_and_write_nothing() {
    let rig = Rig::with(LAGS);
    let user = format!("/users/{}", rig.user);
    let there = || rig.admin().at("eu-frankfurt-1");
    rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    rig.admin().ask("PUT", &user, Some(json!({ "freeformTags": { "a": "b" } })));
    rig.pass(30);
    assert_eq!(rig.own().get(&rig.keys()).status, 200);
    assert_eq!(rig.own().at("eu-frankfurt-1").get(&rig.keys()).status, 401);
    assert_eq!(there().get(&rig.keys()).body, json!([]));
    assert_eq!(there().get(&user).body["freeformTags"], json!({}));
    rig.pass(60);
    assert_eq!(rig.own().at("eu-frankfurt-1").get(&rig.keys()).status, 200);
    assert_eq!(there().get(&rig.keys()).body[0]["lifecycleState"], "ACTIVE");
    assert_eq!(there().get(&user).body["freeformTags"], json!({ "a": "b" }));

    let refused = there().ask("PUT", &user, Some(json!({})));
    assert_eq!(told(&refused), (403, "NotAllowed"));
    assert!(refused.body["message"].as_str().unwrap().contains("home region IAD"));
    let made = rig.admin().post(
        "/users",
        json!({
            "compartmentId": rig.cloud.oci().config().tenancy, "name": "new", "description": "x",
        }),
    );
    let new = format!("/users/{}", made.body["id"].as_str().unwrap());
    assert_eq!(told(&there().get(&new)), (404, "NotAuthorizedOrNotFound"));
    rig.pass(60);
    assert_eq!(there().get(&new).status, 200);
}

#[test]
fn a_changed_user_is_seen_late_and_its_etag_too() {
    let rig = Rig::with(LAGS);
    let user = format!("/users/{}", rig.user);
    let before = rig.admin().get(&user);
    let changed = rig.admin().ask("PUT", &user, Some(json!({ "freeformTags": { "a": "b" } })));
    let stale = rig.admin().get(&user);
    assert_eq!((&stale.etag, &stale.body), (&before.etag, &before.body));
    let late = rig.admin().send("PUT", &user, Some(json!({})), &[("if-match", &stale.etag)]);
    assert_eq!(told(&late), (412, "NoEtagMatch"));
    rig.pass(4);
    assert_eq!(rig.admin().get(&user).etag, changed.etag);
}
