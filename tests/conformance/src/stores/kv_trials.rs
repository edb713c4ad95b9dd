//! What only a path of a KV engine does as a store, on a real server behind a proxy.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, ManualClock};
use rotation::{ErrorKind, Store};
use serde_json::{Value, json};
use vault_servers::{Admin, Proxy, Vault, unique};

use super::key::Key;
use super::kv::Paths;
use super::rules::Entries;
use super::shelves::{BEFORE, Shelves, all, with};
use crate::suite::{Trial, trials};

/// A KV engine of a server, reached by a proxy.
pub struct KvGround {
    admin: Admin,
    mount: String,
    proxy: Arc<Proxy>,
    clock: ManualClock,
    has_namespaces: bool,
}

/// A rule.
pub type KvStoreTrial = Trial<KvGround>;

/// Every rule.
pub fn kv_store_trials() -> impl Iterator<Item = &'static KvStoreTrial> {
    TRIALS.iter()
}

const TRIALS: &[KvStoreTrial] = trials!("vault_kv::", () =>
    a_path_is_made_as_the_inputs_say,
    nothing_of_a_staged_key_stands_on_the_server,
    one_entry_of_custom_metadata_is_the_plugins_and_63_are_the_users,
    a_run_that_died_after_the_write_finds_its_delivery,
    somebody_elses_version_under_an_announced_number_is_known,
    every_lost_answer_is_one_version_more_at_most,
    old_versions_go_as_the_path_says_and_nothing_is_lost,
    a_path_of_a_rotating_api_key_is_refused,
    a_deleted_version_is_not_read_and_is_written_anew,
    errors_name_the_path_and_the_capability,
    another_server_and_another_namespace_are_reached_by_the_connection,
);

impl KvGround {
    /// On OpenBao, with a mount of its own.
    ///
    /// # Errors
    /// It does not start.
    pub fn new() -> Result<Self> {
        let (admin, _, address) = crate::vault::kv_ground()?;
        let address = address.trim_start_matches("http://").parse()?;
        Self::at(admin, address, true)
    }

    /// On this server.
    ///
    /// # Errors
    /// The mount cannot be made.
    pub fn on(vault: &Vault, has_namespaces: bool) -> Result<Self> {
        Self::at(vault.admin(), vault.address(), has_namespaces)
    }

    fn at(admin: Admin, address: std::net::SocketAddr, has_namespaces: bool) -> Result<Self> {
        let clock = ManualClock::new(Timestamp::now());
        let proxy = Arc::new(Proxy::start(address, &clock, SignedDuration::from_secs(31))?);
        let mount = admin.mount_kv(2)?;
        Ok(Self { admin, mount, proxy, clock, has_namespaces })
    }

    /// Its paths, for the rules of both kinds.
    pub fn entries(&self) -> Entries {
        Entries(Box::new(self.paths()))
    }

    fn paths(&self) -> Paths {
        let mut paths =
            Paths::new(self.admin.clone(), self.mount.clone(), self.proxy.endpoint().to_owned(), &self.clock);
        paths.folder = "apps".to_owned();
        paths
    }

    fn made(&self, name: &str) -> Box<dyn Store> {
        let paths = self.paths();
        paths.open(name, &json!({ "create": paths.create() }), all())
    }

    fn theirs(&self, name: &str) -> Box<dyn Store> {
        self.paths().open(name, &Value::Null, all())
    }

    fn value(&self, name: &str) -> Option<String> {
        self.paths().value(name)
    }

