//! The proxy: every way in which a call fails, as a client sees it and as it leaves the server.

use std::future::Future;

use anyhow::{Context, Result, ensure};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use rotation::Clock;
use rotation::testing::{Fault, ManualClock};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use vault_servers::{Admin, Ground, Proxy, REFUSED, THROTTLED, UNANSWERED};

use super::{Trial, trials};

pub(crate) const TRIALS: &[Trial] = trials!("proxy::", &[] =>
    without_a_fault_it_changes_nothing,
    every_kind_of_fault_does_what_it_says,
    a_fault_finds_its_call_by_number,
    an_answer_without_a_body_breaks_off_as_well,
    a_stranger_comes_first,
    a_held_call_goes_on_when_it_is_released,
    a_call_that_never_came_is_released_as_well,
    a_server_that_is_down_is_told,
);

/// The proxy's clock moves by that much when a call hangs; the client waits a little less.
const HANG: SignedDuration = SignedDuration::from_secs(31);
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
const VALUE: &str = "the-value-that-nobody-may-see";

struct Rig {
    admin: Admin,
    mount: String,
    clock: ManualClock,
    proxy: Proxy,
}

impl Rig {
    fn new(ground: &Ground) -> Result<Self> {
        let vault = ground.vault()?;
        let admin = vault.admin();
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse()?);
        let proxy = Proxy::start(vault.address(), &clock, HANG)?;
        Ok(Self { mount: admin.mount_kv(2)?, admin, clock, proxy })
    }

    fn path(&self, key: &str) -> String {
        format!("{}/data/{key}", self.mount)
    }

    /// Writes by the proxy, as a client whose time-out runs by the manual clock and whose process dies when it is to.
    async fn write(&self, key: &str) -> Outcome {
        let body = json!({"data": {"key": VALUE}, "options": {"cas": 0}});
        let path = self.path(key);
        let call = self.send("POST", &path, Some(&body));
        tokio::select! {
            biased;
            answer = call => answer.map_or_else(|_| Outcome::Broken, |(status, body)| Outcome::Answered(status, words(&body))),
            () = self.clock.timer(PATIENCE) => Outcome::TimedOut,
            () = self.proxy.faults().death() => Outcome::Died,
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let address = self.proxy.endpoint().trim_start_matches("http://");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
        // Both in one future, so that the connection ends with the call.
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/{path}"))
            .header("host", address)
            .header("x-vault-token", self.admin.token())
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = to_bytes(Body::new(response.into_body()), usize::MAX).await?;
            Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
        };
        tokio::select! {
            biased;
            answer = exchange => answer,
            ended = connection.then(|ended| async { ended.context("the connection broke")?; std::future::pending().await }) => ended,
        }
    }

    /// How many versions the server has.
    fn versions(&self, key: &str) -> Result<u64> {
        let answer = self.admin.call("GET", &self.path(key), None)?;
        Ok(answer.body["data"]["metadata"]["version"].as_u64().unwrap_or_default())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Answered(u16, String),
    Broken,
    TimedOut,
    Died,
}

impl Outcome {
    fn said((status, words): (u16, &str)) -> Self {
        Self::Answered(status, words.to_owned())
    }
}

fn words(body: &Value) -> String {
    body["errors"][0].as_str().unwrap_or_default().to_owned()
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let limit = std::time::Duration::from_secs(120);
    runtime.block_on(async { tokio::time::timeout(limit, work).await.context("it did not end") })
}

fn without_a_fault_it_changes_nothing(ground: &Ground) -> Result<()> {
    let rig = Rig::new(ground)?;
    let through = rig.admin.by(rig.proxy.endpoint());
    let path = rig.path("app");
    let direct = |admin: &Admin, method, body: Option<&Value>| -> Result<(u16, Value)> {
        let answer = admin.call(method, &path, body)?;
        Ok((answer.status, answer.body["data"].clone()))
    };
    through.post(&path, &json!({"data": {"key": VALUE}}))?;
    assert_eq!(direct(&through, "GET", None)?, direct(&rig.admin, "GET", None)?);
    let patched = through.call("PATCH", &path, Some(&json!({"data": {"more": 1}})))?;
    assert_eq!(patched.status, 200);
    assert_eq!(through.list(&format!("{}/metadata", rig.mount))?, ["app"]);
    through.delete(&path)?;
    assert_eq!(direct(&through, "GET", None)?, direct(&rig.admin, "GET", None)?);
    let calls = ["POST", "GET", "PATCH"].map(|method| format!("{method} {path}"));
    assert_eq!(rig.proxy.calls()[..3], calls);
    let statuses: Vec<_> = rig.proxy.journal().iter().map(|entry| entry.answered).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 204, 404].map(Some));
    Ok(())
}

