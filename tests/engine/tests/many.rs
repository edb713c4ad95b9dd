//! Two hundred keys in one run, at the parallelism that the engine has by itself.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use engine::{Scene, TOKEN};
use serde_json::{Map, Value, json};

const KEYS: usize = 200;

fn user(number: usize) -> String {
    format!("user-{number:03}")
}

fn program() -> Value {
    let key = |number| {
        let inputs = json!({ "user": user(number), "verification": { "successes": 1 } });
        (user(number), json!({ "type": TOKEN, "properties": inputs }))
    };
    let resources: Map<String, Value> = (0..KEYS).map(key).collect();
    json!({ "name": "engine-test", "runtime": "yaml", "resources": resources })
}

/// In process the same two hundred are also rotated, in provider/plugin/tests/life/many.rs.
#[test]
fn two_hundred_keys_are_made_in_one_run() -> Result<()> {
    let scene = Scene::in_real_time()?;
    for number in 0..KEYS {
        scene.cloud.add_user(&user(number))?;
    }
    scene.work.write_program(&program())?;
    scene.work.run(&["up", "--yes", "--skip-preview"])?.expect_success()?;
    let state = scene.work.state()?;
    let ids = state.of_type(TOKEN).into_iter().filter_map(|key| key["outputs"]["accessKeyId"].as_str());
    let ids: BTreeSet<String> = ids.map(str::to_owned).collect();
    ensure!(ids.len() == KEYS, "the state holds {} keys, not {KEYS}", ids.len());
    let there: BTreeSet<String> = (0..KEYS).flat_map(|number| scene.cloud.key_ids(&user(number))).collect();
    ensure!(ids == there, "state and cloud differ");
    ensure!(ids.iter().all(|id| scene.cloud.works(id)), "a key does not work");
    scene.expect_clean()
}
