//! What there is beside keys.

use localcloud::confluent::Kind;
use serde_json::{Value, json};

use super::rig::Rig;

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[test]
fn a_cluster_is_found_in_its_environment_only() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let other = confluent.create_environment("other");
    for (kind, group) in [(Kind::Kafka, "cmk/v2"), (Kind::SchemaRegistry, "srcm/v3"), (Kind::Ksqldb, "ksqldbcm/v2")] {
        let cluster = confluent.create_cluster(kind);
        let path = |environment: &str| format!("/{group}/clusters/{}?environment={environment}", cluster.id);
        let get = |path: &str| rig.get(&rig.admin(), path);
        let found = get(&path(confluent.environment())).json();
        assert_eq!(found["spec"]["http_endpoint"], format!("{}/dataplane/{}", rig.cloud.endpoint(), cluster.id));
        assert_eq!(found["status"]["phase"], "PROVISIONED");
        assert_eq!(found["api_version"], group);
        if kind != Kind::Ksqldb {
            let name = found["metadata"]["resource_name"].as_str().unwrap();
            let id = &cluster.id;
            let end = match kind {
                Kind::Kafka => format!("/cloud-cluster={id}/kafka={id}"),
                _ => format!("/schema-registry={id}"),
            };
            assert!(name.ends_with(&end), "{name}");
            assert_eq!(found["spec"]["region"], "us-east-1", "a text, in cmk/v2 and in srcm/v3");
        }
        assert_eq!(get(&path(&other)).refusal(), (404, "resource_not_found".to_owned()));
        assert_eq!(get(&path("")).refusal().0, 400, "the environment is required");
        let list = |environment: &str| get(&format!("/{group}/clusters?environment={environment}")).json();
        assert_eq!(ids(&list(confluent.environment())), [cluster.id.as_str()]);
        let empty = list(&other);
        assert_eq!((ids(&empty).len(), &empty["metadata"]["next"]), (0, &Value::Null));
        confluent.set_endpoint(&cluster.id, Some("")).unwrap();
        assert_eq!(get(&path(confluent.environment())).json()["spec"]["http_endpoint"], "");
    }
    assert_eq!(rig.cloud.journal()[0].action, "ReadKafkaCluster");
}

#[test]
fn a_kafka_cluster_tells_where_its_brokers_are() {
    let rig = Rig::new();
    let cluster = rig.cloud.confluent().create_cluster(Kind::Kafka);
    let path = format!("/cmk/v2/clusters/{}?environment={}", cluster.id, cluster.environment.unwrap());
    let told = rig.get(&rig.admin(), &path).json();
    assert_eq!(told["spec"]["kafka_bootstrap_endpoint"], format!("SASL_SSL://{}", rig.cloud.address()));
}

#[test]
fn regions_are_chosen_by_cloud_and_name() {
    let rig = Rig::new();
    let list = |query: &str| rig.get(&rig.admin(), &format!("/fcpm/v2/regions?{query}")).json();
    assert_eq!(ids(&list("")), ["aws.us-east-1", "azure.westeurope", "gcp.us-central1"]);
    assert_eq!(ids(&list("cloud=AWS&region_name=us-east-1")), ["aws.us-east-1"]);
    assert_eq!(ids(&list("cloud=gcp&region_name=us-east-1")), [""; 0]);
}

#[test]
fn the_organisation_its_environments_and_its_people_are_told() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let get = |path: &str| rig.get(&rig.admin(), path);
    assert_eq!(ids(&get("/org/v2/organizations").json()), [confluent.organization()]);
    assert_eq!(get(&format!("/org/v2/organizations/{}", confluent.organization())).status, 200);
    assert_eq!(ids(&get("/org/v2/environments").json()), [confluent.environment()]);
    assert_eq!(get(&format!("/org/v2/environments/{}", confluent.environment())).json()["display_name"], "default");
    assert_eq!(ids(&get("/iam/v2/service-accounts").json()), [rig.owner.as_str()]);
    assert_eq!(get(&format!("/iam/v2/service-accounts/{}", rig.owner)).json()["display_name"], "ci");
    let admin = confluent.admin_user();
    assert_eq!(get(&format!("/iam/v2/users/{admin}")).json()["email"], "admin@example.com");
    for path in ["/org/v2/environments/env-0", "/iam/v2/users/u-0", "/org/v2/organizations/0", "/iam/v2/nothing"] {
        assert_eq!(get(path).refusal(), (404, "resource_not_found".to_owned()), "{path}");
    }
    assert_eq!(get("/iam/v2/service-accounts/sa-0").refusal(), (404, "service_account_not_found".to_owned()));
    assert_eq!(confluent.create_service_account("ci").unwrap_err().status, 409);
}

#[test]
fn a_body_must_be_json_and_say_so() {
    let rig = Rig::new();
    let create = |body: Value| rig.ask(&rig.admin(), "POST", "/iam/v2/api-keys", Some(body)).unwrap().refusal();
    assert_eq!(create(json!({})), (422, "invalid_configuration".to_owned()));
    assert_eq!(create(json!({ "spec": { "owner": { "id": rig.owner }, "display_name": 7 } })).0, 422);
    let url = format!("{}/iam/v2/api-keys", rig.cloud.endpoint());
    let none = ureq::post(&url).send("{").unwrap_err();
    assert!(matches!(none, ureq::Error::StatusCode(401)), "nobody is asked for a body before they say who they are");
}
