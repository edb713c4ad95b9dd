//! Starting, stopping, crashing, and what an administrator sets up.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use vault_servers::{Ground, Program, Vault, unique};

use super::{Trial, trials};

const CHILD: &str = "KEYROTATION_VAULT_CHILD";

pub(crate) const TRIALS: &[Trial] = trials!("servers::", &[] =>
    a_dev_server_keeps_a_key,
    a_dev_server_behind_tls_is_trusted_by_its_authority,
    a_durable_server_is_sealed_after_a_crash_and_keeps_its_data,
    a_server_that_is_dropped_is_gone,
    a_server_does_not_outlive_a_killed_test_program,
    a_server_that_refuses_to_start_says_why,
);

pub(crate) const ADMIN: &[Trial] = trials!("admin::", &[] =>
    a_token_may_do_what_its_policy_says,
    a_machine_logs_in_by_its_role,
);

pub(crate) const NAMESPACES: &[Trial] = trials!("admin::", &[Program::OpenBao] =>
    a_namespace_is_a_world_of_its_own,
);

fn a_dev_server_keeps_a_key(ground: &Ground) -> Result<()> {
    let admin = ground.vault()?.admin();
    let mount = admin.mount_kv(2)?;
    let written = admin.post(&format!("{mount}/data/app"), &json!({"data": {"key": "one"}, "options": {"cas": 0}}))?;
    assert_eq!(written["data"]["version"], 1);
    let read = admin.get(&format!("{mount}/data/app"))?;
    assert_eq!(read["data"]["data"]["key"], "one");
    assert_eq!(admin.list(&format!("{mount}/metadata"))?, ["app"]);
    assert!(admin.list(&format!("{mount}/metadata/nothing"))?.is_empty());
    let patched = admin.call("PATCH", &format!("{mount}/data/app"), Some(&json!({"data": {"other": "two"}})))?;
    assert_eq!((patched.status, &patched.body["data"]["version"]), (200, &json!(2)));
    let refused = admin.post(&format!("{mount}/data/app"), &json!({"data": {}, "options": {"cas": 1}})).unwrap_err();
    assert!(refused.to_string().contains("check-and-set parameter did not match"), "{refused}");
    admin.delete(&format!("{mount}/metadata/app"))?;
    assert_eq!(admin.call("GET", &format!("{mount}/data/app"), None)?.status, 404);
    Ok(())
}

fn a_dev_server_behind_tls_is_trusted_by_its_authority(ground: &Ground) -> Result<()> {
    let vault = Vault::dev_tls(&ground.program().find()?)?;
    assert!(vault.endpoint().starts_with("https://127.0.0.1:"));
    let ca = std::fs::read_to_string(vault.ca_file().context("no certificate")?)?;
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(vault.admin().get("sys/health")?["sealed"], false);
    let stranger = ground.vault()?.admin().by(vault.endpoint());
    let failure = format!("{:#}", stranger.get("sys/health").unwrap_err());
    assert!(failure.contains("certificate"), "whoever does not know the authority does not trust it: {failure}");
    Ok(())
}

fn a_durable_server_is_sealed_after_a_crash_and_keeps_its_data(ground: &Ground) -> Result<()> {
    let mut vault = Vault::durable(&ground.program().find()?)?;
    let admin = vault.admin();
    admin.post("sys/mounts/kv", &json!({"type": "kv", "options": {"version": "2"}}))?;
    admin.post("kv/data/app", &json!({"data": {"key": "one"}}))?;
    vault.crash();
    assert!(admin.get("kv/data/app").is_err(), "nobody listens");
    vault.restart()?;
    let sealed = admin.call("GET", "kv/data/app", None)?;
    assert_eq!(sealed.status, 503);
    assert!(sealed.body["errors"][0].as_str().is_some_and(|words| words.contains("sealed")), "{}", sealed.body);
    vault.unseal()?;
    assert_eq!(admin.get("kv/data/app")?["data"]["data"]["key"], "one");
    Ok(())
}

fn a_server_that_is_dropped_is_gone(ground: &Ground) -> Result<()> {
    let vault = Vault::dev(&ground.program().find()?)?;
    let (id, address) = (vault.process_id().context("it runs")?, vault.address());
    assert!(lives(id));
    drop(vault);
    assert!(!lives(id));
    assert!(std::net::TcpStream::connect(address).is_err());
    Ok(())
}

