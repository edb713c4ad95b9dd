//! The programs on the pages of docs/recipes: what tests/recipes/check.py finds, and those that need no provider but ours with the real engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, ensure};
use engine::{Python, Scene, Tools, Workspace};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

/// What is made for the first trial that needs it: the environment, the programs, and what the checks found.
static PREPARED: LazyLock<Result<Prepared>> = LazyLock::new(Prepared::make);

/// The trials that passed, as how, in which language, and which page.
static PASSED: Mutex<BTreeMap<(&str, &str), Vec<String>>> = Mutex::new(BTreeMap::new());

/// Scripts that check.py runs, by their page.
const SCRIPTS: [(&str, &str); 4] =
    [("aws-secrets-manager", "consumer"), ("ci", "script"), ("ci", "job"), ("files", "command")];

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let mut trials = vec![trial("linted", "links", "README".to_owned(), || found("linted", "README", "links"))];
    for page in pages()? {
        for (how, language) in [("typed", "python"), ("mocked", "python"), ("linted", "yaml")] {
            let name = page.clone();
            trials.push(trial(how, language, page.clone(), move || found(how, &name, language)));
        }
    }
    for (page, language) in SCRIPTS {
        trials.push(trial("run", language, page.to_owned(), move || found("run", page, language)));
    }
    trials.push(Trial::test("every_mistake_is_refused", || every_mistake_is_refused().map_err(failed)));
    for language in ["yaml", "python"] {
        trials.push(trial("run", language, "stacks".to_owned(), move || consumer_stack(language)));
        trials.push(trial("run", language, "ci".to_owned(), move || ci_report(language)));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        print_names();
    }
    conclusion.exit()
}

/// A trial `how_language_page` that is named in the end if it passed.
fn trial(
    how: &'static str,
    language: &'static str,
    page: String,
    prove: impl FnOnce() -> Result<()> + Send + 'static,
) -> Trial {
    Trial::test(format!("{how}_{language}_{}", page.replace('-', "_")), move || {
        prove().map_err(failed)?;
        PASSED.lock().unwrap_or_else(PoisonError::into_inner).entry((how, language)).or_default().push(page);
        Ok(())
    })
}

fn failed(error: anyhow::Error) -> Failed {
    Failed::from(format!("{error:#}"))
}

#[expect(clippy::print_stdout, reason = "the suite is to name the recipes it checked, beside its results")]
fn print_names() {
    for ((how, language), pages) in &mut *PASSED.lock().unwrap_or_else(PoisonError::into_inner) {
        pages.sort();
        println!("recipes {how} ({}, {language}): {}", pages.len(), pages.join(", "));
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all pages but the overview.
fn pages() -> Result<Vec<String>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(root().join("docs/recipes")).context("there are no recipes")? {
        let path = entry.context("cannot list the recipes")?.path();
        let name = path.file_stem().context("a file without a name")?.to_string_lossy().into_owned();
        if name != "README" {
            pages.push(name);
        }
    }
    pages.sort();
    ensure!(pages.len() >= 8, "there are only {} recipes", pages.len());
    Ok(pages)
}

struct Prepared {
    python: Python,
    programs: TempDir,
    /// The lines of check.py.
    checks: Vec<Value>,
}

impl Prepared {
    fn get() -> Result<&'static Self> {
        PREPARED.as_ref().map_err(|error| anyhow!("{error:#}"))
    }

    fn make() -> Result<Self> {
        let python = Python::for_recipes()?;
        let programs = tempfile::tempdir().context("cannot make a folder for the programs")?;
        let written = script(&python, "pages.py").arg(programs.path()).output().context("cannot start Python")?;
        ensure!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        // It ends with 1 if a check failed, which the trials tell one by one.
        let checked = script(&python, "check.py").output().context("cannot start Python")?;
        let lines: Result<Vec<Value>, _> =
            String::from_utf8_lossy(&checked.stdout).lines().map(serde_json::from_str).collect();
        let checks = lines.context("check.py printed something else than JSON")?;
        ensure!(
            checks.last().is_some_and(|last| last["language"] == "links"),
            "check.py broke off: {}",
            String::from_utf8_lossy(&checked.stderr)
        );
        Ok(Self { python, programs, checks })
    }

    /// The folder of a page's program.
    fn program(&self, page: &str, language: &str) -> PathBuf {
        self.programs.path().join(page).join(language)
    }
}

