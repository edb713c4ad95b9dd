//! Confluent's own Go client: `xtask/go/confluent-walk` against a stand-in on real time.

use std::process::Command;

use localcloud::{LocalCloud, Options};

/// The checks of the walk, in its order: one that is left out there is missed here.
const CHECKS: [&str; 14] = [
    "create",
    "kinds",
    "read",
    "update",
    "pages",
    "filters",
    "delete",
    "unauthenticated",
    "forbidden",
    "invalid",
    "quota",
    "conflict",
    "throttled",
    "lost_answer",
];

#[test]
#[ignore = "needs a program that `cargo xtask test` builds with Go"]
fn confluents_own_client_finds_what_it_finds_at_confluent() {
    let program = std::env::var("KEYROTATION_CONFLUENT_WALK").expect("KEYROTATION_CONFLUENT_WALK names the program");
    let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
    let admin = cloud.confluent().admin_credentials();
    let output = Command::new(&program)
        .args([cloud.endpoint(), &admin.api_key, &admin.api_secret])
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let held = String::from_utf8_lossy(&output.stdout);
    assert_eq!(held.lines().collect::<Vec<_>>(), CHECKS, "{errors}");
}
