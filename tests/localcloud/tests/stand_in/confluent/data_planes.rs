//! When a new key works, where, and how it is refused until then.

use jiff::SignedDuration;
use localcloud::confluent::{Kind, Settings};

use super::rig::Rig;

/// What a probe with a key that is not known yet is answered with, per kind: status, media type, and a part of the body.
const NOT_YET: [(Kind, &str, &str); 6] = [
    (Kind::Cloud, "application/json", "\"code\":\"user_unauthenticated\""),
    (Kind::Global, "application/json", "\"code\":\"user_unauthenticated\""),
    (Kind::Tableflow, "application/json", "\"status\":\"401\""),
    (Kind::Kafka, "text/html;charset=utf-8", "HTTP ERROR 401 Unauthorized"),
    (Kind::SchemaRegistry, "application/vnd.schemaregistry.v1+json", "\"error_code\":401"),
    (Kind::Flink, "application/json", "\"errors\":["),
];

#[test]
fn a_new_key_of_each_kind_is_refused_until_its_delay_is_over() {
    for (kind, media, part) in NOT_YET {
        let rig = Rig::with(Settings::default());
        let resource = rig.cloud.confluent().create_cluster(kind);
        let url = rig.probe(kind, &resource).unwrap();
        let key = rig.mint(&resource);
        let early = rig.get(&key, &url);
        assert_eq!((early.status, early.header("content-type")), (401, media), "{kind:?}");
        assert!(early.text.contains(part), "{kind:?}: {}", early.text);
        assert!(!early.header("x-request-id").is_empty());
        assert!(!rig.cloud.confluent().works(&key.api_key));
        rig.pass(120);
        let late = rig.get(&key, &url);
        assert_eq!(late.status, 200, "{kind:?}: {}", late.text);
        late.json();
        assert!(rig.cloud.confluent().works(&key.api_key));
    }
}

#[test]
fn ksqldb_keys_have_no_probe_and_work_in_the_end() {
    let rig = Rig::with(Settings::default());
    let resource = rig.cloud.confluent().create_cluster(Kind::Ksqldb);
    let key = rig.mint(&resource);
    rig.pass(149);
    assert!(!rig.cloud.confluent().works(&key.api_key));
    rig.pass(1);
    assert!(rig.cloud.confluent().works(&key.api_key));
}

#[test]
fn one_success_of_a_kafka_key_proves_nothing() {
    let rig = Rig::with(Settings::default());
    let resource = rig.cloud.confluent().create_cluster(Kind::Kafka);
    let url = rig.probe(Kind::Kafka, &resource).unwrap();
    let key = rig.mint(&resource);
    rig.pass(60);
    let seen: Vec<(bool, u16)> =
        (0..6).map(|_| (rig.cloud.confluent().works(&key.api_key), rig.get(&key, &url).status)).collect();
    assert_eq!(seen, [(false, 200), (false, 401), (false, 200), (false, 401), (true, 200), (true, 200)]);
}

#[test]
fn a_key_opens_what_it_is_for_and_nothing_else() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let kinds =
        [Kind::Cloud, Kind::Global, Kind::Tableflow, Kind::Kafka, Kind::SchemaRegistry, Kind::Flink, Kind::Kafka];
    let resources = kinds.map(|kind| confluent.create_cluster(kind));
    let keys = resources.clone().map(|resource| rig.mint(&resource));
    for (place, (kind, resource)) in kinds.iter().zip(&resources).enumerate() {
        let url = rig.probe(*kind, resource).unwrap();
        let opened: Vec<Kind> = (0..keys.len())
            .filter(|other| rig.get(&keys[*other], &url).status == 200)
            .map(|other| kinds[other])
            .collect();
        let wanted = match kind {
            Kind::Cloud | Kind::Global => vec![Kind::Cloud, Kind::Global],
            Kind::Tableflow => vec![Kind::Cloud, Kind::Tableflow],
            Kind::Flink => vec![Kind::Global, Kind::Flink],
            _ => vec![*kind],
        };
        assert_eq!(opened, wanted, "{kind:?}");
        assert_eq!(rig.get(&keys[place], &url).status, 200);
    }
    let flink = &resources[5];
    let elsewhere = confluent.create_cluster_in(Kind::Flink, &confluent.create_environment("other")).unwrap();
    assert_eq!(flink.id, elsewhere.id);
    let url = rig.probe(Kind::Flink, &elsewhere).unwrap();
    assert_eq!(rig.get(&keys[5], &url).status, 401, "another environment");
}

#[test]
fn errors_of_a_data_plane_have_its_shape() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let kafka = confluent.create_cluster(Kind::Kafka);
    let registry = confluent.create_cluster(Kind::SchemaRegistry);
    let (topics, subjects) =
        (rig.probe(Kind::Kafka, &kafka).unwrap(), rig.probe(Kind::SchemaRegistry, &registry).unwrap());
    let stranger = rig.admin();
    let unknown = rig.get(&stranger, &topics);
    assert_eq!((unknown.status, &unknown.json()["error_code"]), (401, &40101.into()), "a key that is not for Kafka");
    let (of_kafka, of_registry) = (rig.mint(&kafka), rig.mint(&registry));
    confluent.deny(&rig.owner, &["ListKafkaTopics", "ListSubjects"]).unwrap();
    assert_eq!(rig.get(&of_kafka, &topics).json()["error_code"], 40301);
    assert_eq!(rig.get(&of_registry, &subjects).json()["error_code"], 40301);
    assert_eq!(rig.get(&stranger, "/kafka/v3/clusters/lkc-1/topics").status, 404, "not at Confluent's own address");
}

#[test]
fn a_deleted_key_works_on_for_its_lag() {
    let revocation = SignedDuration::from_secs(30);
    let rig = Rig::with(Settings { revocation, listing_lag: revocation, ..Settings::immediate() });
    let resource = rig.cloud.confluent().create_cluster(Kind::Cloud);
    let key = rig.mint(&resource);
    rig.pass(30);
    rig.cloud.confluent().delete_key(&key.api_key).unwrap();
    let now = || {
        let list = rig.get(&rig.admin(), &format!("/iam/v2/api-keys?spec.owner={}", rig.owner));
        let works = rig.cloud.confluent().works(&key.api_key);
        (rig.get(&key, "/org/v2/environments").status, list.json()["data"].as_array().unwrap().len(), works)
    };
    rig.pass(29);
    assert_eq!(now(), (200, 1, false));
    rig.pass(1);
    assert_eq!(now(), (401, 0, false));
}