fn every_kind_of_fault_does_what_it_says(ground: &Ground) -> Result<()> {
    for fault in Fault::ALL {
        let (outcome, versions, answered) = match fault {
            Fault::Before => (Outcome::said(REFUSED), 0, Some(503)),
            Fault::After => (Outcome::said(UNANSWERED), 1, Some(500)),
            Fault::Throttled => (Outcome::said(THROTTLED), 0, Some(429)),
            Fault::Hang => (Outcome::TimedOut, 0, None),
            Fault::HangAfter => (Outcome::TimedOut, 1, None),
            Fault::Cut => (Outcome::Broken, 1, Some(200)),
            Fault::DieBefore => (Outcome::Died, 0, None),
            Fault::DieAfter => (Outcome::Died, 1, None),
        };
        let rig = Rig::new(ground)?;
        let begun = rig.clock.now();
        rig.proxy.inject(0, fault);
        assert_eq!(rig.proxy.faults().unfired(), 1);
        assert_eq!(block_on(rig.write("app"))?, outcome, "{fault:?}");
        assert_eq!(rig.proxy.faults().unfired(), 0);
        assert_eq!(rig.versions("app")?, versions, "{fault:?}");
        let hung = matches!(fault, Fault::Hang | Fault::HangAfter);
        assert_eq!(rig.clock.now().duration_since(begun), if hung { HANG } else { SignedDuration::ZERO });
        let entries = rig.proxy.journal();
        assert_eq!((entries.len(), entries[0].answered), (1, answered), "{fault:?}");
        assert_eq!(entries[0].outcome.as_deref(), (versions == 1).then_some("200"), "{fault:?}");
        let text = format!("{entries:?}");
        assert!(!text.contains(VALUE) && !text.contains(rig.admin.token()), "the journal keeps a secret");
        let next = block_on(rig.write("next"))?;
        assert_eq!(next, Outcome::Answered(200, String::new()), "the call after {fault:?}");
    }
    Ok(())
}

fn a_fault_finds_its_call_by_number(ground: &Ground) -> Result<()> {
    let rig = Rig::new(ground)?;
    rig.proxy.inject(1, Fault::Before);
    rig.proxy.inject(3, Fault::Throttled);
    let mut seen = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        seen.push(match block_on(rig.write(key))? {
            Outcome::Answered(status, _) => status,
            _ => 0,
        });
    }
    assert_eq!(seen, [200, 503, 200, 429, 200]);
    Ok(())
}

fn an_answer_without_a_body_breaks_off_as_well(ground: &Ground) -> Result<()> {
    let rig = Rig::new(ground)?;
    block_on(rig.write("app"))?;
    rig.proxy.inject(1, Fault::Cut);
    let path = format!("{}/metadata/app", rig.mount);
    assert!(block_on(rig.send("DELETE", &path, None))?.is_err(), "the answer was whole");
    assert_eq!(rig.versions("app")?, 0, "it was deleted");
    Ok(())
}

fn a_stranger_comes_first(ground: &Ground) -> Result<()> {
    let rig = Rig::new(ground)?;
    let (admin, path) = (rig.admin.clone(), rig.path("app"));
    let act = move || drop(admin.post(&path, &json!({"data": {"key": "theirs"}})));
    rig.proxy.faults().strike_call(0, localcloud::Fault::stranger(act));
    let Outcome::Answered(400, words) = block_on(rig.write("app"))? else { anyhow::bail!("it was not refused") };
    assert_eq!(words, "check-and-set parameter did not match the current version");
    assert_eq!(rig.admin.get(&rig.path("app"))?["data"]["data"]["key"], "theirs");
    Ok(())
}

fn a_held_call_goes_on_when_it_is_released(ground: &Ground) -> Result<()> {
    let rig = Rig::new(ground)?;
    rig.proxy.faults().hold_call(0);
    let released: BoxFuture<'_, Result<()>> = async {
        rig.proxy.faults().until_call_is_held(0).await;
        ensure!(rig.versions("app")? == 0, "it took effect while it was held");
        rig.proxy.faults().release_call(0);
        Ok(())
    }
    .boxed();
    let (written, released) = block_on(async { tokio::join!(rig.write("app"), released) })?;
    released?;
    assert_eq!(written, Outcome::Answered(200, String::new()));
    assert_eq!(rig.versions("app")?, 1);
    Ok(())
}

fn a_call_that_never_came_is_released_as_well(ground: &Ground) -> Result<()> {
    let rig = Rig::new(ground)?;
    rig.proxy.faults().hold_call(1);
    block_on(rig.write("app"))?;
    rig.proxy.faults().release_call(1);
    assert_eq!(block_on(rig.write("other"))?, Outcome::Answered(200, String::new()));
    Ok(())
}

fn a_server_that_is_down_is_told(ground: &Ground) -> Result<()> {
    let mut rig = Rig::new(ground)?;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    rig.proxy = Proxy::start(closed, &rig.clock, HANG)?;
    let Outcome::Answered(502, words) = block_on(rig.write("app"))? else { anyhow::bail!("somebody answered") };
    assert!(words.contains("does not answer"), "{words}");
    Ok(())
}
