//! The real engine over a provider that misbehaves: what it saves, and what it prints.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pulumi_provider::build_schema;
use serde_json::Value as Json;
use support::{PASSWORD, TOKEN};
use tempfile::TempDir;

/// A stack of a YAML program with one thing in it.
struct Stack {
    folder: TempDir,
    tools: PathBuf,
    /// A plugin that runs already, as `name:port`.
    attached: Option<String>,
}

/// What a command of the CLI came to.
struct Run {
    success: bool,
    text: String,
}

impl Stack {
    fn new() -> Self {
        let tools = std::env::var_os("KEYROTATION_PULUMI").expect("KEYROTATION_PULUMI is not set");
        let stack = Self { folder: tempfile::tempdir().unwrap(), tools: PathBuf::from(tools), attached: None };
        for folder in ["program", "state", "home"] {
            std::fs::create_dir(stack.path(folder)).unwrap();
        }
        stack.program("");
        stack.run(&["stack", "init", "dev"]).succeeded();
        stack.run(&["config", "set", "test:region", "here"]).succeeded();
        stack.run(&["config", "set", "--secret", "test:apiToken", PASSWORD]).succeeded();
        stack
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes the program ask its thing to do this.
    fn program(&self, act: &str) {
        self.program_with(act, "");
    }

    /// The same, with more of the resource and more resources.
    fn program_with(&self, act: &str, more: &str) {
        let plugins = plugins();
        let plugins = plugins.display();
        let text = format!(
            r#"name: program
runtime: yaml
plugins:
  providers:
    - {{ name: test, path: "{plugins}" }}
resources:
  thing:
    type: test:Thing
    properties:
      name: n
      act: "{act}"
      password: {{ "fn::secret": {PASSWORD} }}
      tags: {{ open: x, hidden: {{ "fn::secret": {PASSWORD} }} }}
{more}"#
        );
        std::fs::write(self.path("program/Pulumi.yaml"), text).unwrap();
    }

    /// Runs the CLI. Whatever it prints, no secret may be in it.
    fn run(&self, arguments: &[&str]) -> Run {
        let mut paths = vec![self.tools.clone()];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new(self.tools.join("pulumi"));
        if let Some(attached) = &self.attached {
            command.env("PULUMI_DEBUG_PROVIDERS", attached);
        }
        let output = command
            .args(arguments)
            .args(["--non-interactive", "--color", "never"])
            .current_dir(self.path("program"))
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("HOME", self.path("home"))
            .env("PULUMI_HOME", self.path("home"))
            .env("PULUMI_BACKEND_URL", format!("file://{}", self.path("state").display()))
            .env("PULUMI_CONFIG_PASSPHRASE", "only a test's")
            .env("PULUMI_SKIP_UPDATE_CHECK", "true")
            .env("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
            .output()
            .unwrap();
        let Output { status, stdout, stderr } = output;
        let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(!text.contains(TOKEN), "printed the secret output");
        let given_by_hand = arguments.first() == Some(&"config");
        assert!(given_by_hand || !text.contains(PASSWORD), "printed the secret input");
        assert!(!text.contains("exited prematurely"), "{text}");
        Run { success: status.success(), text }
    }

    fn up(&self, act: &str) -> Run {
        self.program(act);
        self.run(&["up", "--yes", "--skip-preview"])
    }

    /// The thing in the engine's state, in which no secret may stand in clear.
    fn thing(&self) -> Option<Json> {
        let exported = self.run(&["stack", "export"]).succeeded();
        assert!(!exported.contains(PASSWORD) && !exported.contains(TOKEN), "a secret stands in the state");
        let state: Json = serde_json::from_str(&exported).unwrap();
        let resources = state["deployment"]["resources"].as_array().cloned().unwrap_or_default();
        resources.into_iter().find(|resource| resource["type"] == "test:index:Thing")
    }
}

/// The folder of the example plugins.
fn plugins() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("examples")
}

impl Run {
    fn succeeded(self) -> String {
        assert!(self.success, "{}", self.text);
        self.text
    }

