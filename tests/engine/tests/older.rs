//! A state that is older than reality, by the real engine: what a consumer has is superseded and never removed at once; what waits says until when;
//! who was not updated keeps the key.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use engine::{ConfluentScene, Fault, Pair, Rule, SystemScene, Victim, trial};
use jiff::Timestamp;
use libtest_mimic::Arguments;
use serde_json::{Value, json};

/// After that long a key is accepted every time, and marks and lists are right.
const SETTLED: Duration = Duration::from_secs(60);
const UP: &[&str] = &["up", "--yes", "--skip-preview"];

fn main() {
    let aws = || SystemScene::aws();
    let oci = || SystemScene::oci_api_key();
    let token = || SystemScene::oci_auth_token();
    let trials = vec![
        trial("lesson_a1_an_iam_key_in_use_outlives_an_older_state", &[], move || goes_on(&aws()?)),
        trial("lesson_a1_an_oci_key_in_use_outlives_an_older_state", &[], move || goes_on(&oci()?)),
        trial("lesson_a1_a_refresh_finds_the_iam_key_in_use_and_the_preview_says_why_it_rotates", &[], move || {
            goes_back(&aws()?)
        }),
        trial("lesson_a1_a_refresh_finds_the_oci_key_in_use_and_the_preview_says_why_it_rotates", &[], move || {
            goes_back(&oci()?)
        }),
        trial("lesson_a3_an_iam_key_that_a_failed_dependent_uses_is_kept_and_told", &[], move || used(&aws()?)),
        trial("lesson_a3_an_iam_key_stays_until_its_successor_is_confirmed", &[], move || confirmed(&aws()?)),
        trial("lesson_a3_an_oci_key_stays_until_its_successor_is_confirmed", &[], move || confirmed(&oci()?)),
        trial("lesson_a4_another_spelling_of_an_iam_user_changes_nothing", &[], move || {
            respelled(&aws()?, "user", |_| "Deployer".to_owned())
        }),
        trial("lesson_a4_another_spelling_of_an_oci_user_changes_nothing", &[], move || {
            respelled(&oci()?, "userId", |id| id.rsplit_once('.').map_or(id.to_owned(), loud))
        }),
        trial("lesson_a4_another_spelling_of_a_confluent_resource_changes_nothing", &[], respelled_for_confluent),
        trial("lesson_a9_an_iam_key_that_cannot_be_rotated_yet_fails_no_run", &[], move || deferred(&aws()?)),
        trial("lesson_a9_an_oci_token_that_cannot_be_rotated_yet_fails_no_run", &[], move || deferred(&token()?)),
        trial("lesson_c2_an_iam_rotation_that_died_at_its_mint_is_mended_under_another_name", &[], move || {
            renamed(&aws()?, 6, stack_and_up)
        }),
        trial("lesson_c2_an_iam_rotation_that_died_with_a_noted_key_is_mended_under_another_name", &[], move || {
            renamed(&aws()?, 7, stack_and_up)
        }),
        trial("lesson_c2_an_iam_rotation_that_died_later_is_mended_under_an_alias", &[], move || {
            renamed(&aws()?, 9, alias_and_up)
        }),
        trial("lesson_c2_an_iam_rotation_that_died_is_destroyed_under_another_name", &[], move || {
            renamed(&aws()?, 7, stack_alone)
        }),
        trial("lesson_c2_an_oci_rotation_that_died_is_mended_under_another_name", &[], move || {
            renamed(&oci()?, 7, stack_and_up)
        }),
        trial("lesson_c2_an_oci_rotation_that_died_is_destroyed_under_another_name", &[], move || {
            renamed(&oci()?, 9, stack_alone)
        }),
        trial("lesson_c4_the_iam_key_of_a_create_that_died_leaves_with_the_next_rotation", &[], move || {
            superseded(&aws()?)
        }),
        trial("lesson_c4_the_oci_key_of_a_create_that_died_leaves_with_the_next_rotation", &[], move || {
            superseded(&oci()?)
        }),
        trial("lesson_c4_the_iam_key_of_a_create_that_died_does_not_outlive_the_stack", &[], move || {
            outlived_by_nothing(&aws()?)
        }),
        trial("lesson_c4_the_oci_key_of_a_create_that_died_does_not_outlive_the_stack", &[], move || {
            outlived_by_nothing(&oci()?)
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn inputs(release: &str) -> Value {
    json!({ "keepers": { "release": release }, "overlap": "1d" })
}

/// The text must say each of these.
fn expect_words(text: &str, words: &[&str]) -> Result<()> {
    let missing: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
    ensure!(missing.is_empty(), "{missing:?} is not said in:\n{text}");
    Ok(())
}

/// `up`; an export; keepers change, `up`: a consumer has the second key; the export is put back. Answers both keys.
fn older_state(place: &SystemScene) -> Result<[Pair; 2]> {
    let (scene, work) = (place.scene(), place.work());
    place.declare(inputs("1"))?;
    scene.update()?;
    let first = place.held()?;
    let kept = work.keep()?;
    scene.wait_hours(1)?;
    place.declare(inputs("2"))?;
    scene.update()?;
    let second = place.held()?;
    place.consume(&second)?;
    work.put_back(&kept)?;
    scene.wait_hours(1)?;
    Ok([first, second])
}

/// The second key makes way for no one: at a quota without room the run waits for a proof by use, and rotates then.
fn expect_third(place: &SystemScene, first: &Pair, second: &Pair) -> Result<Pair> {
    if matches!(place, SystemScene::Aws(_)) {
        place.expect_ids(&[first, second])?;
        for _ in 0..2 {
            place.scene().wait_hours(13)?;
            place.consume(second)?;
        }
        let text = place.scene().update()?;
        expect_words(&text, &["the state does not contain", &second.id])?;
    }
    let third = place.held()?;
    ensure!(![first, second].contains(&&third), "the consumers were given no new key");
    place.consume(second)?;
    place.consume(&third)?;
    Ok(third)
}

fn goes_on(place: &SystemScene) -> Result<()> {
    let [first, second] = older_state(place)?;
    let text = place.scene().update()?;
    place.consume(&second)?;
    let waits = matches!(place, SystemScene::Aws(_));
    let said: &[&str] =
        if waits { &["warning", "does not contain", &second.id, "waits"] } else { &["keepers changed", &second.id] };
    expect_words(&text, said)?;
    let third = expect_third(place, &first, &second)?;
    place.scene().wait_hours(26)?;
    place.scene().update()?;
    place.expect_ids(&[&third])?;
    place.consume(&third)?;
    place.work().expect_quiet()?;
    place.expect_destroyed()
}

fn goes_back(place: &SystemScene) -> Result<()> {
    let [first, second] = older_state(place)?;
    place.declare(inputs("1"))?;
    place.work().run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?;
    let preview = place.work().preview()?.expect_success()?.text;
    expect_words(&preview, &["keys of this resource exist that the state does not contain"])?;
    let text = place.scene().update()?;
    place.consume(&second)?;
    expect_words(&text, &[&second.id])?;
    expect_third(place, &first, &second)?;
    place.expect_destroyed()
}

/// A rotation whose dependent is not updated: it goes on using the first key.
fn rotated_without_dependent(place: &SystemScene, inputs: impl Fn(&str) -> Value) -> Result<(Pair, String)> {
    let scene = place.scene();
    place.declare_with_dependent(inputs("1"))?;
    scene.update()?;
    let first = place.held()?;
    scene.wait_hours(1)?;
    place.declare_with_dependent(inputs("2"))?;
    scene.cloud.fault(Rule::new(Fault::error_before(403, "NotAllowed")).on(place.calls()[0]).nth(2));
    let text = place.work().run(UP)?.expect_failure()?.text;
    ensure!(place.held()? != first && place.dependent_holds()? == first.id, "the dependent was updated:\n{text}");
    Ok((first, text))
}

fn used(place: &SystemScene) -> Result<()> {
    let (first, _) = rotated_without_dependent(place, inputs)?;
    let second = place.held()?;
    place.scene().wait_hours(26)?;
    place.consume(&first)?;
    // The run that repairs the dependent does not take its key away first.
    let text = place.scene().update()?;
    expect_words(&text, &["warning", &first.id, "last used", "still in use"])?;
    place.consume(&first)?;
    ensure!(place.dependent_holds()? == second.id, "the dependent was not updated");
    place.scene().wait_hours(13)?;
    place.scene().update()?;
    place.expect_ids(&[&second])?;
    place.consume(&second)?;
    place.work().expect_quiet()?;
    place.expect_destroyed()
}

fn confirmed(place: &SystemScene) -> Result<()> {
    let of = |generation: u64| {
        move |release: &str| {
            let mut inputs = inputs(release);
            inputs["retirement"] = json!({ "confirmedGeneration": generation });
            inputs
        }
    };
    let (first, text) = rotated_without_dependent(place, of(1))?;
    expect_words(&text, &["warning", "`retirement.confirmedGeneration` is 2; it is 1"])?;
    let second = place.held()?;
    // However late the run is that repairs the dependent.
    place.scene().wait_hours(100)?;
    place.scene().update()?;
    place.consume(&first)?;
    ensure!(place.dependent_holds()? == second.id, "the dependent was not updated");
    place.work().expect_quiet()?;
    place.scene().wait_hours(13)?;
    place.declare_with_dependent(of(2)("2"))?;
    place.scene().update()?;
    place.expect_ids(&[&second])?;
    place.consume(&second)?;
    place.expect_destroyed()
}

/// The last part of an OCID, which says nothing by its letters' case.
fn loud((head, last): (&str, &str)) -> String {
    format!("{head}.{}", last.to_ascii_uppercase())
}

fn respelled(place: &SystemScene, property: &str, spell: impl Fn(&str) -> String) -> Result<()> {
    place.declare(inputs("1"))?;
    place.scene().update()?;
    let first = place.held()?;
    place.work().edit_program(|program| {
        let input = &mut program["resources"][place.name()]["properties"][property];
        *input = spell(input.as_str().unwrap_or_default()).into();
    })?;
    place.work().expect_quiet()?;
    place.work().edit_program(|program| {
        program["resources"][place.name()]["properties"]["keepers"] = json!({ "release": "2" });
    })?;
    let text = place.scene().update()?;
    ensure!(!text.contains("replace"), "another spelling replaced the key:\n{text}");
    place.expect_ids(&[&first, &place.held()?])?;
    place.consume(&first)?;
    place.expect_destroyed()
}

fn respelled_for_confluent() -> Result<()> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/confluent-yaml");
    let stage = ConfluentScene::of_program(&program)?;
    stage.up()?;
    let known = stage.expect_known("cloud")?;
    let file = stage.scene.work.project().join("Pulumi.yaml");
    let text = std::fs::read_to_string(&file)?;
    // Without the property it is the same one thing.
    let owner = "      owner:\n        id: ${owner}\n";
    let named = text.replace(
        &format!("{owner}      keepers"),
        &format!("{owner}      managedResource:\n        id: Cloud\n      keepers"),
    );
    ensure!(named != text, "the example has another program");
    std::fs::write(&file, named)?;
    stage.scene.work.expect_quiet()?;
    stage.scene.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    stage.up()?;
    let rotated = stage.expect_known("cloud")?;
    ensure!(rotated.previous == Some(known.current), "another spelling lost the key: {rotated:?}");
    stage.expect_destroyed()
}

fn deferred(place: &SystemScene) -> Result<()> {
    let (scene, work) = (place.scene(), place.work());
    let mut keys = Vec::new();
    for release in ["1", "2"] {
        place.declare_with_dependent(inputs(release))?;
        scene.update()?;
        keys.push(place.held()?);
        scene.wait_hours(1)?;
    }
    let [first, second] = &keys[..] else { anyhow::bail!("two keys") };
    place.declare_with_dependent(inputs("3"))?;
    let minted = scene.cloud.count(place.calls()[0]);
    let text = scene.up()?;
    let until = place.output("/deferred/until")?;
    let until: Timestamp = until.as_str().unwrap_or_default().parse()?;
    let told = Timestamp::from_second(until.as_second())?.to_string();
    expect_words(&text, &["warning", "keepers changed", &first.id, &told, "2 unchanged"])?;
    ensure!(!text.contains("never used"), "no run was told of use:\n{text}");
    place.expect_ids(&[first, second])?;
    ensure!(scene.cloud.count(place.calls()[0]) == minted, "a key was made:\n{text}");
    ensure!(place.held()? == *second && place.dependent_holds()? == second.id, "a dependent was given another key");
    keys.iter().try_for_each(|key| place.consume(key))?;
    work.run(&["preview", "--expect-no-changes"])?.expect_failure()?.expect_text(&told)?;

    scene.clock.set(until + jiff::SignedDuration::from_mins(10))?;
    scene.update()?;
    let third = place.held()?;
    place.expect_ids(&[second, &third])?;
    ensure!(place.dependent_holds()? == third.id, "the dependent was not updated");
    [second, &third].into_iter().try_for_each(|key| place.consume(key))?;
    work.expect_quiet()?;
    place.expect_destroyed()
}

/// A rotation whose plugin is killed once this call is done, and then another name.
fn renamed(place: &SystemScene, call: u64, rename: fn(&SystemScene) -> Result<()>) -> Result<()> {
    let scene = place.scene();
    place.declare(inputs("1"))?;
    scene.update()?;
    scene.clock.advance(SETTLED)?;
    place.declare(inputs("2"))?;
    scene.cloud.restart_count();
    scene.run_killed(UP, Victim::Plugin, Rule::new(Fault::HoldAfter).at_call(call))?;
    rename(place)?;
    place.expect_destroyed()
}

/// Nothing but the stack's name changes.
fn stack_alone(place: &SystemScene) -> Result<()> {
    place.work().rename_stack("moved")
}

fn stack_and_up(place: &SystemScene) -> Result<()> {
    place.work().rename_stack("moved")?;
    expect_rotated(place, place.name())
}

fn alias_and_up(place: &SystemScene) -> Result<()> {
    place.work().edit_program(|program| {
        let resource = &mut program["resources"][place.name()];
        resource["name"] = "other".into();
        resource["options"] = json!({ "aliases": [{ "name": place.name() }] });
    })?;
    expect_rotated(place, "other")
}

/// One run mends it at once: there are the new key and the one before, the mark names them under the new name, and nothing is left to do.
fn expect_rotated(place: &SystemScene, name: &str) -> Result<()> {
    let first = place.held()?;
    place.scene().update()?;
    let second = place.held()?;
    place.expect_ids(&[&first, &second])?;
    [&first, &second].into_iter().try_for_each(|key| place.consume(key))?;
    let generation = place.work().state()?.output_of(name, "/generation")?;
    ensure!(generation == 2, "the generation is {generation}");
    let marks = place.marks();
    ensure!(marks.matches("for=").count() == 1 && !marks.contains("for=dev/engine-test/key"), "left are {marks}");
    place.work().expect_quiet()
}

/// A Create dies once its last call is done, and another one makes a key beside the first, whose secret nobody has.
fn died_at_birth(place: &SystemScene) -> Result<String> {
    let scene = place.scene();
    place.declare(inputs("1"))?;
    // OCI knows the key's name before there is a key, so the mark is written once less.
    let writes = if matches!(place, SystemScene::Aws(_)) { 3 } else { 2 };
    scene.run_killed(UP, Victim::Plugin, Rule::new(Fault::HoldAfter).on(place.calls()[1]).nth(writes))?;
    let (dead, marks) = (place.ids(), place.marks());
    let [dead] = &dead[..] else { anyhow::bail!("there are {dead:?}") };
    ensure!(marks.contains(":ok:") && marks.contains("claim=1/closed"), "its last call was not done: {marks}");
    let text = scene.update()?;
    expect_words(&text, &["warning", dead, "earlier instance"])?;
    ensure!(place.ids().len() == 2, "there are {:?}", place.ids());
    place.consume(&place.held()?)?;
    Ok(dead.clone())
}

fn outlived_by_nothing(place: &SystemScene) -> Result<()> {
    died_at_birth(place)?;
    place.expect_destroyed()
}

/// The next key supersedes the dead run's, which leaves after its overlap; at a quota without room the next rotation waits for that.
fn superseded(place: &SystemScene) -> Result<()> {
    let scene = place.scene();
    let dead = died_at_birth(place)?;
    let second = place.held()?;
    scene.wait_hours(1)?;
    place.declare(inputs("2"))?;
    let text = scene.update()?;
    expect_words(&text, &[&dead])?;
    ensure!(place.ids().contains(&dead), "it left before a new key was proven:\n{text}");
    place.consume(&second)?;
    if matches!(place, SystemScene::Aws(_)) {
        expect_words(&text, &["warning", "waits"])?;
        scene.wait_hours(26)?;
        scene.update()?;
    }
    let third = place.held()?;
    ensure!(third != second && place.output("/generation")? == 2, "no key was made:\n{text}");
    place.consume(&second)?;
    scene.wait_hours(26)?;
    scene.update()?;
    place.expect_ids(&[&third])?;
    place.consume(&third)?;
    place.expect_destroyed()
}
