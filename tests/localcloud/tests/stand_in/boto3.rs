//! boto3 as a client: `clients/walk.py` against a stand-in on real time.

use std::process::Command;

use localcloud::{LocalCloud, Options};

/// The checks of `walk.py`, in its order: one that is left out there is missed here.
const CHECKS: [&str; 14] = [
    "users",
    "tags",
    "keys",
    "quota",
    "status",
    "last_use",
    "signatures",
    "skew",
    "pages",
    "own_user",
    "sessions",
    "federation",
    "permissions",
    "faults",
];

/// The status with which `walk.py` says that boto3 is not there.
const NO_BOTO3: i32 = 3;

#[test]
fn boto3_finds_what_it_finds_at_aws() {
    let python = std::env::var("KEYROTATION_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
    let admin = cloud.aws().admin_credentials();
    let output = Command::new(&python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/walk.py"))
        .args([cloud.endpoint(), &admin.access_key_id, &admin.secret_access_key])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{python} does not start ({error}); {HELP}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(NO_BOTO3), "{python} has no boto3; {HELP}");
    assert!(output.status.success(), "{errors}");
    let held = String::from_utf8_lossy(&output.stdout);
    assert_eq!(held.lines().collect::<Vec<_>>(), CHECKS, "{errors}");
}

const HELP: &str = "`cargo xtask test` sets one up that has it; or name one in KEYROTATION_PYTHON";
