//! A stand-in of AWS with one user, a project that talks to it, and the clock they share.

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use localcloud::Key;
use serde_json::{Value, json};

use crate::clock::TestClock;
use crate::cloud::Cloud;
use crate::leak::Secrets;
use crate::state::State;
use crate::workspace::{Tools, Workspace};

/// The resource under test.
pub const TOKEN: &str = "keyrotation:aws:RotatingApiKey";
/// The user whose keys rotate.
pub const USER: &str = "deployer";
/// The resource's URN in the stack of a scene.
pub const URN: &str = "urn:pulumi:dev::engine-test::keyrotation:aws:RotatingApiKey::key";

/// Everything that one test needs, alone to itself.
pub struct Scene {
    /// The stand-in.
    pub cloud: Cloud,
    /// The project.
    pub work: Workspace,
    /// The clock of both.
    pub clock: TestClock,
    secrets: RefCell<Secrets>,
    _folder: tempfile::TempDir,
}

/// The current and the previous key, as the state of the stack knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// How many keys there have been.
    pub generation: u64,
    /// The id of the current key.
    pub current: String,
    /// The secret of the current key.
    pub secret: String,
    /// The id and secret of the key before, while it works.
    pub previous: Option<(String, String)>,
}

impl Scene {
    /// Starts a stand-in with the user [`USER`], and a project with a stack and the resource in its
    /// program. The plugin finds its credentials and the stand-in by AWS's own environment variables.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn start() -> Result<Self> {
        let scene = Self::without_environment()?;
        scene.set_environment();
        Ok(scene)
    }

    /// As [`Self::start`], but the plugin is told nothing about AWS by the environment.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn without_environment() -> Result<Self> {
        Self::in_tenancy(None)
    }

    /// The same with this OCID for the tenancy of OCI.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn in_tenancy(tenancy: Option<&str>) -> Result<Self> {
        let scene = Self::empty_in(tenancy)?;
        scene.declare(json!({}))?;
        scene.work.init_like_others()?;
        Ok(scene)
    }

    /// As [`Self::start`], with the program that stands in a folder.
    ///
    /// # Errors
    /// When something cannot be started or copied.
    pub fn of_program(folder: &Path) -> Result<Self> {
        let scene = Self::empty()?;
        scene.work.copy_program(folder)?;
        scene.work.init()?;
        scene.set_environment();
        Ok(scene)
    }

    /// As [`Self::start`], but in real time, with an empty program and without lags: [`Self::wait_hours`] moves nothing.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn in_real_time() -> Result<Self> {
        let scene = Self::of(|_| Cloud::start_in_real_time(), |_| Vec::new())?;
        scene.work.write_program(&json!({ "name": "engine-test", "runtime": "yaml" }))?;
        scene.work.init_like_others()?;
        scene.set_environment();
        Ok(scene)
    }

    fn empty() -> Result<Self> {
        Self::empty_in(None)
    }

    fn empty_in(tenancy: Option<&str>) -> Result<Self> {
        let shared = |clock: &TestClock| vec![("KEYROTATION_TEST_CLOCK", clock.file().display().to_string())];
        Self::of(|clock| Cloud::in_tenancy(clock.file(), tenancy), shared)
    }

    fn of(
        cloud: impl FnOnce(&TestClock) -> Result<Cloud>,
        variables: impl FnOnce(&TestClock) -> Vec<(&'static str, String)>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for a clock")?;
        let clock = TestClock::start(folder.path().join("clock"))?;
        let cloud = cloud(&clock)?;
        cloud.add_user(USER)?;
        let work = Workspace::new(&Tools::from_environment()?, &variables(&clock))?;
        let mut secrets = Secrets::default();
        secrets.add(&cloud.administrator().secret_access_key);
        Ok(Self { cloud, work, clock, secrets: RefCell::new(secrets), _folder: folder })
    }

    fn set_environment(&self) {
        for (name, value) in self.cloud.environment() {
            self.work.set(name, &value);
        }
    }

    /// Declares the resource with these inputs, beside its user.
    ///
    /// # Errors
    /// When the program cannot be written.
    pub fn declare(&self, inputs: Value) -> Result<()> {
        self.declare_with(inputs, json!({}))
    }

    /// The same with resource options, as a YAML program writes them.
    ///
    /// # Errors
    /// When the program cannot be written.
    pub fn declare_with(&self, mut inputs: Value, options: Value) -> Result<()> {
        if inputs.get("user").is_none() {
            inputs["user"] = USER.into();
        }
        let mut program = program(inputs);
        program["resources"]["key"]["options"] = options;
        self.work.write_program(&program)
    }

    /// `pulumi up`, which must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<String> {
        Ok(self.work.up()?.expect_success()?.text)
    }

    /// The same without the preview before it, which takes a third less time.
    ///
    /// # Errors
    /// When it does not succeed.
    pub fn update(&self) -> Result<String> {
        Ok(self.work.run(&["up", "--yes", "--skip-preview"])?.expect_success()?.text)
    }

    /// Moves the clock of the plugin and the stand-in.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn wait_hours(&self, hours: u64) -> Result<()> {
        self.clock.advance(Duration::from_secs(hours * 3600))
    }

    /// What a script says that compares the outputs of before a run with those of after it: its one line, and its exit code.
    ///
    /// # Errors
    /// When it does not run, or prints something else.
    pub fn report(&self, python: &Path, script: &Path, outputs: [&Path; 2]) -> Result<(Value, Option<i32>)> {
        let now = self.clock.now()?.to_string().replace('Z', "+00:00");
        let ended = Command::new(python).arg(script).args(outputs).arg(now).output().context("cannot start Python")?;
        let failed = || format!("the script failed: {}", String::from_utf8_lossy(&ended.stderr));
        Ok((serde_json::from_slice(&ended.stdout).with_context(failed)?, ended.status.code()))
    }

    /// Insists that the user has `count` keys, and that each is active.
    ///
    /// # Errors
    /// When it has another number.
    pub fn expect_keys(&self, count: usize) -> Result<Vec<Key>> {
        let keys = self.cloud.keys(USER);
        ensure!(keys.len() == count, "{USER} has {} keys, not {count}: {keys:?}", keys.len());
        ensure!(keys.iter().all(|key| key.active), "a key is inactive: {keys:?}");
        Ok(keys)
    }

    /// What the state knows, after proving with authenticated calls that the keys in it work, and that
    /// the cloud has no other key.
    ///
    /// # Errors
    /// When a key does not work, or the state and the cloud differ.
    pub fn expect_known(&self) -> Result<Known> {
        let state = self.work.state()?;
        state.collect(&mut self.secrets.borrow_mut());
        let output = |path: &str| state.output(TOKEN, path);
        let text = |path: &str| Ok::<_, anyhow::Error>(output(path)?.as_str().unwrap_or_default().to_owned());
        let previous = match output("/previous/accessKeyId")? {
            Value::Null => None,
            _ => Some((text("/previous/accessKeyId")?, text("/previous/secretAccessKey")?)),
        };
        let generation = output("/generation")?.as_u64().context("state holds no generation")?;
        let known = Known { generation, current: text("/accessKeyId")?, secret: text("/secretAccessKey")?, previous };
        let mut ids = vec![known.current.clone()];
        self.cloud.expect_works(&known.current, &known.secret).context("the current key")?;
        if let Some((id, secret)) = &known.previous {
            self.cloud.expect_works(id, secret).context("the previous key")?;
            ids.push(id.clone());
        }
        self.expect_keys(ids.len())?;
        let there = self.cloud.key_ids(USER);
        ids.sort();
        ensure!(ids == there, "state knows {ids:?}, the cloud has {there:?}");
        Ok(known)
    }

    /// Insists that the engine remembers no operation that it began and never finished.
    ///
    /// # Errors
    /// When it does.
    pub fn expect_nothing_pending(&self) -> Result<()> {
        ensure!(self.work.state()?.pending_operations() == 0, "an operation is left pending");
        Ok(())
    }

    /// Adds a value that must not be seen anywhere.
    pub fn keep_secret(&self, value: &str) {
        self.secrets.borrow_mut().add(value);
    }

    /// Adds every secret of a state.
    pub fn keep_secrets_of(&self, state: &State) {
        state.collect(&mut self.secrets.borrow_mut());
    }

    /// The secrets that were met so far.
    pub fn secrets(&self) -> Secrets {
        self.secrets.borrow().clone()
    }

    /// Insists that no secret stands in anything that the CLI or the plugin wrote, and that no plugin
    /// is left running. Looked for are the secrets of every key that was ever made, those of the state,
    /// the plugin's own credentials, and what [`Self::keep_secret`] was told.
    ///
    /// # Errors
    /// When one does.
    pub fn expect_clean(&self) -> Result<()> {
        self.work.export()?;
        self.search()
    }

    /// As [`Self::expect_clean`] where the state is gone.
    ///
    /// # Errors
    /// When a secret stands somewhere.
    pub fn search_all(&self) -> Result<()> {
        self.search()
    }

    pub(crate) fn search(&self) -> Result<()> {
        self.work.expect_no_plugin()?;
        let secrets = self.secrets.borrow();
        for (place, bytes) in self.work.written()? {
            secrets.absent_from_text(&place, &bytes)?;
            let leaks = self.cloud.leaks(&String::from_utf8_lossy(&bytes));
            ensure!(leaks.is_empty(), "{place} holds the secrets of {leaks:?}");
        }
        Ok(())
    }

    /// Destroys the stack and insists that nothing of ours is left on the user.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.work.destroy()?.expect_success()?;
        self.expect_nothing_left()
    }

    /// Insists that nothing of ours is left on the user, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_nothing_left(&self) -> Result<()> {
        self.expect_keys(0)?;
        let tags = self.cloud.tags(USER);
        ensure!(tags.is_empty(), "tags are left on {USER}: {tags:?}");
        self.search()
    }
}

/// A program with the one resource, named `key`, its outputs, and a configuration value `token`.
pub fn program(inputs: Value) -> Value {
    json!({
        "name": "engine-test",
        "runtime": "yaml",
        "config": { "token": { "type": "string", "default": "none" } },
        "resources": { "key": { "type": TOKEN, "properties": inputs } },
        "outputs": { "accessKeyId": "${key.accessKeyId}", "secretAccessKey": "${key.secretAccessKey}" },
    })
}
