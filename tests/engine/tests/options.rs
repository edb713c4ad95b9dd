//! Resource options and settings of the engine, each with its effect on a rotation.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use engine::{Credentials, Fault, Known, Rule, Scene, TOKEN, URN, USER, program};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(300);

fn keepers(release: &str) -> Value {
    json!({ "keepers": { "release": release } })
}

/// The actions of the calls since the first `before` ones, as far as they change keys.
fn changes(scene: &Scene, before: usize) -> Vec<String> {
    let actions = scene.cloud.calls().into_iter().skip(before).map(|entry| entry.action);
    actions.filter(|action| ["CreateAccessKey", "DeleteAccessKey"].contains(&action.as_str())).collect()
}

#[test]
fn a_protected_key_rotates_and_is_neither_replaced_nor_destroyed() -> Result<()> {
    let scene = Scene::start()?;
    let protect = || json!({ "protect": true });
    scene.declare_with(keepers("1"), protect())?;
    scene.update()?;
    scene.declare_with(keepers("2"), protect())?;
    scene.update()?;
    let rotated = scene.expect_known()?;
    ensure!(rotated.generation == 2, "a protected key was not rotated: {rotated:?}");

    scene.cloud.add_user("other")?;
    scene.declare_with(json!({ "user": "other", "keepers": { "release": "2" } }), protect())?;
    scene.work.up()?.expect_failure()?.expect_text("protect")?;
    scene.work.destroy()?.expect_failure()?.expect_text("protect")?;
    ensure!(scene.cloud.keys("other").is_empty(), "a refused replacement made a key");
    ensure!(scene.expect_known()? == rotated, "a refused replacement or destroy changed something");

    scene.declare(keepers("2"))?;
    scene.update()?;
    scene.expect_destroyed()
}

#[test]
fn a_retained_key_outlives_its_stack_and_its_predecessors_do_not() -> Result<()> {
    let scene = Scene::start()?;
    let retain = || json!({ "retainOnDelete": true });
    scene.declare_with(keepers("1"), retain())?;
    scene.update()?;
    scene.declare_with(keepers("2"), retain())?;
    scene.update()?;
    scene.wait_hours(26)?;
    scene.update()?;
    let known = scene.expect_known()?;
    ensure!(known.previous.is_none(), "the superseded key was retained: {known:?}");
    scene.work.destroy()?.expect_success()?;
    ensure!(scene.work.state()?.of_type(TOKEN).is_empty(), "the state still holds the key");
    scene.cloud.expect_works(&known.current, &known.secret)?;
    scene.expect_keys(1)?;
    ensure!(!scene.cloud.tags(USER).is_empty(), "the mark went although the key stayed");

    scene.work.run(&["config", "set", "--secret", "engine-test:token", &known.secret])?.expect_success()?;
    scene.declare(json!({ "adopt": { "id": known.current, "secret": "${token}" } }))?;
    scene.update()?;
    ensure!(scene.expect_known()?.current == known.current, "the retained key was not taken over again");
    scene.expect_destroyed()
}