    fn failed(self) -> String {
        assert!(!self.success, "{}", self.text);
        self.text
    }
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn what_a_partial_failure_leaves_is_saved_and_the_next_run_goes_on() {
    let stack = Stack::new();
    assert!(stack.up("error").failed().contains("no luck with [secret]"));
    assert!(stack.thing().is_none(), "nothing was made");

    assert!(stack.up("partial").failed().contains("no luck with [secret] and [secret]"));
    let thing = stack.thing().unwrap();
    assert_eq!(thing["id"], "thing-1");
    assert!(thing["outputs"]["token"]["ciphertext"].is_string());
    assert!(thing["outputs"]["tags"]["ciphertext"].is_string());
    assert!(!thing["initErrors"].as_array().unwrap().is_empty());

    stack.up("").succeeded();
    let thing = stack.thing().unwrap();
    assert_eq!((&thing["id"], &thing["outputs"]["note"]), (&"thing-1".into(), &"updated".into()));
    assert!(thing["initErrors"].is_null());
    stack.run(&["refresh", "--yes", "--skip-preview", "--expect-no-changes"]).succeeded();
    stack.run(&["preview", "--expect-no-changes"]).succeeded();

    assert!(stack.up("partial").failed().contains("no luck"));
    let thing = stack.thing().unwrap();
    assert_eq!((&thing["inputs"]["act"], &thing["outputs"]["note"]), (&"".into(), &"half".into()));
    stack.up("").succeeded();
    stack.run(&["destroy", "--yes", "--skip-preview"]).succeeded();
    assert!(stack.thing().is_none());
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn an_answer_that_cannot_be_saved_loses_only_what_is_wrong_with_it() {
    let stack = Stack::new();
    for act in ["unknown", "nan"] {
        assert!(stack.up(act).failed().contains("a defect of the provider: the output note[1]"));
        let thing = stack.thing().unwrap();
        assert_eq!(thing["id"], "thing-1");
        assert_eq!(thing["outputs"]["note"][0], "kept");
        assert!(thing["outputs"]["token"]["ciphertext"].is_string());
        stack.run(&["destroy", "--yes", "--skip-preview"]).succeeded();
    }
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn panics_and_refusals_show_no_secret_and_the_plugin_lives_on() {
    let stack = Stack::new();
    assert!(stack.up("panic").failed().contains("Create failed by a defect of the provider"));
    assert!(stack.up("check-panic").failed().contains("a defect of the provider"));
    assert!(stack.up("no-id").failed().contains("no id"));
    let warned = stack.up("warn").succeeded();
    assert!(warned.contains("careful with [secret]"), "{warned}");
    let logged = stack.up("log").succeeded();
    assert!(stack.thing().is_some(), "{logged}");
    stack.up("refused").succeeded();
    let refused = stack.run(&["refresh", "--yes", "--skip-preview"]).failed();
    assert!(refused.contains("no luck with [secret] and [secret]"), "{refused}");
    assert!(stack.thing().is_some(), "a refusal is no disappearance");
    stack.up("gone").succeeded();
    stack.run(&["refresh", "--yes", "--skip-preview"]).succeeded();
    assert!(stack.thing().is_none());
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn the_schema_is_one_that_pulumi_accepts() {
    let stack = Stack::new();
    let schema = build_schema(&support::Things::default()).unwrap();
    std::fs::write(stack.path("schema.json"), schema).unwrap();
    let file = stack.path("schema.json").display().to_string();
    stack.run(&["schema", "check", &file]).succeeded();
    std::fs::write(
        stack.path("schema.json"),
        r##"{"name":"x","resources":{"x:a:B":{"type":5,"inputProperties":{"a":{"$ref":"#/types/none"}}}}}"##,
    )
    .unwrap();
    stack.run(&["schema", "check", &file]).failed();
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn a_missing_key_of_the_configuration_is_named() {
    let stack = Stack::new();
    stack.run(&["config", "rm", "test:region"]).succeeded();
    let told = stack.up("").failed();
    assert!(told.contains("property region") && told.contains("is required"), "{told}");
    stack.run(&["config", "set", "test:region", "here"]).succeeded();
    stack.up("").succeeded();
    stack.run(&["destroy", "--yes", "--skip-preview"]).succeeded();
}

/// A program's own provider, with these credentials.
fn own_provider(token: &str) -> String {
    format!(
        r#"    options: {{ provider: "${{own}}" }}
  own:
    type: pulumi:providers:test
    properties:
      region: there
      debug: true
      apiToken: {{ "fn::secret": {token} }}
      cloud: {{ host: h, secretKey: {{ "fn::secret": {PASSWORD} }} }}
"#
    )
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn a_provider_of_the_program_takes_new_credentials_without_replacing_anything() {
    let stack = Stack::new();
    stack.program_with("", &own_provider(PASSWORD));
    stack.run(&["up", "--yes", "--skip-preview"]).succeeded();
    let thing = stack.thing().unwrap();
    stack.run(&["preview", "--expect-no-changes"]).succeeded();

    stack.program_with("", &own_provider(TOKEN));
    let steps = stack.run(&["up", "--yes", "--skip-preview", "--json"]).succeeded();
    let changes = find(&steps, "resourceChanges");
    assert_eq!((changes["update"].as_u64(), changes["replace"].as_u64()), (Some(1), None), "{steps}");
    assert_eq!(stack.thing().unwrap()["created"], thing["created"]);
    stack.run(&["destroy", "--yes", "--skip-preview"]).succeeded();
}

/// The first object of this name in JSON text, wherever it stands.
fn find(text: &str, name: &str) -> Json {
    let rest = text.split_once(&format!("\"{name}\":")).map_or("", |(_, rest)| rest);
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
    values.next().and_then(Result::ok).unwrap_or_default()
}

#[test]
#[ignore = "needs KEYROTATION_PULUMI: the folder of the Pulumi CLI and its YAML language host"]
fn one_process_that_was_attached_to_serves_many_commands() {
    let mut plugin = Command::new(plugins().join("pulumi-resource-test"));
    let mut plugin = plugin.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(plugin.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let mut stack = Stack::new();
    stack.attached = Some(format!("test:{}", port.trim()));
    for act in ["", "log", "warn"] {
        stack.up(act).succeeded();
        stack.run(&["preview", "--expect-no-changes"]).succeeded();
    }
    assert!(stack.up("partial").failed().contains("no luck"));
    stack.run(&["destroy", "--yes", "--skip-preview"]).succeeded();
    assert!(stack.thing().is_none());
    assert!(plugin.try_wait().unwrap().is_none(), "it serves on");
    plugin.kill().unwrap();
    plugin.wait().unwrap();
}
