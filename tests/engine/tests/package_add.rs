//! `pulumi package add`, for programs that want no package: from the plugin's program, from an installed plugin and from schema.json.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use engine::{Language, Scene, Tools};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Nothing, or why the trial is skipped.
type Outcome = Result<Option<String>>;
type Prove = fn() -> Outcome;

fn main() {
    let trials: [(&str, Prove); 7] = [
        ("yaml_from_the_program", || yaml(&plugin()?)),
        ("yaml_from_the_installed_plugin", || yaml(&format!("keyrotation@{VERSION}"))),
        ("yaml_from_the_schema", || yaml(&root().join("schema.json").display().to_string())),
        ("java_from_the_program", java),
        ("python_from_the_program", || by_host(Language::Python, "aws-python")),
        ("typescript_from_the_program", || by_host(Language::TypeScript, "aws-typescript")),
        ("go_from_the_program", || by_host(Language::Go, "aws-go")),
    ];
    let trials = trials.into_iter().map(|(name, prove)| {
        Trial::ignorable_test(name, move || match prove() {
            Ok(None) => Ok(Completion::Completed),
            Ok(Some(reason)) => Ok(Completion::ignored_with(reason)),
            Err(error) => Err(Failed::from(format!("{error:#}"))),
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn plugin() -> Result<String> {
    Ok(Tools::from_environment()?.plugin.display().to_string())
}

fn scene(example: &str) -> Result<Scene> {
    let scene = Scene::of_program(&root().join("examples").join(example))?;
    scene.work.run(&["config", "set", "--path", "keyrotation:aws.region", "us-east-1"])?.expect_success()?;
    Ok(scene)
}

/// A key is made and goes.
fn works(scene: &Scene) -> Outcome {
    scene.up()?;
    scene.expect_known()?;
    scene.work.expect_quiet()?;
    scene.expect_destroyed()?;
    Ok(None)
}

fn yaml(source: &str) -> Outcome {
    let scene = scene("aws-yaml")?;
    scene.work.run(&["package", "add", source])?.expect_success()?;
    let written = scene.work.project().join(format!("sdks/keyrotation/keyrotation-{VERSION}.yaml"));
    ensure!(written.is_file(), "there is no {}", written.display());
    works(&scene)
}

/// What the CLI tells the reader to add to the pom.xml and `com.pulumi:pulumi` does not bring along.
const NULLABLE: &str = "        <dependency>
            <groupId>com.google.code.findbugs</groupId>
            <artifactId>jsr305</artifactId>
            <version>3.0.2</version>
        </dependency>
";

/// The program is compiled with the generated sources, and with no package of ours.
fn java() -> Outcome {
    if let Some(lack) = Language::Java.lack() {
        return Ok(Some(lack));
    }
    let scene = scene("aws-java")?;
    let project = scene.work.project();
    let _equipment = Language::Java.lead(&scene.work)?;
    let (program, kept) = (project.join("src/main/java/program/App.java"), project.join("App.java"));
    // The CLI compiles the project once it has generated, before its reader can copy the sources.
    fs::rename(&program, &kept).context("the program is not where it was")?;
    let pom = project.join("pom.xml");
    let text = fs::read_to_string(&pom).context("the program has no pom.xml")?;
    let (before, rest) = text.split_once("        <!-- Not published").context("the pom.xml has no package")?;
    let (_, after) = rest.split_once("</dependency>\n").context("the pom.xml has no package")?;
    fs::write(&pom, format!("{before}{NULLABLE}{after}")).context("cannot write pom.xml")?;
    let told = scene.work.run(&["package", "add", &plugin()?])?.expect_success()?;
    told.expect_text("<artifactId>jsr305</artifactId>")?.expect_text("cp -r sdks/keyrotation/src/*")?;

    let copied =
        std::process::Command::new("cp").args(["-r", "sdks/keyrotation/src", "."]).current_dir(&project).status();
    ensure!(copied.context("cannot start cp")?.success(), "the generated sources cannot be copied");
    fs::rename(&kept, &program).context("cannot put the program back")?;
    works(&scene)
}

/// The hosts that Go's proxies serve are too old to generate; those beside a CLI from elsewhere do.
fn by_host(language: Language, example: &str) -> Outcome {
    if let Some(lack) = language.lack() {
        return Ok(Some(lack));
    }
    let scene = scene(example)?;
    let _equipment = language.lead(&scene.work)?;
    let ended = scene.work.run(&["package", "add", &plugin()?])?;
    if !ended.success && ended.text.contains("GeneratePackage") {
        return Ok(Some("the language host is too old to generate a library".to_owned()));
    }
    ended.expect_success()?;
    ensure!(scene.work.project().join("sdks/keyrotation").is_dir(), "nothing was generated");
    Ok(None)
}
