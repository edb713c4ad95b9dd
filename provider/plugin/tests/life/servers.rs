//! Servers that are not the system, and answers that prove no absence.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

use jiff::Timestamp;
use plugin::KeyRotation;
use pulumi_provider::testing::{Harness, Managed, Saved, object};
use pulumi_provider::{Object, Value};
use rotation::testing::ManualClock;

use crate::bench::{HOUR, saved};
use crate::places::{Places, SYSTEMS, told};
use crate::support::config_at;

/// Answers every request with this, and never stops: a web server that is none of the systems.
fn web_server(head: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let length = body.len();
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

/// What stands at an address by mistake, and what a proxy says.
fn strangers() -> [String; 5] {
    [
        web_server("404 Not Found\r\ncontent-type: text/html", "<html><body>404 Not Found</body></html>"),
        web_server("200 OK\r\ncontent-type: text/html", "<html><body>It works!</body></html>"),
        web_server("403 Forbidden\r\ncontent-type: text/html", "<html><body>blocked by policy</body></html>"),
        web_server(
            "404 Not Found\r\ncontent-type: application/json",
            r#"{"message":"no Route matched with those values"}"#,
        ),
        web_server("200 OK\r\ncontent-type: application/json", "{}"),
    ]
}

#[tokio::test]
async fn lesson_b2_a_server_that_is_not_the_system_proves_nothing() {
    for system in SYSTEMS {
        for address in strangers() {
            let places = Places::start().await;
            let mut key = places.key(system);
            key.up(&places.inputs(system, "1")).await.unwrap();
            let before = saved(&key);
            places.clock.advance(HOUR);
            // Where the account is told without a call, or was accepted, the answers alone must not be believed either.
            for accept in [None, Some(places.account(system, 0))] {
                let mut config = config_at(&places.clouds[0], &address);
                config.extend(accept.map(|id| ("acceptAccount".to_owned(), id.into())));
                places.harness.configure(config).await.unwrap();
                key.refresh().await.expect_err("it was believed");
                key.destroy().await.expect_err("it was believed");
                assert_eq!(saved(&key), before, "{system:?}");
            }
        }
    }
}

/// The state of a resource of Vault, as a run left it, without a server: none of these tests gets as far as one.
fn of_vault(harness: &Harness, token: &str, identity: Object, account: Option<&str>) -> Managed {
    let mut managed = harness.resource(token, "key");
    let at = "2026-01-01T00:00:00Z";
    let current =
        object([("id", "1".into()), ("generation", 1.into()), ("createdAt", at.into()), ("status", "active".into())]);
    let mut outputs = object([
        ("stateVersion", 1.into()),
        ("instance", "0123456789abcdef".into()),
        ("generation", 1.into()),
        ("current", current.into()),
    ]);
    outputs.extend(account.map(|id| ("account".to_owned(), id.into())));
    outputs.extend(identity.clone());
    managed.saved = Some(Saved { id: "x".to_owned(), inputs: identity, outputs, init_errors: Vec::new() });
    managed
}

fn vault_resources() -> [(&'static str, Object); 4] {
    let text = |name: &'static str, value: &str| (name, Value::from(value));
    [
        ("keyrotation:vault:RotatingApiKey", object([text("mount", "secret"), text("path", "app")])),
        ("keyrotation:vault:RotatingSecretId", object([text("mount", "approle"), text("role", "ci")])),
        ("keyrotation:vault:RotatingJwtKey", object([text("mount", "jwt"), text("name", "payments")])),
        ("keyrotation:vault:RotatingLease", object([text("path", "database/creds/a"), text("name", "b")])),
    ]
}

fn vault_at(address: &str) -> Object {
    let vault = object([("address", address.into()), ("token", Value::secret("t")), ("skipTlsVerify", true.into())]);
    object([("vault", vault.into())])
}

#[tokio::test]
async fn lesson_b2_a_web_server_is_not_taken_for_vault() {
    let harness = Harness::start(KeyRotation::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))).await.unwrap();
    for address in strangers() {
        harness.configure(vault_at(&address)).await.unwrap();
        for (token, identity) in vault_resources() {
            for account in [None, Some("cluster")] {
                let mut key = of_vault(&harness, token, identity.clone(), account);
                let before = saved(&key);
                key.refresh().await.expect_err("it was believed");
                key.destroy().await.expect_err("it was believed");
                assert_eq!(saved(&key), before, "{token}");
            }
        }
    }
}

/// Says that it is Vault's cluster of this id, and knows no path.
fn vault_without(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            let request = lines.next().and_then(Result::ok).unwrap_or_default();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let (status, body) = match request.contains("sys/health") {
                true => ("200 OK", r#"{"initialized":true,"sealed":false,"cluster_id":"cluster"}"#.to_owned()),
                false => ("404 Not Found", format!(r#"{{"errors":["{words}"]}}"#)),
            };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

#[tokio::test]
async fn lesson_b2_what_is_not_mounted_or_of_another_type_proves_nothing() {
    let harness = Harness::start(KeyRotation::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))).await.unwrap();
    for words in
        ["no handler for route x. route entry not found.", "1 error occurred: unsupported path", "namespace not found"]
    {
        harness.configure(vault_at(&vault_without(words))).await.unwrap();
        for (token, identity) in vault_resources() {
            let mut key = of_vault(&harness, token, identity, Some("cluster"));
            let before = saved(&key);
            let refreshed = key.refresh().await.expect_err("it was believed");
            key.destroy().await.expect_err("it was believed");
            assert_eq!(saved(&key), before, "{token}");
            if words.starts_with("no handler") {
                assert!(told(&refreshed).contains("keyrotation:vault.namespace"), "{}", told(&refreshed));
            }
        }
    }
    let address = vault_without("x");
    harness.configure(vault_at(&format!("{address}/v1"))).await.unwrap();
    let (token, identity) = vault_resources()[1].clone();
    let problem = of_vault(&harness, token, identity, None).refresh().await.expect_err("a path of the API");
    assert!(told(&problem).contains("/v1"), "{}", told(&problem));
}

#[tokio::test]
async fn lesson_b1_another_vault_cluster_is_refused() {
    let harness = Harness::start(KeyRotation::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))).await.unwrap();
    harness.configure(vault_at(&vault_without(""))).await.unwrap();
    for (token, identity) in vault_resources() {
        for recorded in ["elsewhere", "cluster/team"] {
            let mut key = of_vault(&harness, token, identity.clone(), Some(recorded));
            let problems = [key.refresh().await.expect_err("another"), key.destroy().await.expect_err("another")];
            for problem in problems {
                let text = told(&problem);
                assert!(text.contains(recorded) && text.contains("Vault cluster cluster"), "{token}: {text}");
            }
            assert!(key.saved.is_some());
        }
    }
}