    fn note(&self, name: &str) -> Value {
        let metadata = self.paths().metadata(name);
        let text = metadata["custom_metadata"]["keyrotation.delivery"].as_str().unwrap_or("null").to_owned();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

async fn a_path_is_made_as_the_inputs_say(on: &KvGround) -> Result<()> {
    let key = Key::new(3);
    key.deliver(&*on.made("described")).await?;
    let metadata = on.paths().metadata("described");
    ensure!(metadata["max_versions"] == 5 && metadata["cas_required"] == true, "{metadata}");
    ensure!(metadata["custom_metadata"]["team"] == "ci", "{metadata}");
    let note = on.note("described");
    ensure!(note["generation"] == 3 && note["key"] == "key3", "{note}");
    ensure!(note["current"] == json!([1, key.delivery(&*on.made("described")).as_str()]), "{note}");
    ensure!(note.get("next").is_none(), "the print of a key that was delivered is needless: {note}");
    Ok(())
}

async fn nothing_of_a_staged_key_stands_on_the_server(on: &KvGround) -> Result<()> {
    on.paths().make("staged");
    let (before, key) = (on.paths().newest("staged"), Key::new(1));
    key.stage(&*on.theirs("staged")).await?;
    ensure!(on.paths().newest("staged") == before && on.paths().values("staged") == [BEFORE]);
    let metadata = on.paths().metadata("staged").to_string();
    ensure!(!metadata.contains("secret 1"), "{metadata}");
    // Another process has no value for it, so it does not take it for staged.
    let head = on.theirs("staged").head().await?;
    let pending = head.pending.and_then(|pending| pending.delivery).context("it is not announced")?;
    ensure!(pending != key.delivery(&*on.theirs("staged")));
    Ok(())
}

async fn one_entry_of_custom_metadata_is_the_plugins_and_63_are_the_users(on: &KvGround) -> Result<()> {
    let users: BTreeMap<String, String> = (0..63).map(|n| (format!("entry{n}"), "theirs".to_owned())).collect();
    let store = on.paths().open("full", &json!({ "create": { "customMetadata": users } }), all());
    for generation in 1..=4 {
        Key::new(generation).deliver(&*store).await?;
    }
    let metadata = on.paths().metadata("full");
    let entries = metadata["custom_metadata"].as_object().context("there is none")?;
    ensure!(entries.len() == 64 && users.keys().all(|name| entries[name] == "theirs"), "{metadata}");
    Ok(())
}

async fn a_run_that_died_after_the_write_finds_its_delivery(on: &KvGround) -> Result<()> {
    on.paths().make("died");
    let (store, key) = (on.theirs("died"), Key::new(1));
    let id = key.stage(&*store).await?;
    let head = store.head().await?;
    // The write, and no note of it.
    let calls = on.proxy.calls().len();
    for call in calls + 1..calls + 5 {
        on.proxy.inject(call, Fault::Before);
    }
    ensure!(store.promote(&id, &head).await.is_err(), "the note was written");
    on.proxy.faults().clear();
    ensure!(on.value("died") == Some(key.text()));
    let head = on.theirs("died").head().await?;
    let current = head.current.context("nothing is current")?;
    ensure!(current.version == id && current.delivery == Some(key.delivery(&*store)), "{current:?}");
    // What consumers read is not delivered again, and the next key follows it.
    ensure!(key.deliver(&*on.theirs("died")).await? == id);
    Key::new(2).deliver(&*on.theirs("died")).await?;
    ensure!(
        on.value("died") == Some(Key::new(2).text()) && on.note("died")["previous"][0] == json!(id.parse::<u64>()?)
    );
    Ok(())
}

async fn somebody_elses_version_under_an_announced_number_is_known(on: &KvGround) -> Result<()> {
    on.paths().make("taken");
    let id = Key::new(1).stage(&*on.theirs("taken")).await?;
    on.paths().edit("taken");
    let head = on.theirs("taken").head().await?;
    let current = head.current.context("nothing is current")?;
    ensure!(current.version == id && current.delivery.is_none(), "a stranger's value passes for a key: {current:?}");
    Key::new(1).deliver(&*on.theirs("taken")).await?;
    ensure!(on.value("taken") == Some(Key::new(1).text()));
    Ok(())
}

async fn every_lost_answer_is_one_version_more_at_most(on: &KvGround) -> Result<()> {
    // Which calls a delivery makes to a path that is there.
    Key::new(1).deliver(&*on.made("counted")).await?;
    let before = on.proxy.calls().len();
    Key::new(2).deliver(&*on.made("counted")).await?;
    let calls = on.proxy.calls().len() - before;
    ensure!(calls > 3, "{:?}", on.proxy.calls());
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::HangAfter, Fault::Cut] {
        for call in 0..calls {
            let (name, key) = (format!("{fault:?}-{call}"), Key::new(2));
            Key::new(1).deliver(&*on.made(&name)).await?;
            on.proxy.inject(on.proxy.calls().len() + call, fault);
            // What a run does that a fault has broken: it looks again.
            if key.deliver(&*on.made(&name)).await.is_err() {
                key.deliver(&*on.made(&name)).await?;
            }
            on.proxy.faults().clear();
            ensure!(on.value(&name) == Some(key.text()), "{name}");
            ensure!(on.paths().newest(&name) == 2, "{name}: {}", on.paths().newest(&name));
            let head = on.made(&name).head().await?;
            ensure!(
                head.current.and_then(|current| current.delivery) == Some(key.delivery(&*on.made(&name))),
                "{name}"
            );
        }
    }
    Ok(())
}

async fn old_versions_go_as_the_path_says_and_nothing_is_lost(on: &KvGround) -> Result<()> {
    for generation in 1..=12 {
        Key::new(generation).deliver(&*on.made("pruned")).await?;
        ensure!(on.value("pruned") == Some(Key::new(generation).text()));
        ensure!(on.note("pruned").to_string().len() <= 512);
    }
    ensure!(on.paths().values("pruned").len() == 5, "{:?}", on.paths().values("pruned").len());
    Ok(())
}

async fn a_path_of_a_rotating_api_key_is_refused(on: &KvGround) -> Result<()> {
    on.paths().make("issued");
    let body = json!({ "custom_metadata": { "keyrotation-0123456789abcdef.1": "a mark" } });
    on.admin.post(&on.paths().at("metadata", "issued"), &body)?;
    let blocked = on.theirs("issued").head().await?.blocked.context("it is not blocked")?;
    ensure!(blocked.contains("vault:RotatingApiKey") && blocked.contains("issued"), "{blocked}");
    Ok(())
}

async fn a_deleted_version_is_not_read_and_is_written_anew(on: &KvGround) -> Result<()> {
    on.paths().make("deleted");
    let id = Key::new(1).deliver(&*on.theirs("deleted")).await?;
    on.admin.post(&on.paths().at("delete", "deleted"), &json!({ "versions": [id] }))?;
    ensure!(on.theirs("deleted").head().await?.current.is_none());
    let again = Key::new(1).deliver(&*on.theirs("deleted")).await?;
    ensure!(again != id && on.value("deleted") == Some(Key::new(1).text()));
    Ok(())
}

async fn errors_name_the_path_and_the_capability(on: &KvGround) -> Result<()> {
    on.paths().make("denied");
    let rule = |part: &str, capabilities: &[&str]| {
        format!("path \"{}\" {{ capabilities = {} }}\n", on.paths().at(part, "denied"), json!(capabilities))
    };
    let all_of =
        [("metadata", vec!["read", "patch"]), ("data", vec!["read", "create", "update"]), ("destroy", vec!["update"])];
    let without = |lacking: (&str, &str)| -> String {
        let kept = all_of.iter().map(|(part, all)| {
            let kept: Vec<&str> = all.iter().copied().filter(|right| (*part, *right) != lacking).collect();
            rule(part, &kept)
        });
        kept.collect()
    };
    let store = |policy: String| -> Result<Box<dyn Store>> {
        let policy = on.admin.policy(&policy)?;
        let token = on.admin.make_token(&json!({ "policies": [policy] }))?;
        let mut config = on.paths().config();
        config["token"] = token.token.into();
        Ok(on.paths().open_with(config, (on.paths().inputs("denied"), all())))
    };
    Key::new(1).deliver(&*store(without(("", "")))?).await.context("with every right that the documentation names")?;
    let path = |part: &str| format!("{:?}", on.paths().at(part, "denied"));
    let cases = [
        (("metadata", "read"), "capability read"),
        (("metadata", "patch"), "capability patch"),
        (("data", "update"), "capability create and update"),
    ];
    for (lacking, capability) in cases {
        let error = Key::new(2).deliver(&*store(without(lacking))?).await.err().context("it was allowed")?;
        let parts = [capability, &path(lacking.0), "`deliveries[0]`"];
        ensure!(error.kind == ErrorKind::Denied && parts.iter().all(|part| error.message.contains(part)), "{error}");
    }
    let limited = store(without(("destroy", "update")))?;
    let head = limited.head().await?;
    let current = head.current.clone().context("nothing is current")?;
    let error = limited.withdraw(&current.version, &head).await.err().context("it was allowed")?;
    ensure!(error.message.contains(&path("destroy")), "{error}");
    Ok(())
}

async fn another_server_and_another_namespace_are_reached_by_the_connection(on: &KvGround) -> Result<()> {
    let paths = on.paths();
    // The provider's own server is not there.
    let nowhere =
        json!({ "address": "http://127.0.0.1:9", "token": "hidden", "skipTlsVerify": true, "namespace": "team" });
    let there = json!({ "connection": { "address": paths.address, "token": on.admin.token() }, "create": {} });
    let store = paths.open_with(nowhere.clone(), (with(paths.inputs("elsewhere"), &there), all()));
    Key::new(1).deliver(&*store).await?;
    ensure!(
        on.value("elsewhere") == Some(Key::new(1).text()) && store.identity().contains(&paths.address),
        "{}",
        store.identity()
    );
    ensure!(!store.identity().contains("team"), "{}", store.identity());
    if !on.has_namespaces {
        return Ok(());
    }
    let team = on.admin.make_namespace()?;
    let mount = team.mount_kv(2)?;
    let name = unique("in-a-namespace");
    let namespace = team.namespace().context("it has no name")?.to_owned();
    let inputs = json!({ "mount": mount, "path": name, "create": {}, "connection": { "namespace": namespace } });
    let store = paths.open_with(paths.config(), (inputs, all()));
    Key::new(1).deliver(&*store).await?;
    let held = team.get(&format!("{mount}/data/{name}"))?;
    ensure!(held["data"]["data"]["secret"] == "secret 1" && store.identity().contains(&namespace), "{held}");
    Ok(())
}
