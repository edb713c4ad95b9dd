//! Saved plans: what was previewed is what happens, or nothing does.

use anyhow::{Context, Result, ensure};
use engine::{Known, Scene};
use serde_json::json;

/// A key that has reached its second period: a rotation is due.
fn due() -> Result<(Scene, Known)> {
    let scene = Scene::start()?;
    scene.declare(json!({ "rotationPeriod": "30d", "overlap": "1d" }))?;
    scene.up()?;
    let first = scene.expect_known()?;
    scene.wait_hours(31 * 24)?;
    scene.clock.to_next_hour()?;
    Ok((scene, first))
}

/// `pulumi preview --save-plan`, and the arguments that run the plan.
fn plan(scene: &Scene) -> Result<[String; 4]> {
    let file = scene.work.project().join("plan.json").display().to_string();
    scene.work.run(&["preview", "--save-plan", &file])?.expect_success()?;
    Ok(["up".to_owned(), "--yes".to_owned(), "--plan".to_owned(), file])
}

fn run(scene: &Scene, plan: &[String; 4]) -> Result<engine::Ended> {
    scene.work.run(&plan.each_ref().map(String::as_str))
}

#[test]
fn a_planned_rotation_happens_within_its_hour() -> Result<()> {
    let (scene, first) = due()?;
    let plan = plan(&scene)?;
    ensure!(scene.expect_known()? == first, "a plan changed something");
    scene.clock.advance(std::time::Duration::from_secs(45 * 60))?;
    run(&scene, &plan)?.expect_success()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2, "the plan made generation {}", second.generation);
    ensure!(second.previous.is_some_and(|(id, _)| id == first.current), "the first key is not kept");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn a_rotation_that_is_no_longer_the_same_fails_without_harm() -> Result<()> {
    let (scene, first) = due()?;
    let plan = plan(&scene)?;
    scene.wait_hours(2)?;
    run(&scene, &plan)?.expect_failure()?.expect_text("plan").context("two hours later")?;
    ensure!(scene.expect_known()? == first, "a plan that failed changed something");
    scene.up()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2, "the run after the plan made generation {}", second.generation);
    run(&scene, &plan)?.expect_failure()?.expect_text("plan").context("after the rotation")?;
    ensure!(scene.expect_known()? == second, "a plan that is done changed something");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

#[test]
fn a_rotation_that_the_plan_does_not_hold_does_not_happen() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(json!({ "rotationPeriod": "30d", "overlap": "1d" }))?;
    scene.up()?;
    let first = scene.expect_known()?;
    let plan = plan(&scene)?;
    scene.wait_hours(31 * 24)?;
    run(&scene, &plan)?.expect_failure()?.expect_text("plan")?;
    ensure!(scene.expect_known()? == first, "a rotation came that nobody had planned");
    scene.up()?;
    ensure!(scene.expect_known()?.generation == 2, "the plan kept a later run from rotating");
    scene.expect_destroyed()
}
