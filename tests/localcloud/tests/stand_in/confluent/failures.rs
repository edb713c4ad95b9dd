//! Faults and rate limits, as plain HTTP sees them and as they leave the organisation.

use localcloud::confluent::{Kind, RateLimit, Resource, Settings};
use localcloud::{Fault, Rule};

use super::rig::{Answer, Rig};

fn create_under(rig: &Rig, fault: Fault) -> Result<Answer, String> {
    rig.cloud.faults().add(Rule::new(fault).on("CreateApiKey"));
    let answer = rig.create("mark", &word(rig));
    assert_eq!(rig.cloud.faults().unfired(), 0);
    answer
}

fn word(rig: &Rig) -> Resource {
    rig.cloud.confluent().create_cluster(Kind::Cloud)
}

/// How many keys there are, and the status, fault and outcome that the journal has for the last request.
fn left(rig: &Rig) -> (usize, Option<u16>, Option<&'static str>, Option<String>) {
    let last = rig.cloud.journal().pop().unwrap();
    (rig.cloud.confluent().keys(&rig.owner, "").len(), last.answered, last.fault, last.outcome)
}

fn ok() -> Option<String> {
    Some("OK".to_owned())
}

#[test]
fn an_error_has_confluents_shape_before_and_after_the_effect() {
    let rig = Rig::new();
    let before = create_under(&rig, Fault::error_before(500, "internal")).unwrap();
    assert_eq!(before.refusal(), (500, "internal".to_owned()));
    assert_eq!(before.json()["errors"][0]["status"], "500");
    assert_eq!(left(&rig), (0, Some(500), Some("error_before"), None));
    let after = create_under(&rig, Fault::error_after(503, "unavailable")).unwrap();
    assert_eq!(after.refusal(), (503, "unavailable".to_owned()));
    assert_eq!(left(&rig), (1, Some(503), Some("error_after"), ok()));
}

#[test]
fn a_lost_answer_leaves_a_key_whose_secret_nobody_has() {
    for (fault, name, answered) in [(Fault::DropAfter, "drop_after", None), (Fault::CutBody, "cut_body", Some(202))] {
        let rig = Rig::new();
        assert!(create_under(&rig, fault).is_err());
        assert_eq!(left(&rig), (1, answered, Some(name), ok()));
        assert_eq!(rig.cloud.confluent().keys(&rig.owner, "cloud")[0].display_name, "mark");
    }
    let rig = Rig::new();
    assert!(create_under(&rig, Fault::DropBefore).is_err());
    assert_eq!(left(&rig), (0, None, Some("drop_before"), None));
}

#[test]
fn an_answer_without_a_body_is_not_cut_but_lost() {
    let rig = Rig::new();
    let key = rig.mint(&word(&rig));
    rig.cloud.faults().add(Rule::new(Fault::CutBody).on("DeleteApiKey"));
    let path = format!("/iam/v2/api-keys/{}", key.api_key);
    assert!(rig.ask(&rig.admin(), "DELETE", &path, None).is_err());
    assert_eq!(left(&rig), (0, None, Some("cut_body"), ok()));
}

#[test]
fn throttling_has_two_shapes() {
    let rig = Rig::new();
    let resource = rig.cloud.confluent().create_cluster(Kind::Kafka);
    let key = rig.mint(&resource);
    let topics = rig.probe(Kind::Kafka, &resource).unwrap();
    rig.cloud.faults().add(Rule::new(Fault::Throttle).times(2));
    let cloud = rig.get(&rig.admin(), "/org/v2/environments");
    assert_eq!(cloud.refusal(), (429, "rate_limit_exceeded".to_owned()));
    for name in ["retry-after", "x-ratelimit-limit", "x-ratelimit-reset"] {
        assert_eq!(cloud.header(name), "1", "{name}");
    }
    let kafka = rig.get(&key, &topics);
    assert_eq!((kafka.status, kafka.header("content-type")), (429, "text/html;charset=utf-8"));
    for name in ["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        assert_eq!(kafka.header(name), "", "{name}");
    }
}

#[test]
fn so_many_requests_pass_in_a_second_of_the_stand_ins_clock() {
    let rig = Rig::with(Settings { rate_limit: Some(RateLimit::per_second(3)), ..Settings::immediate() });
    let statuses = || [(); 5].map(|()| rig.get(&rig.admin(), "/org/v2/environments").status);
    assert_eq!(statuses(), [200, 200, 200, 429, 429]);
    let last = rig.cloud.journal().pop().unwrap();
    assert_eq!((last.answered, last.outcome.as_deref()), (Some(429), Some("rate_limit_exceeded")));
    rig.pass(1);
    assert_eq!(statuses(), [200, 200, 200, 429, 429]);
}

#[test]
fn data_planes_have_a_limit_of_their_own() {
    let rig = Rig::new();
    let resource = rig.cloud.confluent().create_cluster(Kind::Kafka);
    let key = rig.mint(&resource);
    let topics = rig.probe(Kind::Kafka, &resource).unwrap();
    let limit = Some(RateLimit::per_second(1));
    rig.cloud.confluent().change_settings(|settings| settings.data_plane_rate_limit = limit);
    assert_eq!([(); 2].map(|()| rig.get(&key, &topics).status), [200, 429]);
    assert_eq!(rig.get(&rig.admin(), "/org/v2/environments").status, 200);
}

#[test]
fn a_stranger_acts_before_the_request() {
    let rig = Rig::new();
    let key = rig.mint(&word(&rig));
    let (confluent, id) = (rig.cloud.confluent().clone(), key.api_key.clone());
    let act = move || confluent.delete_key(&id).unwrap();
    rig.cloud.faults().add(Rule::new(Fault::stranger(act)).on("ReadApiKey"));
    let read = rig.get(&rig.admin(), &format!("/iam/v2/api-keys/{}", key.api_key));
    assert_eq!(read.refusal(), (404, "api_key_not_found".to_owned()));
}
