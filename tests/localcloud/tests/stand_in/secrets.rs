//! Secrets Manager: the AWS SDK for Rust on a manual clock, boto3 on real time, and moto as a second opinion of what boto3 found.

use std::process::{Command, Output};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Region};
use aws_smithy_types::retry::RetryConfig;
use jiff::SignedDuration;
use localcloud::{Consistency, Fault, LocalCloud, Options, Rule};

use crate::common::{Rig, Time, USER, client_credentials, code};

const OURS: &str = "KEYROTATION_PENDING";
const NAME: &str = "ci/key";

fn client(rig: &Rig) -> Client {
    client_as(rig, rig.admin())
}

fn client_as(rig: &Rig, credentials: aws_credential_types::Credentials) -> Client {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(rig.cloud.endpoint())
        .retry_config(RetryConfig::disabled())
        .time_source(Time(rig.clock.clone()))
        .credentials_provider(credentials);
    Client::from_conf(config.build())
}

fn token(letter: &str) -> String {
    letter.repeat(64)
}

async fn put(client: &Client, letter: &str, value: &str) -> Result<Vec<String>, String> {
    let call = client.put_secret_value().secret_id(NAME).secret_string(value);
    let answer = call.client_request_token(token(letter)).version_stages(OURS).send().await;
    answer.map(|answer| answer.version_stages().to_vec()).map_err(|error| code(&error))
}

async fn promote(client: &Client, from: &str, to: &str) -> Result<(), String> {
    let call = client.update_secret_version_stage().secret_id(NAME).version_stage("AWSCURRENT");
    let answer = call.remove_from_version_id(token(from)).move_to_version_id(token(to)).send().await;
    answer.map(drop).map_err(|error| code(&error))
}

