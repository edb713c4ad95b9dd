//! Every program in examples/ does what it says: up, nothing more to do, another reason to rotate, the old key's end, destroy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use engine::{ConfluentScene, Known, KnownKey, OciResource, OciScene, PlatformScene, Python, Scene, VaultScene};
use libtest_mimic::{Arguments, Trial};
use vault_servers::Program;

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let trials = folders()?.into_iter().map(trial).collect::<Result<Vec<_>>>()?;
    libtest_mimic::run(&arguments, trials).exit();
}

/// The folders of all programs.
fn folders() -> Result<Vec<PathBuf>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut folders = Vec::new();
    for entry in fs::read_dir(&examples).context("there are no examples")? {
        let path = entry.context("cannot list the examples")?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    ensure!(!folders.is_empty(), "there are no examples");
    Ok(folders)
}

fn trial(folder: PathBuf) -> Result<Trial> {
    let name = folder.file_name().context("a folder without a name")?.to_string_lossy().into_owned();
    Ok(engine::trial(name.clone(), needs(&name), move || run(&name, &folder)))
}

/// The servers without which a program cannot be run.
fn needs(name: &str) -> &'static [Program] {
    match name {
        "vault-python" => &[Program::OpenBao, Program::Postgres],
        name if name.starts_with("vault-") => &[Program::OpenBao],
        _ => &[],
    }
}

fn run(name: &str, folder: &Path) -> Result<()> {
    match name.split_once('-') {
        Some(("aws", "yaml")) => {
            live(&Scene::of_program(folder)?, &[])?;
            job(&Scene::of_program(folder)?, &folder.join("rotation-report.py"))
        }
        Some(("aws", "python")) => {
            let python = Python::with_sdk()?;
            let scene = Scene::of_program(folder)?;
            python.lead(&scene.work);
            live(&scene, &["previousAccessKeyId"])
        }
        Some(("confluent", "yaml")) => confluent(&ConfluentScene::of_program(folder)?),
        Some(("confluent", "python")) => {
            let python = Python::with_sdk()?;
            let stage = ConfluentScene::of_program(folder)?;
            python.lead(&stage.scene.work);
            confluent(&stage)
        }
        Some(("oci", "yaml")) => oci(&OciScene::of_program(folder)?),
        Some(("oci", "python")) => {
            let python = Python::with_sdk()?;
            let stage = OciScene::of_program(folder)?;
            python.lead(&stage.scene.work);
            oci(&stage)
        }
        Some(("vault", "yaml")) => kv(&VaultScene::of_program(folder, Program::OpenBao)?),
        Some(("vault", "python")) => {
            let python = Python::with_sdk()?;
            let stage = PlatformScene::of_program(folder, Program::OpenBao)?;
            python.lead(&stage.vault.work);
            stage.live(|_| Ok(()))
        }
        _ => bail!("nobody has said how the example {name} is run"),
    }
}

/// The life that the README of each of Confluent's programs tells, of both keys at once.
fn confluent(stage: &ConfluentScene) -> Result<()> {
    let ConfluentScene { scene, .. } = stage;
    let both = || Ok::<_, anyhow::Error>([stage.expect_known("kafka")?, stage.expect_known("cloud")?]);
    stage.up()?;
    let first = both()?;
    scene.work.expect_quiet()?;
    for (name, known) in ["kafkaApiKey", "cloudApiKey"].into_iter().zip(&first) {
        ensure!(scene.work.output(name)?.as_deref() == Some(&*known.current), "{name} does not show the first key");
    }
    for name in ["kafkaApiSecret", "cloudApiSecret"] {
        ensure!(scene.work.output(name)?.as_deref() == Some("[secret]"), "{name} is shown, or there is none");
    }

    scene.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    stage.up()?;
    let second = both()?;
    for (before, after) in first.iter().zip(&second) {
        ensure!(after.generation == 2 && after.previous.as_ref() == Some(&before.current), "{before:?}, {after:?}");
    }
    scene.work.expect_quiet()?;

    scene.wait_hours(26)?;
    stage.up()?;
    for (before, after) in second.into_iter().zip(both()?) {
        ensure!(after == KnownKey { previous: None, ..before }, "the first key is not retired: {after:?}");
    }
    scene.work.expect_quiet()?;
    stage.expect_destroyed()
}

