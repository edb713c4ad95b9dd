//! The schema and the client libraries that are made from it: Pulumi takes the one, users can install and use the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use engine::{Python, Tools};
use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `pulumi schema check`, which holds a schema to Pulumi's metaschema and resolves its references.
fn check(schema: &str) -> Result<Output> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("schema.json");
    fs::write(&file, schema).context("cannot write a schema")?;
    let mut pulumi = Command::new(Tools::from_environment()?.pulumi.join("pulumi"));
    pulumi.args(["schema", "check"]).arg(&file).env("PULUMI_HOME", folder.path());
    pulumi.env("PULUMI_SKIP_UPDATE_CHECK", "true").output().context("cannot start pulumi")
}

#[test]
fn pulumi_takes_the_schema() -> Result<()> {
    let checked = check(&fs::read_to_string(root().join("schema.json")).context("cannot read schema.json")?)?;
    let words = [checked.stdout, checked.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    ensure!(checked.status.success() && !words.to_lowercase().contains("warning"), "pulumi says: {words}");
    Ok(())
}

#[test]
fn pulumi_refuses_a_schema_that_breaks_the_metaschema_or_a_reference() -> Result<()> {
    let schema = fs::read_to_string(root().join("schema.json")).context("cannot read schema.json")?;
    for (good, bad) in [("\"type\": \"boolean\"", "\"type\": \"bool\""), ("index:Revoke\"", "index:Revok\"")] {
        let broken = schema.replacen(good, bad, 1);
        ensure!(broken != schema, "the schema has no {good}");
        ensure!(!check(&broken)?.status.success(), "pulumi takes a schema with {bad}");
    }
    Ok(())
}

/// Generators leave out a marked block of code that is not of their language; what everybody must read is indented instead.
#[test]
fn every_marked_block_of_the_documentation_is_an_example_in_a_language_of_programs() -> Result<()> {
    let schema = fs::read_to_string(root().join("schema.json")).context("cannot read schema.json")?;
    let schema: Value = serde_json::from_str(&schema).context("schema.json is no JSON")?;
    let resources = schema["resources"].as_object().context("there are no resources")?;
    for (token, resource) in resources {
        let marks: Vec<&str> = resource["description"]
            .as_str()
            .with_context(|| format!("{token} is not described"))?
            .lines()
            .filter_map(|line| line.trim().strip_prefix("```"))
            .filter(|mark| !mark.is_empty())
            .collect();
        ensure!(marks.contains(&"yaml") && marks.contains(&"python"), "{token} lacks an example: {marks:?}");
        let other = marks.iter().find(|mark| !["yaml", "python"].contains(mark));
        ensure!(other.is_none(), "a block of {token} is marked {other:?}: indent it, or no library shows it");
    }
    Ok(())
}

#[test]
fn the_python_library_installs_as_a_wheel_with_all_that_belongs_to_it() -> Result<()> {
    let python = Python::with_sdk()?;
    let read = |path: &str| {
        let path = python.site()?.join(path);
        fs::read_to_string(&path).with_context(|| format!("the wheel has no {}", path.display()))
    };
    let metadata = read(&format!("pulumi_keyrotation-{VERSION}.dist-info/METADATA"))?;
    for line in [
        "Name: pulumi_keyrotation",
        &format!("Version: {VERSION}"),
        "License: Apache-2.0",
        "Requires-Python: >=3.10",
        "# pulumi_keyrotation",
    ] {
        ensure!(metadata.lines().any(|own| own == line), "the wheel does not say {line:?}:\n{metadata}");
    }
    read(&format!("pulumi_keyrotation-{VERSION}.dist-info/licenses/LICENSE"))?;
    read("pulumi_keyrotation/py.typed")?;
    let plugin: Value = serde_json::from_str(&read("pulumi_keyrotation/pulumi-plugin.json")?).context("no JSON")?;
    ensure!(
        plugin["name"] == "keyrotation" && plugin["version"] == VERSION && plugin["resource"] == true,
        "the wheel asks for the plugin {plugin}"
    );
    Ok(())
}

#[test]
fn the_python_library_is_typed() -> Result<()> {
    let python = Python::with_sdk()?;
    for name in ["confluent-python", "oci-python", "vault-python"] {
        let program = root().join("examples").join(name).join("__main__.py");
        python.check_types(&program).with_context(|| format!("the example {name}"))?;
    }
    let program = root().join("examples/aws-python/__main__.py");
    python.check_types(&program).context("the example")?;

    let folder = tempfile::tempdir()?;
    let text = fs::read_to_string(&program).context("cannot read the example")?;
    for (good, bad) in [("successes=3", "successes=\"3\""), ("key.previous_key_id", "key.previousKeyId")] {
        let (broken, place) = (text.replacen(good, bad, 1), folder.path().join("broken.py"));
        ensure!(broken != text, "the example has no {good}");
        fs::write(&place, broken).context("cannot write a program")?;
        ensure!(python.check_types(&place).is_err(), "{bad} passes as well typed");
    }
    Ok(())
}