async fn read(client: &Client) -> Result<String, String> {
    let answer = client.get_secret_value().secret_id(NAME).send().await.map_err(|error| code(&error))?;
    Ok(answer.secret_string().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_sdk_stages_promotes_and_withdraws() {
    let rig = Rig::new();
    let client = client(&rig);
    rig.cloud.aws().create_secret(NAME, None).unwrap();
    assert_eq!(read(&client).await.unwrap_err(), "ResourceNotFoundException");
    assert_eq!(put(&client, "a", "1").await.unwrap(), ["AWSCURRENT", OURS]);
    assert_eq!(put(&client, "b", "2").await.unwrap(), [OURS]);
    assert_eq!(put(&client, "b", "other").await.unwrap_err(), "ResourceExistsException");
    assert_eq!(promote(&client, "b", "b").await.unwrap_err(), "InvalidParameterException");
    promote(&client, "a", "b").await.unwrap();
    assert_eq!(read(&client).await.unwrap(), "2");
    let told = client.describe_secret().secret_id(NAME).send().await.unwrap();
    let stages = told.version_ids_to_stages().unwrap();
    assert_eq!(stages[&token("a")], ["AWSPREVIOUS"]);
    assert_eq!(told.rotation_enabled(), None);
    assert_eq!(rig.cloud.aws().secret(NAME).unwrap().version_of("AWSCURRENT"), Some(&*token("b")));
}

#[tokio::test]
async fn readers_see_changes_late_where_that_is_wanted() {
    let rig = Rig::with(Consistency { secret_lag: SignedDuration::from_secs(5), ..Consistency::immediate() });
    let client = client(&rig);
    rig.cloud.aws().create_secret(NAME, Some("0")).unwrap();
    rig.pass(5);
    let first = rig.cloud.aws().secret(NAME).unwrap().version_of("AWSCURRENT").unwrap().to_owned();
    put(&client, "b", "2").await.unwrap();
    rig.cloud.aws().move_current(NAME, &token("b")).unwrap();
    assert_eq!(read(&client).await.unwrap(), "0");
    rig.pass(5);
    assert_eq!(read(&client).await.unwrap(), "2");
    assert_eq!(rig.cloud.aws().secret(NAME).unwrap().version_of("AWSPREVIOUS"), Some(&*first));
}

#[tokio::test]
async fn every_fault_befalls_it_like_iam() {
    let rig = Rig::new();
    let client = client(&rig);
    rig.cloud.aws().create_secret(NAME, Some("0")).unwrap();
    let strike = |fault| rig.cloud.faults().add(Rule::new(fault).on("PutSecretValue"));
    strike(Fault::Throttle);
    assert_eq!(put(&client, "a", "1").await.unwrap_err(), "ThrottlingException");
    for (fault, stands) in [(Fault::DropBefore, false), (Fault::DropAfter, true), (Fault::CutBody, true)] {
        let name = fault.name();
        strike(fault);
        assert_eq!(put(&client, &name[..1].replace('c', "e"), name).await.unwrap_err(), "", "{name}");
        let held = rig.cloud.aws().secret_value(NAME, OURS);
        assert_eq!(held.as_deref() == Some(name), stands, "{name}");
    }
    let journal = rig.cloud.journal();
    let last = journal.last().unwrap();
    assert_eq!((&*last.action, last.principal.as_deref()), ("PutSecretValue", Some(NAME)));
}

#[tokio::test]
async fn permissions_and_strangers() {
    let rig = Rig::new();
    rig.cloud.aws().create_secret(NAME, Some("0")).unwrap();
    rig.cloud.aws().deny(USER, &["secretsmanager:Put*"]).unwrap();
    let key = rig.cloud.aws().mint_key(USER).unwrap();
    let limited = client_as(&rig, client_credentials(&key));
    assert_eq!(put(&limited, "a", "1").await.unwrap_err(), "AccessDeniedException");
    assert_eq!(read(&limited).await.unwrap(), "0");
    rig.cloud.aws().edit_secret(NAME, "by hand").unwrap();
    assert_eq!(read(&limited).await.unwrap(), "by hand");
    rig.cloud.aws().set_rotation(NAME, Some("arn:aws:lambda:us-east-1:1:function:x")).unwrap();
    rig.cloud.aws().fail_rotations(true);
    let rotate = || client(&rig).rotate_secret().secret_id(NAME).send();
    rotate().await.unwrap();
    assert_eq!(code(&rotate().await.unwrap_err()), "InvalidRequestException");
    assert_eq!(read(&limited).await.unwrap(), "by hand");
    rig.cloud.aws().delete_secret(NAME).unwrap();
    assert_eq!(read(&limited).await.unwrap_err(), "ResourceNotFoundException");
}

/// The checks of `secrets_walk.py`, in its order, and whether moto is asked as well.
const CHECKS: [(&str, bool); 13] = [
    ("creation", true),
    ("ids", true),
    ("first_version_is_current", true),
    ("staging", true),
    ("one_token_is_one_version", true),
    ("current_moves_from_the_version_that_has_it", true),
    ("versions", true),
    ("deletion", true),
    ("tags", true),
    ("rotation", false),
    ("a_label_of_ours_is_in_no_rotations_way", false),
    ("replicas", false),
    ("signatures", false),
];

#[test]
fn boto3_finds_what_it_finds_at_secrets_manager() {
    let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
    let admin = cloud.aws().admin_credentials();
    let output = walk(&[cloud.endpoint(), &admin.access_key_id, &admin.secret_access_key]);
    held(&output, &CHECKS.map(|(name, _)| name));
}

#[test]
fn boto3_finds_at_moto_what_both_do_alike() {
    let mut moto = Command::new(python());
    let moto = moto.args(["-c", SERVE]).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut moto = moto.stdout(std::process::Stdio::piped()).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(moto.stdout.take().unwrap()), &mut line).unwrap();
    let output = walk(&[line.trim(), "AKIAIOSFODNN7EXAMPLE", "secret", "moto"]);
    // The server ends with its standard input.
    drop(moto.stdin.take());
    let _ = moto.kill();
    moto.wait().unwrap();
    let alike: Vec<&str> = CHECKS.iter().filter(|(_, moto)| *moto).map(|(name, _)| *name).collect();
    held(&output, &alike);
}

/// moto's server at any free port, which it prints.
const SERVE: &str = "
import os, sys, threading
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
out = os.fdopen(os.dup(1), 'w'); os.dup2(2, 1)
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False); server.start()
host, port = server.get_host_and_port()
print(f'http://{host}:{port}', file=out, flush=True)
sys.stdin.read()
";

fn python() -> String {
    std::env::var("KEYROTATION_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

fn walk(arguments: &[&str]) -> Output {
    let mut command = Command::new(python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/secrets_walk.py")).args(arguments);
    let command = command.env("AWS_EC2_METADATA_DISABLED", "true").env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").output().unwrap()
}

fn held(output: &Output, checks: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let held = String::from_utf8_lossy(&output.stdout);
    assert_eq!(held.lines().collect::<Vec<_>>(), checks, "{errors}");
}
