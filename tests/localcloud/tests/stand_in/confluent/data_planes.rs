//! When a new key works, where, and how it is refused until then.

use jiff::SignedDuration;
use localcloud::confluent::{Kind, Settings};

use super::bench::Bench;

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
        let bench = Bench::with(Settings::default());
        let resource = bench.cloud.confluent().create_cluster(kind);
        let url = bench.probe(kind, &resource).unwrap();
        let key = bench.mint(&resource);
        let early = bench.get(&key, &url);
        assert_eq!((early.status, early.header("content-type")), (401, media), "{kind:?}");
        assert!(early.text.contains(part), "{kind:?}: {}", early.text);
        assert!(!early.header("x-request-id").is_empty());
        assert!(!bench.cloud.confluent().works(&key.api_key));
        bench.pass(120);
        let late = bench.get(&key, &url);
        assert_eq!(late.status, 200, "{kind:?}: {}", late.text);
        late.json();
        assert!(bench.cloud.confluent().works(&key.api_key));
    }
}

#[test]
fn ksqldb_keys_have_no_probe_and_work_in_the_end() {
    let bench = Bench::with(Settings::default());
    let resource = bench.cloud.confluent().create_cluster(Kind::Ksqldb);
    let key = bench.mint(&resource);
    bench.pass(149);
    assert!(!bench.cloud.confluent().works(&key.api_key));
    bench.pass(1);
    assert!(bench.cloud.confluent().works(&key.api_key));
}

#[test]
fn one_success_of_a_kafka_key_proves_nothing() {
    let bench = Bench::with(Settings::default());
    let resource = bench.cloud.confluent().create_cluster(Kind::Kafka);
    let url = bench.probe(Kind::Kafka, &resource).unwrap();
    let key = bench.mint(&resource);
    bench.pass(60);
    let seen: Vec<(bool, u16)> =
        (0..6).map(|_| (bench.cloud.confluent().works(&key.api_key), bench.get(&key, &url).status)).collect();
    assert_eq!(seen, [(false, 200), (false, 401), (false, 200), (false, 401), (true, 200), (true, 200)]);
}

#[test]
fn a_key_opens_what_it_is_for_and_nothing_else() {
    let bench = Bench::new();
    let confluent = bench.cloud.confluent();
    let kinds =
        [Kind::Cloud, Kind::Global, Kind::Tableflow, Kind::Kafka, Kind::SchemaRegistry, Kind::Flink, Kind::Kafka];
    let resources = kinds.map(|kind| confluent.create_cluster(kind));
    let keys = resources.clone().map(|resource| bench.mint(&resource));
    for (place, (kind, resource)) in kinds.iter().zip(&resources).enumerate() {
        let url = bench.probe(*kind, resource).unwrap();
        let opened: Vec<Kind> = (0..keys.len())
            .filter(|other| bench.get(&keys[*other], &url).status == 200)
            .map(|other| kinds[other])
            .collect();
        let wanted = match kind {
            Kind::Cloud | Kind::Global => vec![Kind::Cloud, Kind::Global],
            Kind::Tableflow => vec![Kind::Cloud, Kind::Tableflow],
            Kind::Flink => vec![Kind::Global, Kind::Flink],
            _ => vec![*kind],
        };
        assert_eq!(opened, wanted, "{kind:?}");
        assert_eq!(bench.get(&keys[place], &url).status, 200);
    }
    let flink = &resources[5];
    let elsewhere = confluent.create_cluster_in(Kind::Flink, &confluent.create_environment("other")).unwrap();
    assert_eq!(flink.id, elsewhere.id);
    let url = bench.probe(Kind::Flink, &elsewhere).unwrap();
    assert_eq!(bench.get(&keys[5], &url).status, 401, "another environment");
}

#[test]
fn errors_of_a_data_plane_have_its_shape() {
    let bench = Bench::new();
    let confluent = bench.cloud.confluent();
    let kafka = confluent.create_cluster(Kind::Kafka);
    let registry = confluent.create_cluster(Kind::SchemaRegistry);
    let (topics, subjects) =
        (bench.probe(Kind::Kafka, &kafka).unwrap(), bench.probe(Kind::SchemaRegistry, &registry).unwrap());
    let stranger = bench.admin();
    let unknown = bench.get(&stranger, &topics);
    assert_eq!((unknown.status, &unknown.json()["error_code"]), (401, &40101.into()), "a key that is not for Kafka");
    let (of_kafka, of_registry) = (bench.mint(&kafka), bench.mint(&registry));
    confluent.deny(&bench.owner, &["ListKafkaTopics", "ListSubjects"]).unwrap();
    assert_eq!(bench.get(&of_kafka, &topics).json()["error_code"], 40301);
    assert_eq!(bench.get(&of_registry, &subjects).json()["error_code"], 40301);
    assert_eq!(bench.get(&stranger, "/kafka/v3/clusters/lkc-1/topics").status, 404, "not at Confluent's own address");
}

#[test]
fn a_deleted_key_works_on_for_its_lag() {
    let revocation = SignedDuration::from_secs(30);
    let bench = Bench::with(Settings { revocation, listing_lag: revocation, ..Settings::immediate() });
    let resource = bench.cloud.confluent().create_cluster(Kind::Cloud);
    let key = bench.mint(&resource);
    bench.pass(30);
    bench.cloud.confluent().delete_key(&key.api_key).unwrap();
    let now = || {
        let list = bench.get(&bench.admin(), &format!("/iam/v2/api-keys?spec.owner={}", bench.owner));
        let works = bench.cloud.confluent().works(&key.api_key);
        (bench.get(&key, "/org/v2/environments").status, list.json()["data"].as_array().unwrap().len(), works)
    };
    bench.pass(29);
    assert_eq!(now(), (200, 1, false));
    bench.pass(1);
    assert_eq!(now(), (401, 0, false));
}
