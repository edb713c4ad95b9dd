//! The libraries that are made from the schema, each compiled as strictly as its language can; that for .NET, which no machine of the tests
//! can compile, is searched for what C# refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use engine::{Go, Java, Language, Node, Python};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

mod dotnet;
mod spelling;

const VERSION: &str = env!("CARGO_PKG_VERSION");
type Prove = fn() -> Result<()>;

fn main() {
    let trials: [(&str, Option<Language>, Prove); 10] = [
        // Pyright runs on Node.js.
        ("python_passes_pyright_and_what_is_wrong_does_not", Some(Language::TypeScript), pyright_passes),
        ("typescript_compiles_strictly_and_refuses_what_is_wrong", Some(Language::TypeScript), typescript_compiles),
        ("nodejs_imports_the_packed_library_both_ways", Some(Language::TypeScript), node_imports),
        ("go_vets_and_builds_and_refuses_what_is_wrong", Some(Language::Go), go_builds),
        ("java_compiles_and_refuses_what_is_wrong", Some(Language::Java), java_compiles),
        ("dotnet_has_no_clash_of_names", None, dotnet::has_no_clash),
        ("dotnet_clashes_are_seen", None, dotnet::clashes_are_seen),
        ("names_in_backticks_are_spelled_as_the_language_does", None, spelling::fits),
        ("every_library_has_every_resource_and_function", None, spelling::is_complete),
        ("no_two_files_differ_by_case_alone", None, files_have_names_of_their_own),
    ];
    let trials = trials.into_iter().map(|(name, language, prove)| {
        Trial::ignorable_test(name, move || {
            if let Some(lack) = language.and_then(Language::lack) {
                return Ok(Completion::ignored_with(lack));
            }
            prove().map_err(|error| Failed::from(format!("{error:#}")))?;
            Ok(Completion::Completed)
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file of a library, by its path in sdk.
fn files(language: &str) -> Result<BTreeMap<String, String>> {
    let folder = root().join("sdk").join(language);
    let mut found = BTreeMap::new();
    let mut open = vec![folder.clone()];
    while let Some(place) = open.pop() {
        for entry in fs::read_dir(&place).with_context(|| format!("cannot list {}", place.display()))? {
            let path = entry.context("cannot list a library")?.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.insert(path.strip_prefix(&folder)?.display().to_string(), text);
            }
        }
    }
    ensure!(found.len() > 20, "sdk/{language} has only {} files", found.len());
    Ok(found)
}

fn write(place: &Path, text: &str) -> Result<()> {
    let made = place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(place, text));
    made.with_context(|| format!("cannot write {}", place.display()))
}

fn pyright_passes() -> Result<()> {
    let python = Python::with_sdk()?;
    let example = |system: &str| root().join(format!("examples/{system}-python/__main__.py"));
    for system in ["aws", "confluent", "oci", "vault"] {
        python.check_types_by_pyright(&example(system)).with_context(|| format!("the example for {system}"))?;
    }
    let text = fs::read_to_string(example("aws")).context("cannot read the example")?;
    let place = tempfile::tempdir()?;
    for (good, bad) in [("successes=3", "successes=\"3\""), ("key.previous_key_id", "key.previousKeyId")] {
        let (broken, program) = (text.replacen(good, bad, 1), place.path().join("broken.py"));
        ensure!(broken != text, "the example has no {good}");
        write(&program, &broken)?;
        ensure!(python.check_types_by_pyright(&program).is_err(), "{bad} passes as well typed");
    }
    Ok(())
}

const TYPESCRIPT: &str = r#"
import * as pulumi from "@pulumi/pulumi";
import { Provider, aws, confluent, oci, vault } from "pulumi-keyrotation";

const provider = new Provider("own", { aws: { region: "us-east-1", endpoints: { iam: "http://127.0.0.1:1" } } });
const key = new aws.RotatingApiKey(
    "key",
    { user: "deployer", keepers: { release: "1" }, verification: { successes: 3, timeout: "5m" } },
    { provider },
);
new confluent.RotatingApiKey("confluent", { owner: { id: "sa-abc123" } });
new oci.RotatingAuthToken("oci", { userId: "ocid1.user.oc1..a", name: "registry" });
new vault.RotatingApiKey("vault", { mount: "secret", path: "apps/payment", keepers: { key: key.accessKeyId } });
export const id: pulumi.Output<string> = key.accessKeyId;
export const generation: pulumi.Output<number> = key.generation;
export const keys = aws.listKeysOutput({ user: "deployer" }).keys;
"#;

fn typescript_compiles() -> Result<()> {
    let node = Node::with_sdk()?;
    let place = tempfile::tempdir()?;
    let program = place.path().join("program.ts");
    write(&program, TYPESCRIPT)?;
    node.check_types(&program)?;
    for (good, bad) in
        [("successes: 3", "successes: \"3\""), ("user: \"deployer\", ", ""), ("key.accessKeyId;", "key.accessKey;")]
    {
        let broken = TYPESCRIPT.replacen(good, bad, 1);
        ensure!(broken != TYPESCRIPT, "the program has no {good}");
        write(&program, &broken)?;
        ensure!(node.check_types(&program).is_err(), "{bad:?} in place of {good:?} compiles");
    }
    Ok(())
}

fn node_imports() -> Result<()> {
    let node = Node::with_sdk()?;
    let package = node.modules().join("pulumi-keyrotation");
    for file in ["package.json", "README.md", "LICENSE", "bin/index.js", "bin/index.d.ts", "bin/aws/rotatingApiKey.js"]
    {
        ensure!(package.join(file).is_file(), "the packed library has no {file}");
    }
    ensure!(!package.join("index.ts").exists(), "the packed library holds its sources");
    let place = node.modules().join("../programs");
    let names =
        "[typeof aws.RotatingApiKey, typeof vault.listLeases, typeof Provider, typeof oci.RotatingAuthToken].join()";
    let require =
        format!("const {{ aws, oci, vault, Provider }} = require(\"pulumi-keyrotation\"); console.log({names});");
    let import = format!("import {{ aws, oci, vault, Provider }} from \"pulumi-keyrotation\"; console.log({names});");
    for (name, program) in [("program.cjs", require), ("program.mjs", import)] {
        write(&place.join(name), &program)?;
        let told = node.run("node", &[name], &place)?;
        ensure!(told.trim() == "function,function,function,function", "{name} finds {told}");
    }
    Ok(())
}

const GO: &str = r#"package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation/aws"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation/vault"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		own, err := keyrotation.NewProvider(ctx, "own", &keyrotation.ProviderArgs{
			Aws: keyrotation.AwsConfigArgs{Region: pulumi.String("us-east-1")},
		})
		if err != nil {
			return err
		}
		key, err := aws.NewRotatingApiKey(ctx, "key", &aws.RotatingApiKeyArgs{
			User:         pulumi.String("deployer"),
			Verification: keyrotation.VerificationArgs{Successes: pulumi.Int(3)},
		}, pulumi.Provider(own))
		if err != nil {
			return err
		}
		_, err = vault.NewRotatingApiKey(ctx, "vault", &vault.RotatingApiKeyArgs{
			Mount:   pulumi.String("secret"),
			Path:    pulumi.String("apps/payment"),
			Keepers: pulumi.StringMap{"key": key.AccessKeyId},
		})
		ctx.Export("id", key.AccessKeyId)
		return err
	})
}
"#;