#[test]
fn delete_before_replace_deletes_every_old_key_and_then_makes_one() -> Result<()> {
    let scene = Scene::start()?;
    let options = || json!({ "deleteBeforeReplace": true });
    scene.declare_with(keepers("1"), options())?;
    scene.update()?;
    scene.declare_with(keepers("2"), options())?;
    scene.update()?;
    scene.expect_keys(2)?;

    let before = scene.cloud.calls().len();
    scene.work.run(&["up", "--yes", "--skip-preview", "--replace", URN])?.expect_success()?;
    let order = ["DeleteAccessKey", "DeleteAccessKey", "CreateAccessKey"];
    ensure!(changes(&scene, before) == order, "it went by {:?}", changes(&scene, before));
    let replaced = scene.expect_known()?;
    ensure!(replaced.generation == 1 && replaced.previous.is_none(), "the replacement came out as {replaced:?}");
    scene.work.expect_quiet()?;

    scene.cloud.add_user("other")?;
    let before = scene.cloud.calls().len();
    scene.declare_with(json!({ "user": "other", "keepers": { "release": "2" } }), options())?;
    scene.update()?;
    ensure!(changes(&scene, before) == order[1..], "it went by {:?}", changes(&scene, before));
    ensure!(scene.cloud.keys("other").len() == 1, "the other user has {:?}", scene.cloud.keys("other"));
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn a_replacement_on_one_user_ends_with_the_new_key_alone() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(keepers("1"))?;
    scene.update()?;
    let before = scene.cloud.calls().len();
    scene.work.run(&["up", "--yes", "--skip-preview", "--replace", URN])?.expect_success()?;
    let order = ["CreateAccessKey", "DeleteAccessKey"];
    ensure!(changes(&scene, before) == order, "it went by {:?}", changes(&scene, before));
    let known = scene.expect_known()?;
    ensure!(known.generation == 1 && known.previous.is_none(), "the replacement came out as {known:?}");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn an_ignored_schedule_stops_time_and_not_keepers() -> Result<()> {
    let scene = Scene::start()?;
    let inputs = |release: &str| json!({ "keepers": { "release": release }, "rotationPeriod": "30d", "overlap": "1d" });
    let ignore = || json!({ "ignoreChanges": ["schedule"] });
    scene.declare_with(inputs("1"), ignore())?;
    scene.update()?;
    let first = scene.expect_known()?;
    scene.wait_hours(100 * 24)?;
    // The first run that finds the schedule ignored notes that, so that outputs tell no time of a next rotation.
    scene.update()?;
    ensure!(scene.expect_known()? == first, "time rotated although its schedule is ignored");
    scene.work.expect_quiet()?;

    scene.declare_with(inputs("2"), ignore())?;
    scene.update()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2 && second.previous.is_some(), "keepers did not rotate: {second:?}");
    scene.wait_hours(48)?;
    scene.work.expect_quiet()?;
    ensure!(scene.expect_known()? == second, "a retirement came although the schedule is ignored");

    scene.declare(inputs("2"))?;
    scene.update()?;
    let third = scene.expect_known()?;
    ensure!(third == Known { previous: None, ..second }, "the schedule did not go on: {third:?}");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn a_custom_timeout_ends_the_run_and_the_next_one_goes_on() -> Result<()> {
    let scene = Scene::start()?;
    for (generation, words) in [(1, "There is no current key yet"), (2, "is unchanged")] {
        let limits = json!({ "customTimeouts": { "create": "2s", "update": "2s" } });
        scene.declare_with(keepers(&generation.to_string()), limits)?;
        scene.cloud.fault(Rule::new(Fault::HoldAfter).on("CreateAccessKey"));
        let mut engine = scene.work.start(&["up", "--yes"])?;
        scene.cloud.until_held(PATIENCE, || engine.ended())?;
        thread::sleep(Duration::from_millis(2200));
        scene.cloud.clear_faults();
        engine.wait(PATIENCE)?.expect_failure()?.expect_text(words)?.expect_text("next `pulumi up`")?;
        let made = scene.cloud.count("CreateAccessKey");
        scene.declare(keepers(&generation.to_string()))?;
        scene.update()?;
        ensure!(scene.cloud.count("CreateAccessKey") == made, "the key that was made was not used");
        ensure!(scene.expect_known()?.generation == generation, "the time limit lost a generation");
    }
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn an_interrupted_run_finishes_its_step_and_the_next_one_goes_on() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(keepers("1"))?;
    scene.cloud.fault(Rule::new(Fault::HoldAfter).on("CreateAccessKey"));
    let mut engine = scene.work.start(&["up", "--yes", "--skip-preview"])?;
    scene.cloud.until_held(PATIENCE, || engine.ended())?;
    engine.interrupt()?;
    thread::sleep(Duration::from_millis(300));
    scene.cloud.clear_faults();
    engine.wait(PATIENCE)?.expect_failure()?;
    scene.expect_nothing_pending()?;
    let made = scene.expect_keys(1)?;
    scene.update()?;
    ensure!(scene.expect_known()?.current == made[0].id, "the key that was made was not used");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn a_key_is_looked_up_and_never_touched() -> Result<()> {
    let scene = Scene::start()?;
    let Credentials { access_key_id: id, .. } = scene.cloud.add_key(USER)?;
    let mut lookup = program(json!({}));
    lookup["resources"]["key"] = json!({ "type": TOKEN, "get": { "id": format!("{USER}/{id}") } });
    scene.work.write_program(&lookup)?;
    scene.update()?;
    ensure!(scene.work.output("accessKeyId")?.as_deref() == Some(&*id), "the key was not found");
    scene.update()?;
    scene.work.destroy()?.expect_success()?;
    ensure!(scene.cloud.key_ids(USER) == [id], "the key that was only looked up is gone");
    ensure!(scene.cloud.tags(USER).is_empty(), "a look-up left a mark");
    let reads = |action: &str| action.starts_with("Get") || action.starts_with("List");
    let calls = scene.cloud.calls();
    ensure!(calls.iter().all(|call| reads(&call.action)), "a look-up changed something: {calls:?}");
    scene.expect_clean()
}

#[test]
fn a_key_is_imported_by_its_program_and_then_rotated() -> Result<()> {
    let scene = Scene::start()?;
    let Credentials { access_key_id: id, secret_access_key: secret } = scene.cloud.add_key(USER)?;
    scene.work.set("KEYROTATION_IMPORT_SECRET", &secret);
    let import = || json!({ "import": format!("{USER}/{id}") });
    scene.declare_with(json!({}), import())?;
    scene.update()?;
    let known = scene.expect_known()?;
    ensure!(known.current == id && known.secret == secret, "the imported key is not the current one");
    scene.work.expect_quiet()?;
    // The first keepers after an import ask for nothing. The option may stay: a rotation is no replacement of what was imported.
    scene.declare_with(keepers("1"), import())?;
    scene.update()?;
    ensure!(scene.expect_known()? == known, "the first keepers after an import rotated");
    scene.declare_with(keepers("2"), import())?;
    scene.update()?;
    let rotated = scene.expect_known()?;
    ensure!(rotated.previous.is_some_and(|(previous, _)| previous == id), "the imported key did not become previous");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn with_refresh_before_update_a_plain_run_sees_what_others_did() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(keepers("1"))?;
    scene.work.run(&["config", "set", "keyrotation:refreshBeforeUpdate", "true"])?.expect_success()?;
    scene.update()?;
    let first = scene.expect_known()?;
    scene.work.expect_quiet()?;
    scene.wait_hours(2)?;
    scene.cloud.remove_key(&first.current)?;
    scene.wait_hours(2)?;
    scene.work.preview()?.expect_success()?.expect_text("a new key will be created")?;
    scene.update()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2 && second.current != first.current, "the lost key was not replaced: {second:?}");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn two_resources_on_one_user_are_told_apart_and_the_first_is_unharmed() -> Result<()> {
    let scene = Scene::start()?;
    let mut both = program(json!({ "user": USER }));
    both["resources"]["twin"] = json!({
        "type": TOKEN, "properties": { "user": USER }, "options": { "dependsOn": ["${key}"] },
    });
    scene.work.write_program(&both)?;
    let refused = scene.work.up()?.expect_failure()?.expect_text("dev/engine-test/key")?;
    ensure!(!refused.text.contains("panicked"), "the plugin died:\n{}", refused.text);
    let known = scene.expect_known()?;
    ensure!(known.generation == 1, "the first key came out as {known:?}");
    scene.declare(json!({}))?;
    scene.update()?;
    ensure!(scene.expect_known()? == known, "the second resource changed the first one's key");
    scene.expect_destroyed()
}

#[test]
fn one_of_two_stacks_gets_the_user_and_the_other_is_told_by_whom() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(keepers("1"))?;
    scene.update()?;
    let known = scene.expect_known()?;
    scene.work.set("PULUMI_STACK", "rival");
    scene.work.run(&["stack", "init", "rival"])?.expect_success()?;
    scene.work.up()?.expect_failure()?.expect_text("dev/engine-test/key")?;
    ensure!(scene.cloud.count("CreateAccessKey") == 1, "the second stack made a key");
    scene.work.set("PULUMI_STACK", "dev");
    ensure!(scene.expect_known()? == known, "the second stack changed the first one's key");
    scene.work.expect_quiet()?;
    scene.expect_destroyed().context("the first stack")
}
