//! The environment as OpenBao's own client reads it: the same variables are given to `bao` and to the plugin, and both succeed or both do not.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::RotatingResource;
use rotation::testing::Rig;
use serde_json::json;
use system_vault::{Vault as Plugin, VaultApiKey};
use vault_servers::{Program, Vault};

use super::kv::VaultKv;
use super::trials::{VaultTrial, order};
use crate::suite::trials;

pub(super) const TRIALS: &[VaultTrial] = trials!("", () =>
    official_b4_variables_are_read_as_openbaos_client_reads_them,
    official_b4_a_standby_is_no_obstacle_to_a_namespace,
);

type Variables = Vec<(String, String)>;

/// What the trial asks of both.
struct ReachableRig<'a> {
    kv: &'a VaultKv,
    program: std::path::PathBuf,
    home: tempfile::TempDir,
}

impl ReachableRig<'_> {
    /// Whether `bao` looks its token up with these variables, and whether the plugin lists a path with them.
    async fn both(&self, variables: &Variables) -> Result<(bool, Option<rotation::Error>)> {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", self.home.path()).env("BAO_MAX_RETRIES", "0").env("VAULT_FORMAT", "json");
        command.envs(variables.iter().cloned()).args(["token", "lookup"]).stderr(Stdio::null());
        let output = command.output().context("bao cannot be run")?;
        // It takes a redirect that it does not follow for an answer without anything in it.
        let theirs = output.status.success() && String::from_utf8_lossy(&output.stdout).contains("accessor");
        let environment: BTreeMap<_, _> = variables.iter().cloned().collect();
        let clock = Arc::new(self.kv.clock().clone());
        let plugin = Plugin::in_environment(clock, move |name| environment.get(name).cloned());
        let inputs = json!({"mount": "secret", "path": "app"});
        let issuer =
            VaultApiKey::new(Arc::new(plugin)).issuer(&serde_json::from_value(inputs)?, rotation::Known::default());
        Ok((theirs, issuer.list().await.err()))
    }
}

/// Which answer is expected, so that two that fail for different reasons are not taken for agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Works,
    Fails,
}
use Expected::{Fails, Works};

