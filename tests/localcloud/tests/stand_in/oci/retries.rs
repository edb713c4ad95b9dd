//! Retry tokens over time, and creates whose answers were lost.

use localcloud::{Fault, Rule};
use serde_json::json;

use super::Bench;
use super::client::{Answer, told};

fn create(bench: &Bench, token: &str) -> Answer {
    let body = json!({ "description": "x" });
    bench.admin().send("POST", &bench.tokens(), Some(body), &[("opc-retry-token", token)])
}

#[test]
fn a_create_whose_answer_was_lost_gives_its_secret_to_the_same_token() {
    let bench = Bench::new();
    bench.cloud.faults().add(Rule::new(Fault::error_after(500, "InternalServerError")).on("CreateAuthToken"));
    assert_eq!(create(&bench, "t").status, 500);
    let answer = create(&bench, "t");
    assert!(bench.cloud.oci().token_opens("ci", answer.body["token"].as_str().unwrap()));
    assert_eq!(bench.cloud.oci().secrets("ci", localcloud::oci::Kind::AuthToken).len(), 1);
    assert_eq!(bench.cloud.journal()[1].reason, Some("answered as before, by its retry token"));
}

#[test]
fn a_token_is_known_for_a_day_and_by_its_user_alone() {
    let bench = Bench::new();
    let first = create(&bench, "t").body["id"].clone();
    bench.pass(24 * 3600 - 1);
    assert_eq!(create(&bench, "t").body["id"], first);
    bench.pass(1);
    assert_ne!(create(&bench, "t").body["id"], first);

    let bench = Bench::new();
    create(&bench, "t");
    bench.cloud.oci().upload_key("ci", &bench.pem()).unwrap();
    let body = json!({ "description": "other" });
    let own = bench.own().send("POST", &bench.tokens(), Some(body), &[("opc-retry-token", "t")]);
    assert_eq!(own.status, 200);
}

#[test]
fn a_refused_create_is_not_remembered() {
    let bench = Bench::new();
    let foreign = [(); 2].map(|()| create(&bench, "").body["code"].clone());
    assert_eq!(foreign, ["InvalidParameter", "InvalidParameter"], "an empty token is none");
    for token in ["a", "b"] {
        assert_eq!(create(&bench, token).status, 200);
    }
    assert_eq!(told(&create(&bench, "c")), (400, "LimitExceeded"));
    let oci = bench.cloud.oci();
    let known = oci.secrets("ci", localcloud::oci::Kind::AuthToken);
    oci.delete_secret(&known[0].id).unwrap();
    assert_eq!(create(&bench, "c").status, 200);
    assert_eq!(told(&create(&bench, "a")), (409, "InvalidatedRetryToken"));
}
