//! The program: its first line, its control routes over HTTP, its clock file, and its ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_iam::config::{BehaviorVersion, Region};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::common::{code, tag};

/// A running program; killed if a test ends before it does.
pub(crate) struct Program {
    child: Child,
    pub(crate) endpoint: String,
    admin: Credentials,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_localcloud"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        Self {
            endpoint: text("endpoint"),
            admin: Credentials::from_keys(text("accessKeyId"), text("secretAccessKey"), None),
            child,
        }
    }

    pub(crate) fn get(&self, route: &str) -> Value {
        let mut answer = ureq::get(self.route(route)).call().unwrap();
        answer.body_mut().read_json().unwrap()
    }

    pub(crate) fn post(&self, route: &str, body: Value) -> Value {
        let mut answer = ureq::post(self.route(route)).send_json(body).unwrap();
        answer.body_mut().read_json().unwrap()
    }

    pub(crate) fn put(&self, route: &str, body: Value) {
        ureq::put(self.route(route)).send_json(body).unwrap();
    }

    pub(crate) fn route(&self, route: &str) -> String {
        format!("{}/_localcloud/{route}", self.endpoint)
    }

    /// IAM by real time, as any other program would call it.
    fn iam(&self, credentials: Credentials) -> aws_sdk_iam::Client {
        let config = aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }

    fn ends(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn its_first_line_is_all_that_a_client_needs() {
    let program = Program::start(&["--user", "ci", "--account", "210987654321"]);
    let iam = program.iam(program.admin.clone());
    let user = iam.get_user().user_name("ci").send().await.unwrap();
    assert_eq!(user.user().unwrap().arn(), "arn:aws:iam::210987654321:user/ci");
}

#[tokio::test]
async fn its_admin_may_be_given() {
    let program = Program::start(&["--admin", "AKIAADMINADMINADMIN2:a/secret:with+signs"]);
    assert_eq!(program.admin.secret_access_key(), "a/secret:with+signs");
    program.iam(program.admin.clone()).list_users().send().await.unwrap();
}

#[test]
fn it_ends_on_sigterm_and_in_order() {
    let mut program = Program::start(&[]);
    let pid = Pid::from_child(&program.child);
    kill_process(pid, Signal::TERM).unwrap();
    assert!(program.ends().success());
}

#[test]
fn it_ends_with_its_standard_input_only_if_told_to() {
    let mut program = Program::start(&["--until-stdin-ends"]);
    drop(program.child.stdin.take());
    assert!(program.ends().success());

    let mut program = Program::start(&[]);
    drop(program.child.stdin.take());
    std::thread::sleep(Duration::from_millis(100));
    assert!(program.child.try_wait().unwrap().is_none());
}

#[test]
fn it_says_what_it_does_not_understand() {
    for arguments in [&["--no-such"][..], &["--listen", "0.0.0.0:0"], &["--settle", "soon"], &["--admin", "half"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_localcloud")).args(arguments).arg("--until-stdin-ends").output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(output.stderr.starts_with(b"localcloud: "), "{output:?}");
    }
}

#[tokio::test]
async fn users_keys_and_tags_are_prepared_and_watched_from_outside() {
    let program = Program::start(&["--immediate"]);
    program.post("aws/users", json!({ "name": "ci", "deny": ["iam:TagUser"] }));
    program.put("aws/users/ci/tags", json!({ "a": "b" }));
    let key = program.post("aws/keys", json!({ "user": "ci" }));
    let (id, secret) = (key["access_key_id"].as_str().unwrap(), key["secret_access_key"].as_str().unwrap());
    assert_eq!(program.post("aws/check", key.clone()), json!({ "valid": true, "works": true }));
    let wrong = json!({ "access_key_id": id, "secret_access_key": "wrong" });
    assert_eq!(program.post("aws/check", wrong), json!({ "valid": false, "works": false }));

    program.put(&format!("aws/keys/{id}"), json!({ "active": false }));
    assert_eq!(program.post("aws/check", key.clone()), json!({ "valid": true, "works": false }));
    program.put(&format!("aws/keys/{id}"), json!({ "active": true }));

    let iam = program.iam(Credentials::from_keys(id, secret, None));
    iam.list_user_tags().user_name("ci").send().await.unwrap();
    let refused = iam.tag_user().user_name("ci").tags(tag("x", "y")).send().await.unwrap_err();
    assert_eq!(code(&refused), "AccessDenied");

    let snapshot = program.get("snapshot");
    let users = snapshot["aws"]["users"].as_array().unwrap();
    let user = users.iter().find(|user| user["name"] == "ci").unwrap();
    assert_eq!(user["tags"], json!({ "a": "b" }));
    assert_eq!(user["keys"][0]["id"], id);
    assert_eq!(user["keys"][0]["last_use"]["service"], "iam");
    let journal = program.get("journal");
    assert_eq!(journal[1]["action"], "TagUser");
    assert_eq!(journal[1]["outcome"], "AccessDenied");

    let text = format!("{snapshot}{journal}");
    let leaks = |text: &str| -> Value {
        let mut answer = ureq::post(program.route("leaks")).send(text).unwrap();
        answer.body_mut().read_json().unwrap()
    };
    assert_eq!(leaks(&text), json!([]));
    assert_eq!(leaks(&format!("{text}{secret}")), json!([id]));

    ureq::delete(program.route(&format!("aws/keys/{id}"))).call().unwrap();
    ureq::delete(program.route("aws/users/ci")).call().unwrap();
    program.post("reset", json!({}));
    assert_eq!(program.get("journal"), json!([]));
}

#[tokio::test]
async fn faults_are_set_and_held_requests_released_from_outside() {
    let program = Program::start(&["--immediate", "--user", "ci"]);
    program.post("faults", json!({ "on": "CreateAccessKey", "stranger": { "act": "mint_key", "user": "ci" } }));
    program.post("faults", json!({ "on": "CreateAccessKey", "nth": 2, "fault": { "kind": "hold_before" } }));
    assert_eq!(program.get("faults"), json!({ "calls": 0, "unfired": 2 }));
    let iam = program.iam(program.admin.clone());
    iam.create_access_key().user_name("ci").send().await.unwrap();
    let call = tokio::spawn(iam.create_access_key().user_name("ci").send());
    let held = loop {
        let held = program.get("held");
        if held != json!([]) {
            break held;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(held[0]["action"], "CreateAccessKey");
    assert_eq!(program.post("release", json!({ "seq": held[0]["seq"] })), json!({ "released": 1 }));
    let refused = call.await.unwrap().unwrap_err();
    assert_eq!(code(&refused), "LimitExceeded", "the stranger's key and ours fill the quota");

    program.post(
        "faults",
        json!({ "call": 9, "fault": { "kind": "error_before", "status": 500, "code": "ServiceFailure" } }),
    );
    ureq::delete(program.route("faults")).call().unwrap();
    assert_eq!(program.get("faults"), json!({ "calls": 0, "unfired": 0 }));
}

#[test]
fn its_clock_is_a_file_that_others_move_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clock");
    let program = Program::start(&["--clock", path.to_str().unwrap()]);
    let now = || program.get("clock")["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let begin = now();
    program.post("clock/advance", json!({ "seconds": 86400 }));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "86400000");
    std::fs::write(&path, "172800000").unwrap();
    let passed = now().duration_since(begin).as_secs();
    assert!((172_800..172_820).contains(&passed), "{passed}");
}

/// What a cut answer is on the wire: the whole length announced, half of it sent, then the end.
#[test]
fn a_cut_body_is_announced_in_full_and_ends_in_the_middle() {
    let program = Program::start(&[]);
    program.post("faults", json!({ "fault": { "kind": "cut_body" } }));
    let mut stream = TcpStream::connect(program.endpoint.trim_start_matches("http://")).unwrap();
    let body = "Action=ListUsers&Version=2010-05-08";
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(announced.parse::<usize>().unwrap() / 2, body.len());
    assert!(body.starts_with("<ErrorResponse"), "{body}");
}

/// Without a signature, and with actions and versions that do not exist.
#[test]
fn what_is_no_call_is_refused_in_the_form_of_the_api() {
    let program = Program::start(&[]);
    let ask = |body: &str| {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut answer = agent.post(&program.endpoint).send(body).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let code = text.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0;
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap().to_owned(), code.to_owned())
    };
    let told = |status: u16, code: &str| (status, "text/xml".to_owned(), code.to_owned());
    assert_eq!(ask("Action=ListUsers&Version=2010-05-08"), told(403, "MissingAuthenticationToken"));
    assert_eq!(ask("Action=GetCallerIdentity&Version=2011-06-15"), told(403, "MissingAuthenticationToken"));
    assert_eq!(ask("Action=ListUsers&Version=2011-06-15"), told(400, "InvalidAction"));
    assert_eq!(ask("Action=ListUsers"), told(400, "InvalidAction"));
    assert_eq!(ask(""), told(400, "InvalidAction"));
    assert_eq!(ask(&"x".repeat(300 * 1024)), told(413, "RequestEntityTooLarge"));
}
