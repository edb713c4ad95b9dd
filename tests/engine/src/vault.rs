//! A real OpenBao or Vault, a project that talks to it, and the plugin's clock, which runs ahead of the server's.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vault_servers::{Admin, Program, Vault};

use crate::clock::TestClock;
use crate::leak::Secrets;
use crate::workspace::{Tools, Workspace};

/// The resource under test.
pub const KV_TOKEN: &str = "keyrotation:vault:RotatingApiKey";
const MOUNT: &str = "secret";
const PATH: &str = "apps/payment";

/// Everything that one test needs, alone to itself.
pub struct VaultScene {
    /// The project.
    pub work: Workspace,
    /// The clock of the plugin.
    pub clock: TestClock,
    vault: Vault,
    secrets: RefCell<Secrets>,
    _folder: tempfile::TempDir,
}

impl VaultScene {
    /// Starts an OpenBao, and a project with a stack and the resource in its program. The plugin finds the server and its token by
    /// Vault's own environment variables.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn start(inputs: Value) -> Result<Self> {
        let scene = Self::empty(Program::OpenBao)?;
        scene.declare(inputs)?;
        scene.work.init()?;
        Ok(scene)
    }

    /// The same with this server and the program that stands in a folder.
    ///
    /// # Errors
    /// When something cannot be started or copied.
    pub fn of_program(folder: &Path, server: Program) -> Result<Self> {
        let scene = Self::empty(server)?;
        scene.work.copy_program(folder)?;
        scene.work.init()?;
        Ok(scene)
    }

    fn empty(server: Program) -> Result<Self> {
        Self::on(Vault::dev(&server.find()?)?)
    }

    /// A project without a program and a stack, whose plugin finds this server and its root token by Vault's own environment variables.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn on(vault: Vault) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for a clock")?;
        let clock = TestClock::start(folder.path().join("clock"))?;
        let variables = [
            ("KEYROTATION_TEST_CLOCK", clock.file().display().to_string()),
            ("VAULT_ADDR", vault.endpoint().to_owned()),
            ("VAULT_TOKEN", vault.admin().token().to_owned()),
        ];
        let work = Workspace::new(&Tools::from_environment()?, &variables)?;
        let mut secrets = Secrets::default();
        secrets.add(vault.admin().token());
        Ok(Self { work, clock, vault, secrets: RefCell::new(secrets), _folder: folder })
    }

    /// The server's administrator.
    pub fn admin(&self) -> Admin {
        self.vault.admin()
    }

    /// The server itself.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The server.
    pub fn endpoint(&self) -> &str {
        self.vault.endpoint()
    }

    /// Declares the resource with these inputs beside its path.
    ///
    /// # Errors
    /// When the program cannot be written.
    pub fn declare(&self, mut inputs: Value) -> Result<()> {
        (inputs["mount"], inputs["path"]) = (MOUNT.into(), PATH.into());
        self.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": { "key": { "type": KV_TOKEN, "properties": inputs } },
            "outputs": { "version": "${key.version}", "value": "${key.value}" },
        }))
    }

    /// `pulumi up`, which must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<String> {
        Ok(self.work.up()?.expect_success()?.text)
    }

    /// Moves the clock of the plugin.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn wait_hours(&self, hours: u64) -> Result<()> {
        self.clock.advance(Duration::from_secs(hours * 3600))
    }

    /// Insists that just these versions can be read, and that the current one has the value that the state knows.
    ///
    /// # Errors
    /// When it is otherwise.
    pub fn expect_versions(&self, versions: &[&str], current: &str) -> Result<()> {
        let state = self.work.state()?;
        state.collect(&mut self.secrets.borrow_mut());
        let output = |path: &str| state.output(KV_TOKEN, path);
        ensure!(output("/version")? == current, "the state knows the version {}", output("/version")?);
        let mut there = Vec::new();
        for version in 1..=9 {
            let answer = self.read(version)?;
            if answer.is_null() {
                continue;
            }
            there.push(version.to_string());
            let known = if version.to_string() == current { "/value" } else { "/previous/value" };
            ensure!(answer["api_key"] == output(known)?, "version {version} has another value than the state knows");
        }
        ensure!(there == versions, "{there:?} can be read, not {versions:?}");
        Ok(())
    }

    /// What stands in a version; null if it cannot be read.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn read(&self, version: u32) -> Result<Value> {
        let path = format!("{MOUNT}/data/{PATH}?version={version}");
        Ok(self.admin().call("GET", &path, None)?.body["data"]["data"].clone())
    }

    /// A path of the engine's, by the part of it that answers: `data` or `metadata` for example.
    pub fn at(part: &str) -> String {
        format!("{MOUNT}/{part}/{PATH}")
    }

    /// Destroys the stack and insists that nothing of ours is left at the path, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.work.destroy()?.expect_success()?;
        self.expect_nothing_left()
    }

    /// Insists that nothing of ours is left at the path, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_nothing_left(&self) -> Result<()> {
        let metadata = self.admin().get(&Self::at("metadata"))?["data"].clone();
        let versions = metadata["versions"].as_object().into_iter().flatten();
        ensure!(versions.clone().all(|(_, version)| version["destroyed"] == true), "versions are left: {metadata}");
        let marks = metadata["custom_metadata"].as_object().into_iter().flatten().count();
        ensure!(marks == 0, "marks are left: {metadata}");
        self.expect_clean()
    }

    /// Adds a value that must not be seen anywhere.
    pub fn keep_secret(&self, value: &str) {
        self.secrets.borrow_mut().add(value);
    }

    /// Takes note of every secret that the state holds, for [`VaultScene::expect_clean`].
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn learn_secrets(&self) -> Result<()> {
        self.work.state()?.collect(&mut self.secrets.borrow_mut());
        Ok(())
    }

    /// The secrets that were met so far.
    pub fn secrets(&self) -> Secrets {
        self.secrets.borrow().clone()
    }

    /// Insists that no secret stands in anything that the CLI or the plugin wrote, and that no plugin is left running.
    ///
    /// # Errors
    /// When one does.
    pub fn expect_clean(&self) -> Result<()> {
        self.work.export()?;
        self.work.expect_no_plugin()?;
        let secrets = self.secrets.borrow();
        for (place, bytes) in self.work.written()? {
            secrets.absent_from_text(&place, &bytes)?;
        }
        Ok(())
    }
}
