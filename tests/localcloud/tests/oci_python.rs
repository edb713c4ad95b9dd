//! Oracle's SDK for Python as a client, `clients/oci_walk.py` against a stand-in on real time, and as the judge of configuration
//! files and regions, `clients/oci_judge.py`. It is a lane of its own, because the SDK takes half a gigabyte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::process::Command;

use localcloud::{LocalCloud, Options};
use serde_json::Value;

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
    let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
    let output = python("oci_walk.py").arg(cloud.endpoint()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let held = String::from_utf8_lossy(&output.stdout);
    assert_eq!(held.lines().collect::<Vec<_>>(), CHECKS, "{errors}");
}

/// The plugin's tables, which its own tests compare with what it does.
const PLUGIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../provider/systems/oci/src/");
const PROFILES: &str = "profile/tests/oracle.json";
const REGIONS: &str = "region/tests/oracle.json";

#[test]
#[ignore = "needs Oracle's SDK for Python, which `cargo xtask test oci-python` installs"]
fn official_b1_oracles_python_sdk_judges_files_as_the_table_says() {
    let said = judged();
    let table = table(PROFILES);
    assert!(table.len() >= 25, "{}", table.len());
    assert_eq!(said["profiles"].as_array().unwrap().len(), table.len());
    for (number, case) in table.iter().enumerate() {
        assert_eq!(said["profiles"][number], case["oracle"], "{}", case["name"]);
    }
}

#[test]
#[ignore = "needs Oracle's SDK for Python, which `cargo xtask test oci-python` installs"]
fn official_b3_oracles_python_sdk_has_the_same_regions() {
    let said = judged();
    let table = table(REGIONS);
    for (number, case) in table.iter().enumerate() {
        assert_eq!(said["regions"][number], case["oracle"], "{}", case["name"]);
    }
    let own = std::fs::read_to_string(format!("{PLUGIN}region/regions.txt")).unwrap();
    let own: Vec<_> = own.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(said["table"], Value::from(own));
}

/// What the SDK says of both tables.
fn judged() -> Value {
    let tables = [PROFILES, REGIONS].map(|table| format!("{PLUGIN}{table}"));
    let output = python("oci_judge.py").args(tables).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn table(name: &str) -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(format!("{PLUGIN}{name}")).unwrap()).unwrap()
}

/// A client on Oracle's SDK, without its arguments.
fn python(client: &str) -> Command {
    let python = std::env::var_os("KEYROTATION_OCI_PYTHON").expect("`cargo xtask test oci-python` sets it");
    let mut command = Command::new(python);
    command.arg(format!("{}/clients/{client}", env!("CARGO_MANIFEST_DIR"))).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
