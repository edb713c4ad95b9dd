//! Retry tokens over time, and creates whose answers were lost.

use localcloud::{Fault, Rule};
use serde_json::json;

use super::Rig;
use super::client::{Answer, told};

fn create(rig: &Rig, token: &str) -> Answer {
    let body = json!({ "description": "x" });
    rig.admin().send("POST", &rig.tokens(), Some(body), &[("opc-retry-token", token)])
}

#[test]
fn a_create_whose_answer_was_lost_gives_its_secret_to_the_same_token() {
    let rig = Rig::new();
    rig.cloud.faults().add(Rule::new(Fault::error_after(500, "InternalServerError")).on("CreateAuthToken"));
    assert_eq!(create(&rig, "t").status, 500);
    let answer = create(&rig, "t");
    assert!(rig.cloud.oci().token_opens("ci", answer.body["token"].as_str().unwrap()));
    assert_eq!(rig.cloud.oci().secrets("ci", localcloud::oci::Kind::AuthToken).len(), 1);
    assert_eq!(rig.cloud.journal()[1].reason, Some("answered as before, by its retry token"));
}

#[test]
fn a_token_is_known_for_a_day_and_by_its_user_alone() {
    let rig = Rig::new();
    let first = create(&rig, "t").body["id"].clone();
    rig.pass(24 * 3600 - 1);
    assert_eq!(create(&rig, "t").body["id"], first);
    rig.pass(1);
    assert_ne!(create(&rig, "t").body["id"], first);

    let rig = Rig::new();
    create(&rig, "t");
    rig.cloud.oci().upload_key("ci", &rig.pem()).unwrap();
    let body = json!({ "description": "other" });
    let own = rig.own().send("POST", &rig.tokens(), Some(body), &[("opc-retry-token", "t")]);
    assert_eq!(own.status, 200);
}

#[test]
fn a_refused_create_is_not_remembered() {
    let rig = Rig::new();
    let foreign = [(); 2].map(|()| create(&rig, "").body["code"].clone());
    assert_eq!(foreign, ["InvalidParameter", "InvalidParameter"], "an empty token is none");
    for token in ["a", "b"] {
        assert_eq!(create(&rig, token).status, 200);
    }
    assert_eq!(told(&create(&rig, "c")), (400, "LimitExceeded"));
    let oci = rig.cloud.oci();
    let known = oci.secrets("ci", localcloud::oci::Kind::AuthToken);
    oci.delete_secret(&known[0].id).unwrap();
    assert_eq!(create(&rig, "c").status, 200);
    assert_eq!(told(&create(&rig, "a")), (409, "InvalidatedRetryToken"));
}
