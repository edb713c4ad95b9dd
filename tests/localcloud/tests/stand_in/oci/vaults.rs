//! Secrets of vaults: what takes time there, who may do what, and that each region has its own.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use localcloud::oci::Consistency;
use serde_json::{Value, json};

use super::Rig;
use super::client::{Client, told};

const REGION: &str = "us-phoenix-1";

fn manager(rig: &Rig) -> Client {
    rig.admin().under(&format!("/oci/{REGION}/20180608"))
}

fn reader(rig: &Rig) -> Client {
    rig.admin().under(&format!("/oci/{REGION}/20190301"))
}

fn content(text: &str, stage: &str) -> Value {
    json!({ "contentType": "BASE64", "content": BASE64_STANDARD.encode(text), "stage": stage })
}

fn create(rig: &Rig, name: &str) -> Value {
    let vault = rig.cloud.oci().vault(REGION).unwrap();
    json!({
        "compartmentId": vault.compartment, "vaultId": vault.id, "keyId": vault.key, "secretName": name,
        "secretContent": content("one", "CURRENT"),
    })
}

#[test]
fn a_secret_takes_one_change_after_the_other() {
    let lags = Consistency { secret_settle: SignedDuration::from_secs(3), ..Consistency::immediate() };
    let rig = Rig::with(lags);
    let made = manager(&rig).post("/secrets", create(&rig, "app"));
    assert_eq!(made.body["lifecycleState"], "CREATING");
    let path = format!("/secrets/{}", made.body["id"].as_str().unwrap());
    let put = || manager(&rig).ask("PUT", &path, Some(json!({ "secretContent": content("two", "PENDING") })));
    assert_eq!(told(&put()), (409, "IncorrectState"));
    rig.pass(3);
    assert_eq!(manager(&rig).get(&path).body["lifecycleState"], "ACTIVE");
    let changed = put();
    assert_eq!((changed.status, &changed.body["lifecycleState"]), (200, &json!("UPDATING")));
    assert_ne!(changed.etag, made.etag);
    let current = || manager(&rig).ask("PUT", &path, Some(json!({ "currentVersionNumber": 2 })));
    assert_eq!(told(&current()), (409, "IncorrectState"));
    rig.pass(3);
    assert_eq!(current().body["currentVersionNumber"], 2);
}

#[test]
fn readers_are_behind_and_managers_are_not() {
    let rig = Rig::with(Consistency { secret_lag: SignedDuration::from_secs(5), ..Consistency::immediate() });
    let id = manager(&rig).post("/secrets", create(&rig, "app")).body["id"].as_str().unwrap().to_owned();
    rig.pass(60);
    manager(&rig).ask("PUT", &format!("/secrets/{id}"), Some(json!({ "secretContent": content("two", "CURRENT") })));
    let read = || reader(&rig).get(&format!("/secretbundles/{id}")).body["versionNumber"].clone();
    assert_eq!(read(), 1);
    assert_eq!(manager(&rig).get(&format!("/secrets/{id}")).body["currentVersionNumber"], 2);
    rig.pass(5);
    assert_eq!(read(), 2);
}

#[test]
fn what_may_not_be_done_looks_like_what_is_not_there() {
    let rig = Rig::with(Consistency::immediate());
    let oci = rig.cloud.oci();
    let id = manager(&rig).post("/secrets", create(&rig, "app")).body["id"].as_str().unwrap().to_owned();
    let admin = oci.config().user;
    for (operation, path) in [
        ("GetSecret", format!("/secrets/{id}")),
        ("ListSecretVersions", format!("/secrets/{id}/versions")),
        ("GetSecretVersion", format!("/secrets/{id}/version/1")),
    ] {
        oci.deny(&admin, &[operation]).unwrap();
        let refused = manager(&rig).get(&path);
        assert_eq!(told(&refused), (404, "NotAuthorizedOrNotFound"), "{operation}");
        oci.deny(&admin, &[]).unwrap();
        assert_eq!(manager(&rig).get(&path).status, 200, "{operation}");
    }
    let missing = manager(&rig).get("/secrets/ocid1.vaultsecret.oc1..nothing");
    assert_eq!(told(&missing), (404, "NotAuthorizedOrNotFound"));
    // A user without a policy may do nothing with secrets.
    rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    let own = rig.own().under(&format!("/oci/{REGION}/20190301"));
    assert_eq!(told(&own.get(&format!("/secretbundles/{id}"))), (404, "NotAuthorizedOrNotFound"));
}

#[test]
fn each_region_has_a_vault_of_its_own() {
    let rig = Rig::with(Consistency::immediate());
    let id = manager(&rig).post("/secrets", create(&rig, "app")).body["id"].as_str().unwrap().to_owned();
    let elsewhere = rig.admin().under("/oci/eu-frankfurt-1/20180608");
    assert_eq!(told(&elsewhere.get(&format!("/secrets/{id}"))), (404, "NotAuthorizedOrNotFound"));
    let refused = elsewhere.post("/secrets", create(&rig, "other"));
    assert_eq!(told(&refused), (400, "RelatedResourceNotAuthorizedOrNotFound"));
    assert!(rig.cloud.oci().vault("eu-frankfurt-1").unwrap().id.starts_with("ocid1.vault.oc1.fra."));
    assert!(rig.cloud.oci().vault("mars").is_none());
}
