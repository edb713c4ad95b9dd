//! Oracle's Go SDK as a client: the walk in `xtask/go/oci-walk` against a stand-in on real time.

use std::process::Command;

use localcloud::{LocalCloud, Options};

/// The checks of the walk, in its order: one that is left out there is missed here.
const CHECKS: [&str; 27] = [
    "users",
    "keys",
    "quota",
    "bad_keys",
    "signatures",
    "changed_requests",
    "skew",
    "regions",
    "permissions",
    "capabilities",
    "sessions",
    "instance_principals",
    "delegation_tokens",
    "resource_principals",
    "auth_tokens",
    "secret_keys",
    "smtp",
    "tags",
    "pages",
    "retry_tokens",
    "request_ids",
    "faults",
    "vault_secrets",
    "vault_stages",
    "vault_conflicts",
    "vault_limits",
    "vault_deletions",
];

#[test]
#[ignore = "needs the walk of Oracle's Go SDK, which `cargo xtask test` builds"]
fn oracles_go_sdk_finds_what_it_finds_at_oci() {
    let walk = std::env::var_os("KEYROTATION_OCI_WALK").expect("`cargo xtask test` sets KEYROTATION_OCI_WALK");
    let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
    // No configuration of the user's, and nothing that the SDK writes, may come into it.
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(walk).arg(cloud.endpoint()).env_clear().env("HOME", home.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let held = String::from_utf8_lossy(&output.stdout);
    assert_eq!(held.lines().collect::<Vec<_>>(), CHECKS, "{errors}");
}