/// A script of tests/recipes.
fn script(python: &Python, name: &str) -> Command {
    let mut command = Command::new(python.interpreter());
    command.arg(root().join("tests/recipes").join(name)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Insists that check.py made this check and found nothing.
fn found(how: &str, page: &str, language: &str) -> Result<()> {
    let checks = &Prepared::get()?.checks;
    let check = checks.iter().find(|it| it["how"] == how && it["page"] == page && it["language"] == language);
    let check = check.with_context(|| format!("check.py did not make the check {how} of {page} in {language}"))?;
    ensure!(check["error"].is_null(), "{}", check["error"].as_str().unwrap_or_default());
    Ok(())
}

fn every_mistake_is_refused() -> Result<()> {
    let checks: Vec<_> = Prepared::get()?.checks.iter().filter(|it| it["how"] == "refused").collect();
    for how in ["typed", "mocked", "linted"] {
        let count = checks.iter().filter(|it| it["language"] == how).count();
        ensure!(count >= 4, "only {count} mistakes for the check {how}");
    }
    let missed: Vec<_> = checks.iter().filter_map(|it| it["error"].as_str()).collect();
    ensure!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(())
}

/// stacks.md: a consumer in another stack has a key that works if it runs within the overlap, and one that is refused if it runs later.
fn consumer_stack(language: &str) -> Result<()> {
    let prepared = Prepared::get()?;
    let scene = Scene::of_program(&root().join("examples/aws-yaml"))?;
    scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "us-east-1"])?.expect_success()?;
    scene.up()?;
    let backend = format!("file://{}", scene.work.private("backend").display());
    let consumer = Workspace::new(&Tools::from_environment()?, &[("PULUMI_BACKEND_URL", backend)])?;
    prepared.python.lead(&consumer);
    consumer.copy_program(&prepared.program("stacks", language))?;
    consumer.init()?;
    consumer.up()?.expect_success()?;
    let first = held(&consumer)?;
    scene.cloud.expect_works(&first.0, &first.1)?;
    ensure!(consumer.output("environment")?.as_deref() == Some("[secret]"), "the key is shown");
    consumer.expect_quiet()?;

    rotate(&scene, "2")?;
    ensure!(held(&consumer)? == first, "the consumer's key changed although its stack did not run");
    scene.cloud.expect_works(&first.0, &first.1).context("within the overlap, before the consumer ran")?;
    scene.wait_hours(20)?;
    consumer.up()?.expect_success()?;
    let second = held(&consumer)?;
    ensure!(second != first, "the consumer did not get the new key");
    scene.wait_hours(6)?;
    scene.up()?;
    scene.cloud.expect_works(&second.0, &second.1).context("after the overlap, the consumer ran within it")?;
    ensure!(scene.cloud.expect_works(&first.0, &first.1).is_err(), "the first key outlived the overlap");
    consumer.expect_quiet()?;

    rotate(&scene, "3")?;
    scene.wait_hours(26)?;
    scene.up()?;
    ensure!(held(&consumer)? == second, "the consumer's key changed although its stack did not run");
    ensure!(scene.cloud.expect_works(&second.0, &second.1).is_err(), "a late consumer's key still works");
    consumer.up()?.expect_success()?;
    let third = held(&consumer)?;
    scene.cloud.expect_works(&third.0, &third.1).context("the consumer ran late")?;
    scene.expect_destroyed()
}

/// Rotates by another value of the keeper.
fn rotate(scene: &Scene, reason: &str) -> Result<()> {
    scene.work.run(&["config", "set", "rotationReason", reason])?.expect_success()?;
    scene.up()?;
    Ok(())
}

/// The key that the consumer's stack hands on.
fn held(consumer: &Workspace) -> Result<(String, String)> {
    let shown = consumer.run(&["stack", "output", "environment", "--show-secrets"])?.expect_success()?;
    let key: Value = serde_json::from_str(&shown.text).context("the output is no JSON")?;
    let field = |name: &str| key[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
    Ok((field("AWS_ACCESS_KEY_ID")?, field("AWS_SECRET_ACCESS_KEY")?))
}

/// ci.md: the script tells from the outputs before and after a run what it did.
fn ci_report(language: &str) -> Result<()> {
    let prepared = Prepared::get()?;
    let scene = Scene::of_program(&prepared.program("ci", language))?;
    prepared.python.lead(&scene.work);
    scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "us-east-1"])?.expect_success()?;
    scene.up()?;
    let first = scene.work.save_outputs("first.json")?;
    let (line, code) = report(&scene, &first, &first)?;
    ensure!(line["rotated"] == false && line["overdue"] == false && line["generation"] == 1, "{line}");
    ensure!(code == Some(0), "exit code {code:?}: {line}");

    scene.wait_hours(24 * 91)?;
    let (line, code) = report(&scene, &first, &first)?;
    ensure!(line["overdue"] == true && code == Some(3), "exit code {code:?}: {line}");

    scene.up()?;
    let second = scene.work.save_outputs("second.json")?;
    let (line, code) = report(&scene, &first, &second)?;
    ensure!(line["rotated"] == true && line["overdue"] == false && line["generation"] == 2, "{line}");
    ensure!(code == Some(0), "exit code {code:?}: {line}");
    scene.work.expect_quiet()?;
    scene.expect_destroyed()
}

/// The script's line and its exit code, at the time of the scene.
fn report(scene: &Scene, before: &Path, after: &Path) -> Result<(Value, Option<i32>)> {
    let prepared = Prepared::get()?;
    scene.report(&prepared.python.interpreter(), &prepared.program("ci", "script.py"), [before, after])
}
