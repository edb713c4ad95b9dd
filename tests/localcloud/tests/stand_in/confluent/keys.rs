//! API keys beside what Confluent's own client walks through.

use localcloud::confluent::{Credentials, Kind, Quotas, Role, Settings};
use serde_json::json;

use super::rig::Rig;

const KEYS: &str = "/iam/v2/api-keys";

#[test]
fn the_secret_is_in_the_first_answer_only_and_no_journal() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let key = rig.mint(&confluent.create_cluster(Kind::Cloud));
    assert!(confluent.secret_is_right(&key.api_key, &key.api_secret));
    let read = rig.get(&rig.admin(), &format!("{KEYS}/{}", key.api_key));
    let list = rig.get(&rig.admin(), KEYS);
    let kept = format!("{} {} {:?} {:?} {key:?}", read.text, list.text, rig.cloud.journal(), confluent.snapshot());
    assert_eq!(confluent.leaks(&kept), Vec::<String>::new());
    use base64::Engine;
    let header = base64::prelude::BASE64_STANDARD.encode(format!("{}:{}", key.api_key, key.api_secret));
    for spilled in [&key.api_secret, &key.api_secret.replace('/', "%2F").replace('+', "%2B"), &header] {
        assert_eq!(confluent.leaks(&format!("a {spilled} b")), [key.api_key.as_str()]);
    }
}

#[test]
fn the_journal_tells_who_did_what() {
    let rig = Rig::new();
    let key = rig.mint(&rig.cloud.confluent().create_cluster(Kind::Cloud));
    rig.ask(&rig.admin(), "DELETE", &format!("{KEYS}/{}", key.api_key), None).unwrap();
    rig.get(&key, KEYS);
    let journal = rig.cloud.journal();
    let told: Vec<_> = journal
        .iter()
        .map(|entry| {
            (&*entry.action, entry.outcome.as_deref().unwrap(), entry.answered.unwrap(), entry.signer.is_some())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("CreateApiKey", "OK", 202, true),
            ("DeleteApiKey", "OK", 204, true),
            ("ListApiKeys", "user_unauthenticated", 401, false),
        ]
    );
    for entry in &journal[..2] {
        assert_eq!(entry.signer.as_ref(), Some(&rig.admin().api_key));
        assert_eq!((entry.principal.as_ref(), entry.key.as_ref()), (Some(&rig.owner), Some(&key.api_key)));
    }
}

#[test]
fn the_same_seed_and_time_give_the_same_keys_however_much_else_was_asked() {
    let ids = |requests: usize| {
        let rig = Rig::new();
        for _ in 0..requests {
            rig.get(&rig.admin(), KEYS);
        }
        let key = rig.mint(&rig.cloud.confluent().create_cluster(Kind::Cloud));
        (key.api_key, key.api_secret, rig.admin().api_secret)
    };
    assert_eq!(ids(0), ids(3));
    assert!(ids(0).1.starts_with("cflt"));
}

#[test]
fn the_next_page_is_a_whole_url_that_keeps_filter_and_size() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let cloud = confluent.create_cluster(Kind::Cloud);
    for _ in 0..5 {
        rig.mint(&cloud);
    }
    let mut url = format!("{KEYS}?spec.owner={}&page_size=2", rig.owner);
    let mut sizes = Vec::new();
    while !url.is_empty() {
        let page = rig.get(&rig.admin(), &url).json();
        sizes.push(page["data"].as_array().unwrap().len());
        assert_eq!(page["metadata"]["total_size"], 5);
        url = page["metadata"]["next"].as_str().unwrap().to_owned();
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn an_owner_takes_its_keys_along_and_a_cluster_those_that_are_for_it() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let (kafka, cloud) = (confluent.create_cluster(Kind::Kafka), confluent.create_cluster(Kind::Cloud));
    rig.mint(&kafka);
    let key = rig.mint(&cloud);
    confluent.delete_cluster(&kafka.id).unwrap();
    assert_eq!(confluent.keys("", "").len(), 2, "the admin's and the Cloud key");
    confluent.delete_owner(&rig.owner).unwrap();
    assert_eq!(confluent.keys(&rig.owner, ""), vec![]);
    assert_eq!(rig.get(&key, KEYS).status, 401);
    assert_eq!(rig.create("", &cloud).unwrap().refusal(), (403, "forbidden_access".to_owned()));
}

