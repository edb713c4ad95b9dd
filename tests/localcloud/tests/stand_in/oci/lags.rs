//! What takes time: new keys, deleted ones, changed users, and other regions.

use jiff::SignedDuration;
use localcloud::oci::Consistency;
use serde_json::json;

use super::Bench;
use super::client::told;

const LAGS: Consistency = Consistency {
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
    let bench = Bench::with(LAGS);
    let fingerprint = bench.cloud.oci().config().fingerprint;
    let made = bench.admin().post(&bench.keys(), json!({ "key": bench.pem() }));
    assert_eq!(made.body["lifecycleState"], "CREATING");
    assert_eq!(bench.admin().get(&bench.keys()).body, json!([]));
    bench.pass(3);
    assert_eq!(bench.admin().get(&bench.keys()).body[0]["lifecycleState"], "ACTIVE");
    assert_eq!(told(&bench.own().get(&bench.keys())), (401, "NotAuthenticated"));
    bench.pass(5);
    let works = || bench.cloud.oci().works("ci", &fingerprint);
    let seen: Vec<_> = (0..4).map(|_| (works(), bench.own().get(&bench.keys()).status)).collect();
    assert_eq!(seen, [(false, 200), (false, 401), (true, 200), (true, 200)]);
}

#[test]
fn a_wrong_signature_does_not_help_a_key_to_settle() {
    let bench = Bench::with(LAGS);
    bench.admin().post(&bench.keys(), json!({ "key": bench.pem() }));
    bench.pass(8);
    let spoilt = || bench.own().send("GET", &bench.keys(), None, &[("date", "Sun, 01 Mar 2026 12:00:09 GMT")]);
    assert_eq!([spoilt().status, spoilt().status], [401, 401]);
    assert_eq!(bench.own().get(&bench.keys()).status, 200);
    assert_eq!(bench.own().get(&bench.keys()).status, 401);
}

#[test]
fn a_deleted_key_signs_and_is_listed_for_a_while() {
    let bench = Bench::with(LAGS);
    let fingerprint = bench.cloud.oci().config().fingerprint;
    bench.admin().post(&bench.keys(), json!({ "key": bench.pem() }));
    bench.pass(100);
    let gone = bench.admin().delete(&format!("{}/{fingerprint}", bench.keys()));
    assert_eq!(gone.status, 204);
    assert!(!bench.cloud.oci().works("ci", &fingerprint));
    let listed = || bench.admin().get(&bench.keys()).body.as_array().unwrap().len();
    bench.pass(1);
    assert_eq!((listed(), bench.own().get(&bench.keys()).status), (1, 200));
    bench.pass(3);
    assert_eq!((listed(), bench.own().get(&bench.keys()).status), (0, 200));
    bench.pass(1);
    assert_eq!(bench.own().get(&bench.keys()).status, 401);
}

#[test]
fn a_fingerprint_may_be_sent_encoded_and_is_signed_as_it_is_sent() {
    let bench = Bench::new();
    let fingerprint = bench.cloud.oci().config().fingerprint;
    bench.admin().post(&bench.keys(), json!({ "key": bench.pem() }));
    let encoded = fingerprint.replace(':', "%3A");
    assert_eq!(bench.admin().delete(&format!("{}/{encoded}", bench.keys())).status, 204);
    assert!(bench.cloud.oci().keys("ci").is_empty());
}

#[test]
fn other_regions_follow_the_home_region_and_write_nothing() {
    let bench = Bench::with(LAGS);
    let user = format!("/users/{}", bench.user);
    let there = || bench.admin().at("eu-frankfurt-1");
    bench.admin().post(&bench.keys(), json!({ "key": bench.pem() }));
    bench.admin().ask("PUT", &user, Some(json!({ "freeformTags": { "a": "b" } })));
    bench.pass(30);
    assert_eq!(bench.own().get(&bench.keys()).status, 200);
    assert_eq!(bench.own().at("eu-frankfurt-1").get(&bench.keys()).status, 401);
    assert_eq!(there().get(&bench.keys()).body, json!([]));
    assert_eq!(there().get(&user).body["freeformTags"], json!({}));
    bench.pass(60);
    assert_eq!(bench.own().at("eu-frankfurt-1").get(&bench.keys()).status, 200);
    assert_eq!(there().get(&bench.keys()).body[0]["lifecycleState"], "ACTIVE");
    assert_eq!(there().get(&user).body["freeformTags"], json!({ "a": "b" }));

    let refused = there().ask("PUT", &user, Some(json!({})));
    assert_eq!(told(&refused), (403, "NotAllowed"));
    assert!(refused.body["message"].as_str().unwrap().contains("home region IAD"));
    let made = bench.admin().post(
        "/users",
        json!({
            "compartmentId": bench.cloud.oci().config().tenancy, "name": "new", "description": "x",
        }),
    );
    let new = format!("/users/{}", made.body["id"].as_str().unwrap());
    assert_eq!(told(&there().get(&new)), (404, "NotAuthorizedOrNotFound"));
    bench.pass(60);
    assert_eq!(there().get(&new).status, 200);
}

#[test]
fn a_changed_user_is_seen_late_and_its_etag_too() {
    let bench = Bench::with(LAGS);
    let user = format!("/users/{}", bench.user);
    let before = bench.admin().get(&user);
    let changed = bench.admin().ask("PUT", &user, Some(json!({ "freeformTags": { "a": "b" } })));
    let stale = bench.admin().get(&user);
    assert_eq!((&stale.etag, &stale.body), (&before.etag, &before.body));
    let late = bench.admin().send("PUT", &user, Some(json!({})), &[("if-match", &stale.etag)]);
    assert_eq!(told(&late), (412, "NoEtagMatch"));
    bench.pass(4);
    assert_eq!(bench.admin().get(&user).etag, changed.etag);
}
