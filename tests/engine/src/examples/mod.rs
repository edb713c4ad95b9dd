//! How each program in examples/ is run: up, nothing more to do, another reason to rotate, the old key's end, destroy.

mod vault;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Completion, Failed, Trial};
use vault_servers::Program;

use crate::confluent::{ConfluentScene, KnownKey};
use crate::language::Language;
use crate::oci::{OciResource, OciScene};
use crate::platform::PlatformScene;
use crate::python::Python;
use crate::scene::{Known, Scene};
use crate::vault::VaultScene;

/// Programs that no machine of the tests can run, and why.
const NOT_RUN: [(&str, &str); 1] = [("csharp", "it is written and not run: there is no .NET SDK")];

/// One program.
#[derive(Debug, Clone)]
pub struct Example {
    folder: PathBuf,
    /// The folder's name, such as `aws-yaml`.
    pub name: String,
    system: String,
    /// What it is written in, as the folder's name ends.
    pub language: String,
}

impl Example {
    /// Every program, by name.
    ///
    /// # Errors
    /// When they cannot be listed, or a folder's name says no language.
    pub fn all() -> Result<Vec<Self>> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let mut found = Vec::new();
        for entry in fs::read_dir(&examples).context("there are no examples")? {
            let folder = entry.context("cannot list the examples")?.path();
            if folder.is_dir() {
                found.push(Self::at(folder)?);
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        ensure!(!found.is_empty(), "there are no examples");
        Ok(found)
    }

    fn at(folder: PathBuf) -> Result<Self> {
        let name = folder.file_name().context("a folder without a name")?.to_string_lossy().into_owned();
        let (system, language) = name.rsplit_once('-').with_context(|| format!("{name} names no language"))?;
        let (system, language) = (system.to_owned(), language.to_owned());
        Ok(Self { folder, name, system, language })
    }

    /// The trial that runs it. It is skipped, with the reason, where the machine lacks something.
    pub fn trial(self) -> Trial {
        Trial::ignorable_test(self.name.clone(), move || {
            if let Some(lack) = self.lack() {
                return Ok(Completion::ignored_with(lack));
            }
            self.run().map_err(|error| Failed::from(format!("{error:#}")))?;
            Ok(Completion::Completed)
        })
    }

    fn lack(&self) -> Option<String> {
        if let Some((_, why)) = NOT_RUN.iter().find(|(language, _)| *language == self.language) {
            return Some((*why).to_owned());
        }
        let servers: &[Program] = match (&*self.system, &*self.language) {
            ("vault", "python") => &[Program::OpenBao, Program::Postgres],
            (system, _) if system.starts_with("vault") => &[Program::OpenBao],
            _ => &[],
        };
        let absent = servers.iter().find_map(|program| program.find().err()).map(|error| error.to_string());
        absent.or_else(|| Language::named(&self.language).ok().and_then(Language::lack))
    }

    /// Leads the life that its README tells.
    fn run(&self) -> Result<()> {
        let language = Language::named(&self.language)?;
        let folder = &*self.folder;
        match &*self.system {
            "aws" => {
                let scene = Scene::of_program(folder)?;
                let _equipment = language.lead(&scene.work)?;
                let previous = if language == Language::Yaml { &[][..] } else { &["previousAccessKeyId"] };
                live(&scene, previous)?;
                if language == Language::Yaml {
                    job(&Scene::of_program(folder)?, &folder.join("rotation-report.py"))
                } else {
                    Ok(())
                }
            }
            "confluent" => {
                let stage = ConfluentScene::of_program(folder)?;
                let _equipment = language.lead(&stage.scene.work)?;
                confluent(&stage)
            }
            "oci" => {
                let stage = OciScene::of_program(folder)?;
                let _equipment = language.lead(&stage.scene.work)?;
                oci(&stage)
            }
            "vault" if language == Language::Python => {
                let stage = PlatformScene::of_program(folder, Program::OpenBao)?;
                let _equipment = language.lead(&stage.vault.work)?;
                stage.live(|_| Ok(()))
            }
            system => {
                let scene = VaultScene::of_program(folder, Program::OpenBao)?;
                let _equipment = language.lead(&scene.work)?;
                match system {
                    "vault" => vault::kv(&scene),
                    "vault-secret-id" => vault::secret_id(&scene),
                    "vault-jwt-key" => vault::jwt_key(&scene),
                    _ => bail!("nobody has said how the example {} is run", self.name),
                }
            }
        }
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

/// The life that the README of each program for AWS tells. `previous` are the outputs that show the id of the previous key.
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
        // Programs in Java write an empty Optional as an empty string.
        let shown = scene.work.output(name)?.filter(|shown| !shown.is_empty());
        ensure!(shown.is_none(), "{name} shows {shown:?}, a key that is gone");
    }
    scene.expect_destroyed()
}