fn a_server_does_not_outlive_a_killed_test_program(_: &Ground) -> Result<()> {
    let mut program = Command::new(std::env::current_exe()?);
    let mut child = program.env(CHILD, "1").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    let id = line.trim().parse().with_context(|| format!("no process id: {line:?}"))?;
    assert!(lives(id), "the child's server runs");
    child.kill()?;
    child.wait()?;
    for _ in 0..500 {
        if !lives(id) {
            return Ok(());
        }
        sleep(Duration::from_millis(20));
    }
    bail!("the server {id} still runs")
}

/// In a child of this program: starts a server, tells its process id, and waits to be killed. False if this is no child.
pub(crate) fn child() -> bool {
    if std::env::var_os(CHILD).is_none() {
        return false;
    }
    let program = [Program::OpenBao, Program::Vault].iter().find_map(|program| program.find().ok()).unwrap();
    let vault = Vault::dev(&program).unwrap();
    #[allow(clippy::print_stdout, reason = "that is how the test hears of it")]
    {
        println!("{}", vault.process_id().unwrap());
    }
    sleep(Duration::from_secs(60));
    true
}

fn a_server_that_refuses_to_start_says_why(_: &Ground) -> Result<()> {
    let Err(failure) = Vault::dev(Path::new("/bin/false")) else { bail!("it started") };
    assert!(failure.to_string().contains("the server ended"), "{failure}");
    Ok(())
}

fn a_token_may_do_what_its_policy_says(ground: &Ground) -> Result<()> {
    let admin = ground.vault()?.admin();
    let mount = admin.mount_kv(2)?;
    let policy = admin.policy(&format!(r#"path "{mount}/data/mine" {{ capabilities = ["create", "update"] }}"#))?;
    let token = admin.make_token(&json!({"policies": [policy], "ttl": "1m", "no_parent": true}))?;
    let user = admin.with_token(&token.token);
    user.post(&format!("{mount}/data/mine"), &json!({"data": {"key": "one"}}))?;
    assert_eq!(user.call("GET", &format!("{mount}/data/mine"), None)?.status, 403);
    admin.post("auth/token/revoke-accessor", &json!({"accessor": token.accessor}))?;
    assert_eq!(user.call("GET", "auth/token/lookup-self", None)?.status, 403);
    Ok(())
}

fn a_machine_logs_in_by_its_role(ground: &Ground) -> Result<()> {
    let admin = ground.vault()?.admin();
    let mount = admin.mount_auth("approle")?;
    let role = admin.make_app_role(&mount, "app", &json!({"token_ttl": "1m"}))?;
    let body = json!({"role_id": role.role_id, "secret_id": role.secret_id});
    let token = admin.log_in(&mount, &body)?;
    assert_eq!(admin.with_token(&token.token).get("auth/token/lookup-self")?["data"]["accessor"], token.accessor);
    let path = format!("auth/{mount}/role/app/secret-id-accessor/destroy");
    admin.post(&path, &json!({"secret_id_accessor": role.accessor}))?;
    assert!(admin.log_in(&mount, &body).is_err(), "the secret-id is destroyed");
    Ok(())
}

fn a_namespace_is_a_world_of_its_own(ground: &Ground) -> Result<()> {
    let admin = ground.vault()?.admin();
    let inside = admin.make_namespace()?;
    let mount = inside.mount_kv(2)?;
    inside.post(&format!("{mount}/data/app"), &json!({"data": {"key": "one"}}))?;
    assert_eq!(inside.get(&format!("{mount}/data/app"))?["data"]["data"]["key"], "one");
    assert_eq!(admin.call("GET", &format!("{mount}/data/app"), None)?.status, 404);
    let nowhere = admin.in_namespace(&unique("nowhere")).call("GET", "sys/mounts", None)?;
    ensure!(nowhere.status == 404, "a namespace that does not exist: {} {}", nowhere.status, nowhere.body);
    Ok(())
}

fn lives(id: u32) -> bool {
    // A process that has ended and that nobody waited for is still listed, as a zombie.
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}
