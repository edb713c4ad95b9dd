//! Oracle's SDK for Python as a client: `clients/oci_walk.py` against a stand-in on real time. It is
//! a lane of its own, because the SDK takes half a gigabyte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::process::Command;

use localcloud::{LocalCloud, Options};

/// The checks of `oci_walk.py`, in its order: one that is left out there is missed here.
const CHECKS: [&str; 16] = [
    "keys",
    "quota",
    "bad_keys",
    "signatures",
    "skew",
    "regions",
    "permissions",
    "sessions",
    "auth_tokens",
    "secret_keys",
    "smtp",
    "tags",
    "pages",
    "retry_tokens",
    "request_ids",
    "faults",
];

#[test]
#[ignore = "needs Oracle's SDK for Python, which `cargo xtask test oci-python` installs"]
fn oracles_python_sdk_finds_what_it_finds_at_oci() {
    let python = std::env::var_os("KEYROTATION_OCI_PYTHON").expect("`cargo xtask test oci-python` sets it");
    let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/oci_walk.py"))
        .arg(cloud.endpoint())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let held = String::from_utf8_lossy(&output.stdout);
    assert_eq!(held.lines().collect::<Vec<_>>(), CHECKS, "{errors}");
}
