//! What cannot be rotated, and who may not rotate it.

use pulumi_provider::testing::object;
use std::sync::Arc;

use jiff::Timestamp;
use libtest_mimic::Trial;
use pulumi_provider::{Object, Value};
use serde_json::json;
use vault_servers::{Ground, Program, Vault};

use crate::database::{Kind, Make, Place};
use crate::stack::{Stack, inputs};
use crate::trial;

const NEEDS: &[Program] = &[Program::Postgres];

pub(crate) fn trials(ground: &Arc<Ground>) -> Vec<Trial> {
    let on_place = |name: &str, kind: Kind, prove: fn(&Place<'_>)| {
        let name = format!("access::{name}");
        trial(ground, name, NEEDS, move |ground| prove(&Place::new(ground, Make::Postgres, kind)))
    };
    vec![
        on_place("a_path_that_names_nothing_is_refused", Kind::StaticRole, names_nothing),
        on_place("a_connection_without_a_capability_is_told_which", Kind::Connection, lacks_a_capability),
        on_place("a_static_role_without_a_capability_is_told_which", Kind::StaticRole, lacks_a_capability),
        on_place("a_root_that_somebody_removed_is_drift", Kind::Connection, removed),
        trial(ground, "access::an_engine_of_another_type_is_refused", &[], other_engines),
        trial(ground, "access::wrong_inputs_are_named", &[], wrong_inputs),
        trial(ground, "access::a_sealed_server_says_so", &[], sealed),
        trial(ground, "access::a_database_that_is_down_is_told", NEEDS, down),
    ]
}

fn plain(path: &str) -> Object {
    object([("path", path.into())])
}

fn names_nothing(place: &Place<'_>) {
    let mount = &place.mount;
    let cases = [
        (mount.clone(), "names no connection"),
        (format!("{mount}/static-roles"), "names no static role"),
        (format!("{mount}/roles/app"), "nothing that the database engine"),
        (format!("{mount}/nobody"), "does not exist"),
        (format!("{mount}/static-roles/nobody"), "does not exist"),
        ("nowhere/main".to_owned(), "nothing is mounted"),
    ];
    let mut stack = place.stack(Timestamp::now());
    for (path, words) in cases {
        let told = stack.fails(&plain(&path));
        assert!(told.contains(words) && told.contains("`path`"), "{path}: {told}");
        assert!(stack.saved.is_none() && stack.orders() == 0);
        let imported = stack.import(&path).unwrap();
        assert!(imported.is_err() || stack.saved.is_none(), "{path} was imported");
    }
}

/// One call after the other is forbidden.
fn lacks_a_capability(place: &Place<'_>) {
    let (admin, mount) = (&place.admin, &place.mount);
    let [question, order] = match place.kind {
        Kind::Connection => [format!("{mount}/config/main"), format!("{mount}/rotate-root/main")],
        Kind::StaticRole => [format!("{mount}/static-roles/kept"), format!("{mount}/rotate-role/kept")],
    };
    let rule = |path: &str, capabilities: &str| format!("path \"{path}\" {{ capabilities = [{capabilities}] }}\n");
    let all = [rule(&question, "\"read\""), rule(&order, "\"create\", \"update\"")];
    let begun = place.turns();
    let log_in = |rules: &str| {
        let policy = admin.policy(rules).unwrap();
        admin.make_token(&json!({"policies": [policy], "ttl": "1h"})).unwrap().token
    };
    for (missing, path, capability) in [(0, &question, "read"), (1, &order, "create and update")] {
        let mut stack = stack_with(place, &log_in(&all[1 - missing]));
        let told = stack.fails(&plain(&place.path));
        assert!(told.contains(&format!("{path:?}")) && told.contains(capability), "{told}");
        assert!(stack.saved.is_none());
    }
    assert_eq!(place.turns(), begun);
    let mut nobody = stack_with(place, &log_in(&rule("other/path", "\"read\"")));
    let told = nobody.fails(&plain(&place.path));
    assert!(told.contains("capability") && told.contains(&format!("{:?}", place.path)), "{told}");
    let mut stack = stack_with(place, &log_in(&all.concat()));
    stack.up(&plain(&place.path)).unwrap().unwrap();
    stack.refresh().unwrap().unwrap();
    assert_eq!(place.turns() - begun, 1, "the policy of the documentation is enough");
}