/// The life that the README of each of OCI's programs tells, of all three credentials at once.
fn oci(stage: &OciScene) -> Result<()> {
    let work = &stage.scene.work;
    let all = || OciResource::ALL.into_iter().map(|resource| stage.expect_known(resource)).collect::<Result<Vec<_>>>();
    stage.up()?;
    let first = all()?;
    work.expect_quiet()?;
    ensure!(
        work.output("keyId")?.is_some_and(|id| id.ends_with(&first[0].current)),
        "keyId does not show the first key"
    );
    for (name, known) in ["tokenId", "accessKey"].into_iter().zip(&first[1..]) {
        ensure!(work.output(name)?.as_deref() == Some(&*known.current), "{name} does not show the first credential");
    }
    for name in ["privateKeyPem", "configProfile", "token", "secretKey"] {
        ensure!(work.output(name)?.as_deref() == Some("[secret]"), "{name} is shown, or there is none");
    }

    work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    stage.up()?;
    let second = all()?;
    for (before, after) in first.iter().zip(&second) {
        ensure!(after.generation == 2 && after.previous.as_ref() == Some(&before.current), "{before:?}, {after:?}");
    }
    work.expect_quiet()?;

    stage.scene.wait_hours(26)?;
    stage.up()?;
    for (before, after) in second.into_iter().zip(all()?) {
        ensure!(after == KnownKey { previous: None, ..before }, "the first one is not retired: {after:?}");
    }
    work.expect_quiet()?;
    stage.expect_destroyed()
}

/// The life that the README of the program in YAML for Vault tells.
fn kv(scene: &VaultScene) -> Result<()> {
    scene.up()?;
    scene.expect_versions(&["1"], "1")?;
    scene.work.expect_quiet()?;
    ensure!(scene.work.output("version")?.as_deref() == Some("1"), "the first version is not shown");
    ensure!(scene.work.output("value")?.as_deref() == Some("[secret]"), "the value is shown, or there is none");
    scene.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    scene.up()?;
    scene.expect_versions(&["1", "2"], "2")?;
    scene.wait_hours(26)?;
    scene.up()?;
    scene.expect_versions(&["2"], "2")?;
    scene.expect_destroyed()
}

/// The life that the README of each program tells. `previous` are the outputs that show the id of the previous key.
/// The job beside the program: outputs, `up`, outputs, and the script that compares them.
fn job(scene: &Scene, script: &Path) -> Result<()> {
    let python = Python::plain()?;
    scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "us-east-1"])?.expect_success()?;
    scene.up()?;
    let run = |reason: &str| {
        let before = scene.work.save_outputs("before.json")?;
        scene.work.run(&["config", "set", "rotationReason", reason])?.expect_success()?;
        scene.up()?;
        scene.report(&python, script, [&before, &scene.work.save_outputs("after.json")?])
    };
    let (line, code) = run("2")?;
    ensure!(line["rotated"] == true && line["deferred"] == false && code == Some(0), "exit code {code:?}: {line}");
    let (line, code) = run("3")?;
    ensure!(line["rotated"] == false && line["deferred"] == true && code == Some(3), "exit code {code:?}: {line}");
    scene.expect_destroyed()
}

fn live(scene: &Scene, previous: &[&str]) -> Result<()> {
    let config = |arguments: &[&str]| scene.work.run(&[&["config", "set"], arguments].concat())?.expect_success();
    config(&["--path", "keyrotation:aws.region", "us-east-1"])?;
    scene.up()?;
    let first = scene.expect_known()?;
    scene.work.expect_quiet()?;
    ensure!(scene.work.output("accessKeyId")?.as_deref() == Some(&*first.current), "the first key is not shown");
    ensure!(
        scene.work.output("secretAccessKey")?.as_deref() == Some("[secret]"),
        "the secret is shown, or there is none"
    );

    config(&["rotationReason", "2"])?;
    scene.up()?;
    let second = scene.expect_known()?;
    ensure!(second.generation == 2, "another reason made generation {}", second.generation);
    ensure!(second.previous == Some((first.current.clone(), first.secret)), "the first key is not kept: {second:?}");
    ensure!(scene.work.output("accessKeyId")?.as_deref() == Some(&*second.current), "the second key is not shown");
    for name in previous {
        ensure!(scene.work.output(name)?.as_deref() == Some(&*first.current), "{name} does not show the first key");
    }
    scene.work.expect_quiet()?;

    scene.wait_hours(26)?;
    scene.up()?;
    let third = scene.expect_known()?;
    ensure!(third == Known { previous: None, ..second }, "the first key is not retired: {third:?}");
    for name in previous {
        ensure!(scene.work.output(name)?.is_none(), "{name} shows a key that is gone");
    }
    scene.expect_destroyed()
}