#[test]
fn people_make_keys_for_themselves_and_see_what_they_manage() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let cloud = confluent.create_cluster(Kind::Cloud);
    let user = confluent.create_user("kim@example.com").unwrap();
    let kim = confluent.mint_key(&user, &cloud).unwrap();
    let of = |owner: &str| Some(json!({ "spec": { "owner": { "id": owner } } }));
    let made = |who: &Credentials, owner: &str| rig.ask(who, "POST", KEYS, of(owner)).unwrap().status;
    assert_eq!((made(&kim, &user), made(&rig.admin(), &user)), (202, 403));
    assert_eq!(made(&kim, &rig.owner), 403);
    let other = rig.mint(&cloud);
    let path = format!("{KEYS}/{}", other.api_key);
    for method in ["GET", "DELETE"] {
        assert_eq!(rig.ask(&kim, method, &path, None).unwrap().refusal().0, 403);
    }
    let seen = || rig.get(&kim, KEYS).json()["data"].as_array().unwrap().len();
    assert_eq!(seen(), 2);
    confluent.set_roles(&user, &[Role::ResourceOwner(rig.owner.clone())]).unwrap();
    assert_eq!((seen(), made(&kim, &rig.owner)), (3, 202));
}

/// A Cloud key that makes its successor and deletes itself.
#[test]
fn a_key_may_rotate_itself() {
    let rig = Rig::new();
    let confluent = rig.cloud.confluent();
    let old = rig.mint(&confluent.create_cluster(Kind::Cloud));
    confluent.set_roles(&rig.owner, &[Role::ResourceOwner(rig.owner.clone())]).unwrap();
    let body = json!({ "spec": { "owner": { "id": rig.owner } } });
    let new = rig.ask(&old, "POST", KEYS, Some(body)).unwrap().json();
    let path = format!("{KEYS}/{}", old.api_key);
    assert_eq!(rig.ask(&old, "DELETE", &path, None).unwrap().status, 204);
    let left: Vec<String> = confluent.keys(&rig.owner, "").into_iter().map(|key| key.id).collect();
    assert_eq!(left, [new["id"].as_str().unwrap()]);
}

#[test]
fn every_quota_is_told_and_kept() {
    let quotas = Quotas {
        cloud_per_user: 2,
        cluster_per_user: 1,
        cloud_per_service_account: 2,
        cluster_per_service_account: 3,
        cloud_per_organization: 4,
        per_kafka_cluster: 2,
    };
    let rig = Rig::with(Settings { quotas, ..Settings::immediate() });
    let confluent = rig.cloud.confluent();
    let [cloud, kafka, flink] = [Kind::Cloud, Kind::Kafka, Kind::Flink].map(|kind| confluent.create_cluster(kind));
    let code = |owner: &str, resource| confluent.mint_key(owner, resource).map_err(|refusal| refusal.to_string());
    let full =
        |what: &str, limit: usize| Err(format!("quota_exceeded: The number of {what} is at its limit of {limit}"));
    let owner = rig.owner.as_str();
    let other = confluent.create_service_account("other").unwrap();
    for resource in [&kafka, &kafka, &flink] {
        code(owner, resource).unwrap();
    }
    assert_eq!(code(owner, &flink), full("cluster API keys per service account", 3));
    assert_eq!(code(&other, &kafka), full("API keys per Kafka cluster", 2));
    code(owner, &cloud).unwrap();
    code(owner, &cloud).unwrap();
    assert_eq!(code(owner, &cloud), full("Cloud API keys per service account", 2));
    code(&other, &cloud).unwrap();
    assert_eq!(code(&other, &cloud), full("Cloud API keys per organization", 4));
    assert_eq!(code(confluent.admin_user(), &cloud), full("Cloud API keys per organization", 4));

    let told = |scope: &str| {
        let list = rig.get(&rig.admin(), &format!("/service-quota/v1/applied-quotas?scope={scope}")).json();
        let numbers = |quota: &serde_json::Value| {
            let number = |name: &str| quota[name].as_u64().unwrap();
            (
                quota["id"].as_str().unwrap().to_owned(),
                number("applied_limit"),
                number("default_limit"),
                number("usage"),
            )
        };
        list["data"].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>()
    };
    let row = |id: &str, applied, default, usage| (id.to_owned(), applied, default, usage);
    assert_eq!(told("organization"), [row("iam.max_cloud_api_keys.per_org", 4, 1000, 4)]);
    assert_eq!(told("kafka_cluster"), [row("kafka.max_api_keys.per_cluster", 2, 2000, 2)]);
    assert_eq!(
        told("user_account"),
        [row("iam.max_cloud_api_keys.per_user", 2, 10, 1), row("iam.max_cluster_api_keys.per_user", 1, 10, 0)]
    );
    assert!(told("service_account").contains(&row("iam.max_cluster_api_keys.per_service_account", 3, 100, 3)));
    assert_eq!(told("network"), []);
    assert_eq!(rig.get(&rig.admin(), "/service-quota/v1/applied-quotas").status, 400);
}