fn stack_with(place: &Place<'_>, token: &str) -> Stack {
    let mut stack = place.stack(Timestamp::now());
    let mut vault = stack.config["vault"].as_object().unwrap().clone();
    vault.insert("token".to_owned(), Value::secret(token));
    stack.config.insert("vault".to_owned(), vault.into());
    stack
}

fn removed(place: &Place<'_>) {
    let mut stack = place.stack(Timestamp::now());
    stack.up(&plain(&place.path)).unwrap().unwrap();
    place.admin.delete(&format!("{}/config/main", place.mount)).unwrap();
    stack.refresh().unwrap().unwrap();
    assert!(stack.saved.is_none(), "it is gone from the state");
}

fn other_engines(ground: &Ground) {
    let admin = ground.vault().unwrap().admin();
    for version in [1, 2] {
        let mount = admin.mount_kv(version).unwrap();
        let mut stack = Stack::new(ground.vault().unwrap().address(), admin.token(), Timestamp::now());
        for path in [mount.clone(), format!("{mount}/main"), format!("{mount}/static-roles/app")] {
            let told = stack.fails(&plain(&path));
            assert!(told.contains("type kv") && told.contains("`path`"), "{told}");
        }
        assert_eq!(stack.orders(), 0);
        let list = if version == 1 { mount } else { format!("{mount}/metadata") };
        assert!(admin.list(&list).unwrap().is_empty(), "something was written");
    }
}

fn wrong_inputs(ground: &Ground) {
    let vault = ground.vault().unwrap();
    let mut stack = Stack::new(vault.address(), vault.admin().token(), Timestamp::now());
    let cases: [(Object, &[&str]); 6] = [
        (object([]), &["path"]),
        (plain("/aws"), &["path"]),
        (inputs("db/main", "1", [("rotationPeriod", "soon".into())]), &["rotationPeriod"]),
        (inputs("db/main", "1", [("rotationPeriod", "0s".into())]), &["rotationPeriod"]),
        (inputs("db/main", "1", [("rotationAnchor", "today".into())]), &["rotationAnchor"]),
        (inputs("db/main", "1", [("overlap", "1d".into()), ("allowOutage", true.into())]), &["allowOutage", "overlap"]),
    ];
    for (inputs, properties) in cases {
        let told = stack.fails(&inputs);
        let mut named: Vec<_> = told.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
        named.sort_unstable();
        assert_eq!(named, properties, "{told}");
    }
    assert!(stack.proxy.calls().is_empty(), "a check asks nobody");
}

fn sealed(ground: &Ground) {
    let vault = Vault::durable(&ground.program().find().unwrap()).unwrap();
    vault.admin().put("sys/seal", &json!({})).unwrap();
    let mut stack = Stack::new(vault.address(), vault.admin().token(), Timestamp::now());
    let told = stack.fails(&plain("database/main"));
    assert!(told.contains("sealed"), "{told}");
    assert!(stack.saved.is_none());
}

fn down(_: &Ground) {
    // Servers of its own, since others need theirs.
    let ground = Ground::new(Program::OpenBao);
    for kind in [Kind::Connection, Kind::StaticRole] {
        let mut postgres = vault_servers::Postgres::start(&Program::Postgres.find().unwrap()).unwrap();
        let admin = ground.vault().unwrap().admin();
        let mount = admin.mount("database", &json!({})).unwrap();
        use vault_servers::Database;
        let root = postgres.superuser().unwrap();
        admin.connect(&mount, "main", &postgres, &root).unwrap();
        postgres.run("CREATE ROLE app LOGIN PASSWORD 'first'").unwrap();
        let settings = json!({"db_name": "main", "username": "app", "rotation_period": "24h"});
        admin.post(&format!("{mount}/static-roles/app"), &settings).unwrap();
        postgres.kill();
        let path = if kind == Kind::Connection { format!("{mount}/main") } else { format!("{mount}/static-roles/app") };
        let mut stack = Stack::new(ground.vault().unwrap().address(), admin.token(), Timestamp::now());
        let told = stack.fails(&plain(&path));
        assert!(told.contains("status 500") && told.contains("next `pulumi up`"), "{told}");
        assert!(stack.saved.is_some(), "what may have happened is kept");
    }
}