fn go_builds() -> Result<()> {
    let go = Go::with_sdk()?;
    go.run(&["vet", "./..."], &go.sources())?;
    let place = tempfile::tempdir()?;
    let module = format!(
        "module program\n\ngo 1.25\n\nrequire github.com/your--organization/pulumi-keyrotation/sdk/go v{VERSION}\n"
    );
    write(&place.path().join("go.mod"), &module)?;
    let build = |text: &str| {
        write(&place.path().join("main.go"), text)?;
        go.run(&["build", "-o", "program", "."], place.path())
    };
    build(GO)?;
    for (good, bad) in [("pulumi.Int(3)", "pulumi.String(\"3\")"), ("key.AccessKeyId)", "key.AccessKey)")] {
        let broken = GO.replacen(good, bad, 1);
        ensure!(broken != GO, "the program has no {good}");
        ensure!(build(&broken).is_err(), "{bad} in place of {good} compiles");
    }
    Ok(())
}

const JAVA: &str = r#"
package program;

import com.pulumi.Pulumi;
import dev.keyrotation.keyrotation.aws.RotatingApiKey;
import dev.keyrotation.keyrotation.aws.RotatingApiKeyArgs;
import dev.keyrotation.keyrotation.inputs.VerificationArgs;

public final class App {
    public static void main(String[] args) {
        Pulumi.run(context -> {
            var key = new RotatingApiKey("key", RotatingApiKeyArgs.builder()
                .user("deployer")
                .verification(VerificationArgs.builder().successes(3).build())
                .build());
            context.export("id", key.accessKeyId());
        });
    }
}
"#;

fn java_compiles() -> Result<()> {
    let java = Java::with_sdk()?;
    let installed = java.repository().join("dev/keyrotation/keyrotation").join(VERSION);
    for name in [format!("keyrotation-{VERSION}.jar"), format!("keyrotation-{VERSION}.pom")] {
        ensure!(installed.join(&name).is_file(), "Maven did not install {name}");
    }
    let example = fs::read_to_string(root().join("examples/aws-java/pom.xml")).context("there is no example")?;
    let place = tempfile::tempdir()?;
    write(&place.path().join("pom.xml"), &example)?;
    let compile = |text: &str| {
        write(&place.path().join("src/main/java/program/App.java"), text)?;
        java.run(&["compile"], place.path())
    };
    compile(JAVA)?;
    for (good, bad) in [("successes(3)", "successes(\"3\")"), ("key.accessKeyId()", "key.accessKey()")] {
        let broken = JAVA.replacen(good, bad, 1);
        ensure!(broken != JAVA, "the program has no {good}");
        ensure!(compile(&broken).is_err(), "{bad} in place of {good} compiles");
    }
    Ok(())
}

fn files_have_names_of_their_own() -> Result<()> {
    for language in ["python", "nodejs", "go", "java", "dotnet"] {
        let files = files(language)?;
        let names: BTreeSet<String> = files.keys().map(|path| path.to_lowercase()).collect();
        ensure!(names.len() == files.len(), "sdk/{language} has files whose names differ by case alone");
    }
    Ok(())
}