async fn official_b4_variables_are_read_as_openbaos_client_reads_them(kv: &VaultKv) -> Result<()> {
    let program = Program::OpenBao.find()?;
    let rig = ReachableRig { kv, program: program.clone(), home: tempfile::tempdir()? };
    let (plain, tls) = (Vault::dev(&program)?, Vault::dev_tls(&program)?);
    let ca = tls.ca_file().context("no authority")?;
    let ca_text = std::fs::read_to_string(&ca)?;
    let (ca, ca_folder) = (ca.display().to_string(), tempfile::tempdir()?);
    std::fs::copy(&ca, ca_folder.path().join("ca.pem"))?;
    let ca_folder = ca_folder.path().display().to_string();
    let (token, tls_token) = (plain.admin().token().to_owned(), tls.admin().token().to_owned());
    let (address, tls_address) = (plain.endpoint().to_owned(), tls.endpoint().to_owned());
    let redirect = redirecting(plain.address())?;
    let nobody = "http://127.0.0.1:1";
    let at_plain = |more: &[(&str, &str)]| with(&[("VAULT_ADDR", &address), ("VAULT_TOKEN", &token)], more);
    let at_tls = |more: &[(&str, &str)]| with(&[("VAULT_ADDR", &tls_address), ("VAULT_TOKEN", &tls_token)], more);
    let trusting = |more: &[(&str, &str)]| [at_tls(&[("VAULT_CACERT", &ca)]), with(&[], more)].concat();
    let at_redirect = |more: &[(&str, &str)]| with(&[("VAULT_ADDR", &redirect), ("VAULT_TOKEN", &token)], more);
    let mut table: Vec<(Variables, Expected)> = vec![
        (at_plain(&[]), Works),
        (with(&[("BAO_ADDR", &address), ("BAO_TOKEN", &token)], &[]), Works),
        (at_plain(&[("BAO_ADDR", nobody)]), Fails),
        (with(&[("VAULT_ADDR", nobody), ("BAO_ADDR", &address), ("VAULT_TOKEN", &token)], &[]), Works),
        (at_plain(&[("BAO_TOKEN", "wrong")]), Fails),
        (with(&[("VAULT_ADDR", &address), ("VAULT_TOKEN", "wrong"), ("BAO_TOKEN", &token)], &[]), Works),
        (with(&[("VAULT_ADDR", "nonsense://"), ("VAULT_TOKEN", &token)], &[]), Fails),
        (at_plain(&[("VAULT_NAMESPACE", "root")]), Works),
        (at_plain(&[("VAULT_NAMESPACE", "root/")]), Works),
        (at_plain(&[("BAO_NAMESPACE", "nobody")]), Fails),
        (at_tls(&[]), Fails),
        (at_tls(&[("VAULT_CACERT", &ca)]), Works),
        (at_tls(&[("BAO_CACERT", &ca)]), Works),
        (at_tls(&[("VAULT_CACERT", "/does-not-exist")]), Fails),
        (at_tls(&[("VAULT_CACERT", "/does-not-exist"), ("VAULT_CACERT_BYTES", &ca_text)]), Fails),
        (at_tls(&[("VAULT_CACERT_BYTES", &ca_text)]), Works),
        (at_tls(&[("BAO_CACERT_BYTES", &ca_text)]), Works),
        (at_tls(&[("VAULT_CACERT_BYTES", "nonsense")]), Fails),
        (at_tls(&[("VAULT_CACERT_BYTES", "nonsense"), ("VAULT_CAPATH", &ca_folder)]), Fails),
        (at_tls(&[("VAULT_CAPATH", &ca_folder)]), Works),
        (at_tls(&[("VAULT_CAPATH", "/does-not-exist")]), Fails),
        (trusting(&[("VAULT_TLS_SERVER_NAME", "localhost")]), Works),
        (trusting(&[("BAO_TLS_SERVER_NAME", "localhost")]), Works),
        (trusting(&[("VAULT_TLS_SERVER_NAME", "other.example")]), Fails),
        (at_tls(&[("VAULT_TLS_SERVER_NAME", "other.example"), ("VAULT_SKIP_VERIFY", "true")]), Works),
        (at_plain(&[("VAULT_CLIENT_CERT", "/c")]), Fails),
        (at_plain(&[("VAULT_CLIENT_KEY", "/k")]), Fails),
        (at_plain(&[("BAO_CLIENT_CERT", "/c"), ("BAO_CLIENT_KEY", "/k")]), Fails),
        (at_plain(&[("BAO_CLIENT_CERT_BYTES", "c")]), Fails),
        (at_redirect(&[]), Works),
        (at_redirect(&[("VAULT_DISABLE_REDIRECTS", "true")]), Fails),
        (at_redirect(&[("BAO_DISABLE_REDIRECTS", "0")]), Works),
        (at_plain(&[("VAULT_DISABLE_REDIRECTS", "maybe")]), Fails),
        (at_plain(&[("VAULT_SRV_LOOKUP", "maybe")]), Fails),
    ];
    for said in ["1", "t", "T", "true", "TRUE", "True"] {
        table.push((at_tls(&[("VAULT_SKIP_VERIFY", said)]), Works));
    }
    for said in ["0", "f", "F", "false", "FALSE", "False", "yes", "on", "tRUE", "2", " true"] {
        table.push((at_tls(&[("VAULT_SKIP_VERIFY", said)]), Fails));
    }
    for (variables, expected) in &table {
        let (theirs, ours) = rig.both(variables).await?;
        let shown: Vec<_> = variables.iter().skip(2).collect();
        ensure!(theirs == (*expected == Works), "bao is not as expected ({expected:?}) with {shown:?}");
        ensure!(ours.is_none() == theirs, "bao: {theirs}, the plugin: {ours:?} with {shown:?}");
        let said = ours.map(|error| error.to_string()).unwrap_or_default();
        ensure!(!said.contains(&token) && !said.contains(&tls_token), "a token is shown");
    }
    ensure!(table.len() >= 25);
    Ok(())
}

fn with(first: &[(&str, &str)], more: &[(&str, &str)]) -> Variables {
    first.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A standby that passes nothing on: it names the active server, for the same path. It ends with the test program.
fn redirecting(active: SocketAddr) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            drop(answer(stream, active));
        }
    });
    Ok(format!("http://{address}"))
}

fn answer(mut stream: TcpStream, active: SocketAddr) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let target = first.split(' ').nth(1).unwrap_or("/").to_owned();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    write!(
        stream,
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{active}{target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

/// A standby says so with a status of its own when it is asked which edition it is.
async fn official_b4_a_standby_is_no_obstacle_to_a_namespace(kv: &VaultKv) -> Result<()> {
    let active = Vault::durable(&Program::OpenBao.find()?)?;
    active.admin().post("sys/namespaces/team", &json!({}))?;
    let mount = active.admin().in_namespace("team").mount_kv(2)?;
    let standby = Vault::standby_of(&active)?;
    let health = standby.admin().call("GET", "sys/health", None)?.status;
    ensure!(health == 429, "it is no standby: {health}");
    let config = json!({"address": standby.endpoint(), "token": standby.admin().token(), "namespace": "team"});
    let made = kv.issuer_with(config, json!({"mount": mount, "path": "app"}))?.mint(&order("n1")).await?;
    ensure!(made.id.0 == "1");
    Ok(())
}
