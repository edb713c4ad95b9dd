//! The tenancy from another process.

use serde_json::{Value, json};

use crate::program::Program;

#[test]
fn a_tenancy_is_prepared_and_watched_from_outside() {
    let program = Program::start(&["--immediate", "--oci-user", "robot"]);
    let config = program.get("oci/config");
    assert!(config["key_content"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(config["region"], "us-ashburn-1");
    let made = program.post("oci/users", json!({ "name": "ci", "allow": ["UpdateUser"], "deny": ["GetUser"] }));
    program.put("oci/users/ci/tags", json!({ "a": "b" }));
    program.put("oci/users/ci/capabilities", json!({ "canUseDbCredentials": false }));
    let key = program.post("oci/keys", json!({ "user": made["id"] }));
    let fingerprint = key["fingerprint"].as_str().unwrap();
    let works = || program.get(&format!("oci/users/ci/keys/{fingerprint}"))["works"].clone();
    assert_eq!(works(), true);
    let token = program.post("oci/secrets", json!({ "user": "ci", "kind": "auth_token", "name": "x" }));
    assert_eq!(program.post("oci/check", token.clone()), json!({ "valid": true }));

    let snapshot = program.get("snapshot");
    let users = snapshot["oci"]["users"].as_array().unwrap();
    assert_eq!(users.len(), 3);
    let user = users.iter().find(|user| user["name"] == "ci").unwrap();
    assert_eq!((&user["tags"], &user["allow"]), (&json!({ "a": "b" }), &json!(["UpdateUser"])));
    assert_eq!((&user["keys"][0]["fingerprint"], &user["secrets"][0]["id"]), (&key["fingerprint"], &token["id"]));
    assert_eq!(user["capabilities"]["canUseDbCredentials"], false);

    let leaks = |text: &str| -> Value {
        let mut answer = ureq::post(program.route("leaks")).send(text).unwrap();
        answer.body_mut().read_json().unwrap()
    };
    assert_eq!(leaks(&snapshot.to_string()), json!([]));
    assert_eq!(leaks(token["secret"].as_str().unwrap()), json!([token["id"]]));
    ureq::delete(program.route(&format!("oci/secrets/{}", token["id"].as_str().unwrap()))).call().unwrap();
    ureq::delete(program.route(&format!("oci/users/ci/keys/{fingerprint}"))).call().unwrap();
    assert_eq!(works(), false);
    ureq::delete(program.route("oci/users/ci")).call().unwrap();
    assert_eq!(program.get("snapshot")["oci"]["users"].as_array().unwrap().len(), 2);
}

#[test]
fn strangers_are_told_what_to_do_from_outside() {
    let program = Program::start(&["--immediate", "--oci-user", "ci"]);
    let befall = |act: Value| program.post("faults", json!({ "oci_stranger": act }));
    befall(json!({ "act": "mint_key", "user": "ci" }));
    befall(json!({ "act": "mint_secret", "user": "ci", "kind": "customer_secret_key" }));
    befall(json!({ "act": "set_tags", "user": "ci", "tags": { "theirs": "" } }));
    // An unsigned request is one that strangers come before, too.
    for _ in 0..3 {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let answer = agent.get(format!("{}/20160918/users", program.endpoint)).call().unwrap();
        assert_eq!(answer.status().as_u16(), 401);
    }
    let snapshot = program.get("snapshot");
    let users = snapshot["oci"]["users"].as_array().unwrap();
    let user = users.iter().find(|user| user["name"] == "ci").unwrap();
    assert_eq!(user["keys"].as_array().unwrap().len(), 1);
    assert_eq!(user["secrets"][0]["kind"], "customer_secret_key");
    assert_eq!(user["tags"], json!({ "theirs": "" }));
}
