//! The organisation by HTTP, from another process.

use localcloud::confluent::{Gone, Kind, RateLimit};
use serde_json::{Value, json};

use super::rig::Rig;

struct Control<'a>(&'a Rig);

impl Control<'_> {
    fn ask(&self, method: &str, route: &str, body: Value) -> (u16, Value) {
        let answer = self.0.ask(&self.0.admin(), method, &format!("/_localcloud/{route}"), Some(body)).unwrap();
        (answer.status, serde_json::from_str(&answer.text).unwrap_or(Value::String(answer.text)))
    }

    fn done(&self, method: &str, route: &str, body: Value) -> Value {
        let (status, told) = self.ask(method, route, body);
        assert_eq!(status, 200, "{method} {route}: {told}");
        told
    }
}

#[test]
fn settings_change_one_by_one() {
    let rig = Rig::new();
    let control = Control(&rig);
    let before = rig.cloud.confluent().settings();
    control.done("PUT", "confluent/settings", json!({ "gone": "forbidden", "quotas": { "cloud_per_user": 3 } }));
    control.done("PUT", "confluent/settings", json!({ "activation": { "kafka": { "delay": "PT90S" } } }));
    control.done("PUT", "confluent/settings", json!({ "rate_limit": { "requests": 5, "real_time": true } }));
    let after = rig.cloud.confluent().settings();
    assert_eq!(after.gone, Gone::Forbidden);
    assert_eq!((after.quotas.cloud_per_user, after.quotas.cluster_per_user), (3, 10));
    assert_eq!(after.activation.kafka.delay.as_secs(), 90);
    assert_eq!(after.rate_limit, Some(RateLimit::per_second(5).in_real_time()));
    assert_eq!(after.activation.cloud, before.activation.cloud);
    for wrong in [json!({ "speed": 1 }), json!({ "gone": "away" }), json!({ "quotas": { "cats": 1 } })] {
        assert_eq!(control.ask("PUT", "confluent/settings", wrong).0, 400);
    }
    assert_eq!(rig.cloud.confluent().settings(), after);
}

#[test]
fn everything_that_a_test_does_from_behind_can_be_done_by_http() {
    let rig = Rig::new();
    let (control, confluent) = (Control(&rig), rig.cloud.confluent());
    let owner = control.done("POST", "confluent/service-accounts", json!({ "name": "other" }))["id"].clone();
    let owner = owner.as_str().unwrap();
    let cluster = control.done("POST", "confluent/clusters", json!({ "kind": "kafka" }));
    let key = control.done("POST", "confluent/keys", json!({ "owner": owner, "resource": cluster }));
    let id = key["api_key"].as_str().unwrap();
    assert_eq!(confluent.key(id).unwrap().kind, Kind::Kafka);
    assert_eq!(control.done("POST", "confluent/check", key.clone()), json!({ "valid": true, "works": true }));
    let words = json!({ "display_name": "a", "description": "b" });
    control.done("PUT", &format!("confluent/keys/{id}"), words);
    let listed = control.done("GET", &format!("confluent/keys?owner={owner}"), json!({}));
    assert_eq!((&listed[0]["id"], &listed[0]["description"]), (&key["api_key"], &json!("b")));
    control.done("PUT", &format!("confluent/owners/{owner}/roles"), json!(["organization_admin"]));
    control.done("PUT", &format!("confluent/owners/{owner}/deny"), json!(["ReadApiKey"]));
    let leaked = rig.ask(&rig.admin(), "POST", "/_localcloud/leaks", Some(key["api_secret"].clone())).unwrap();
    assert_eq!(leaked.json(), json!([id]));
    let stranger = json!({ "on": "ListApiKeys", "confluent_stranger": { "act": "delete_key", "api_key": id } });
    control.done("POST", "faults", stranger);
    rig.get(&rig.admin(), "/iam/v2/api-keys");
    assert!(confluent.key(id).is_none());
    control.done("DELETE", &format!("confluent/owners/{owner}"), json!({}));
    assert_eq!(control.ask("DELETE", &format!("confluent/owners/{owner}"), json!({})).0, 404);
    let admin = control.done("GET", "confluent/admin", json!({}));
    assert_eq!(admin["api_key"], json!(rig.admin().api_key));
    let snapshot = control.done("GET", "snapshot", json!({}));
    assert_eq!(snapshot["confluent"]["organization"], json!(confluent.organization()));
}

#[test]
fn a_reset_leaves_the_admin_and_the_settings() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let key = rig.mint(&confluent.create_cluster(Kind::Kafka));
    confluent.change_settings(|settings| settings.gone = Gone::Forbidden);
    rig.cloud.reset();
    assert!(confluent.key(&key.api_key).is_none());
    let snapshot = confluent.snapshot();
    assert_eq!((snapshot.keys.len(), snapshot.owners.len(), snapshot.clusters.len()), (1, 1, 0));
    assert_eq!(snapshot.environments, [confluent.environment()]);
    assert_eq!(rig.get(&rig.admin(), "/iam/v2/api-keys/X").refusal().0, 403);
}
