//! One Pulumi project with a backend, a home and a log of its own, driven through the real command line.

use std::cell::{Cell, RefCell};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::at_rest::{self, Passphrase};
use crate::leak::{self, Secrets};
use crate::process;
use crate::running::{Ended, Running};
use crate::state::State;

/// No command of the CLI may take longer.
const LIMIT: Duration = Duration::from_secs(600);
/// After the engine has gone, its plugin must follow within this time.
const FAREWELL: Duration = Duration::from_secs(20);
const STACK: &str = "dev";
const PASSPHRASE: &str = "a passphrase for tests";
/// The commands whose events are logged, for the search for secrets.
const LOGGING: [&str; 4] = ["preview", "up", "refresh", "destroy"];
const PLUGIN: &str = "pulumi-resource-keyrotation";
/// Folders that appear beside a program when it is built or run.
const PRODUCTS: [&str; 6] = ["venv", "__pycache__", "node_modules", "target", "bin", "obj"];

/// The programs under test.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The folder with `pulumi`.
    pub pulumi: PathBuf,
    /// The plugin, built with the test clock.
    pub plugin: PathBuf,
}

impl Tools {
    /// Reads `KEYROTATION_PULUMI` and `KEYROTATION_PLUGIN`.
    ///
    /// # Errors
    /// When one is not set; the message says which command sets them.
    pub fn from_environment() -> Result<Self> {
        let read = |name: &str| {
            let value = std::env::var_os(name).map(PathBuf::from);
            value.with_context(|| format!("{name} is not set: run these tests by `cargo xtask test engine`"))
        };
        Ok(Self { pulumi: read("KEYROTATION_PULUMI")?, plugin: read("KEYROTATION_PLUGIN")? })
    }
}

/// A project, its one stack `dev`, and everything that the CLI writes about it.
pub struct Workspace {
    root: TempDir,
    tools: Tools,
    variables: RefCell<Vec<(String, String)>>,
    outputs: RefCell<Vec<PathBuf>>,
    /// Whether the engine's debug events are left out of what was written.
    without_debug: Cell<bool>,
}

/// A stack as it was.
#[derive(Debug, Clone)]
pub struct Kept {
    file: String,
}

/// Paths and contents.
type Files = Vec<(PathBuf, Vec<u8>)>;

impl Workspace {
    /// Makes the folders of a project without a program. `variables` are set for every command,
    /// beside those that keep Pulumi and the AWS libraries away from the rest of the machine.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn new(tools: &Tools, variables: &[(&str, String)]) -> Result<Self> {
        let root = tempfile::tempdir().context("cannot make a folder for a project")?;
        for folder in ["project", "backend", "home", "pulumi", "outputs", "log"] {
            fs::create_dir(root.path().join(folder)).with_context(|| format!("cannot make the folder {folder}"))?;
        }
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let workspace = Self {
            root,
            tools: tools.clone(),
            variables: RefCell::new(variables),
            outputs: RefCell::default(),
            without_debug: Cell::default(),
        };
        workspace.install_plugin()?;
        Ok(workspace)
    }

    /// Installs the plugin where `pulumi plugin install` would. The engine hides what a plugin writes to
    /// standard error, so a script in its place keeps it.
    fn install_plugin(&self) -> Result<()> {
        let folder = self.folder("pulumi").join(format!("plugins/resource-keyrotation-v{}", env!("CARGO_PKG_VERSION")));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (script, log) = (folder.join(PLUGIN), self.folder("log").join("plugin.log"));
        let text = format!("#!/bin/sh\nexec '{}' \"$@\" 2>>'{}'\n", self.tools.plugin.display(), log.display());
        let written =
            fs::write(&script, text).and_then(|()| fs::set_permissions(&script, Permissions::from_mode(0o755)));
        written.with_context(|| format!("cannot write {}", script.display()))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A file for the test's eyes only: [`Self::written`] leaves it out.
    pub fn private(&self, name: &str) -> PathBuf {
        self.folder(name)
    }

    /// Saves the stack's outputs as a job does, in a private file of this name.
    ///
    /// # Errors
    /// When they cannot be had or written.
    pub fn save_outputs(&self, name: &str) -> Result<PathBuf> {
        let shown = self.run(&["stack", "output", "--json"])?.expect_success()?;
        let place = self.private(name);
        fs::write(&place, shown.text).context("cannot write the outputs")?;
        Ok(place)
    }

    /// What the plugin wrote to standard error, at the level of a trace.
    ///
    /// # Errors
    /// When it was never started.
    pub fn trace(&self) -> Result<String> {
        let bytes = fs::read(self.folder("log").join("plugin.log")).context("the plugin wrote no trace")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The folder of the CLI.
    pub fn pulumi(&self) -> PathBuf {
        self.tools.pulumi.clone()
    }

    /// The folder of the program.
    pub fn project(&self) -> PathBuf {
        self.folder("project")
    }

    /// Writes a YAML program. JSON is YAML.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_program(&self, program: &Value) -> Result<()> {
        fs::write(self.project().join("Pulumi.yaml"), program.to_string()).context("cannot write the program")
    }

    /// Changes the YAML program that was written.
    ///
    /// # Errors
    /// When it cannot be read as JSON, or written.
    pub fn edit_program(&self, change: impl FnOnce(&mut Value)) -> Result<()> {
        let bytes = fs::read(self.project().join("Pulumi.yaml")).context("cannot read the program")?;
        let mut program = serde_json::from_slice(&bytes).context("the program is no JSON")?;
        change(&mut program);
        self.write_program(&program)
    }

    /// Sets a variable for every later command.
    pub fn set(&self, name: &str, value: &str) {
        let mut variables = self.variables.borrow_mut();
        variables.retain(|(known, _)| known != name);
        variables.push((name.to_owned(), value.to_owned()));
    }

    /// Makes the stack.
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn init(&self) -> Result<()> {
        self.run(&["stack", "init", STACK])?.expect_success()?;
        Ok(())
    }

    /// Makes the stack of a project that is called `engine-test`: the first time by the CLI, and from then on as a copy of what the
    /// CLI wrote, which takes no second.
    ///
    /// # Errors
    /// When the CLI fails, or a file cannot be copied.
    pub fn init_like_others(&self) -> Result<()> {
        static WRITTEN: Mutex<Option<Files>> = Mutex::new(None);
        let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = &*written {
            return files.iter().try_for_each(|(path, bytes)| self.put(path, bytes));
        }
        self.init()?;
        let settings = format!("project/Pulumi.{STACK}.yaml");
        let backend = leak::contents(&self.folder("backend"))?;
        let below = |path: String| Path::new(&path).strip_prefix(self.root.path()).map(Path::to_path_buf);
        let mut files: Vec<_> =
            backend.into_iter().map(|(path, bytes)| Ok((below(path)?, bytes))).collect::<Result<_>>()?;
        let bytes = fs::read(self.folder(&settings)).with_context(|| format!("cannot read {settings}"))?;
        files.push((settings.into(), bytes));
        *written = Some(files);
        Ok(())
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let place = self.root.path().join(path);
        let made = place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&place, bytes));
        made.with_context(|| format!("cannot write {}", place.display()))
    }

    /// Starts a command of the CLI. It sees nothing of this machine but what it needs.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Result<Running> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(self.tools.pulumi.join("pulumi"));
        command.args(arguments).args(["--non-interactive", "--color", "never"]).current_dir(self.project());
        command.env_clear().env("PATH", format!("{}:{path}", self.tools.pulumi.display()));
        command.env("HOME", self.folder("home")).env("PULUMI_HOME", self.folder("pulumi"));
        command.env("PULUMI_BACKEND_URL", format!("file://{}", self.folder("backend").display()));
        command.env("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE).env("PULUMI_SKIP_UPDATE_CHECK", "true");
        command.env("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true").env("AWS_EC2_METADATA_DISABLED", "true");
        command
            .env("PULUMI_STACK", STACK)
            .env("RUST_LOG", "trace")
            .env("PULUMI_PROVIDER_LOG", "trace")
            .envs(std::env::var_os("SSL_CERT_FILE").map(|file| ("SSL_CERT_FILE", file)))
            .envs(self.variables.borrow().iter().map(|(name, value)| (name, value)));
        if arguments.first().is_some_and(|name| LOGGING.contains(name)) {
            let events = self.folder("log").join(format!("events-{}.json", self.outputs.borrow().len()));
            command.arg("--event-log").arg(events).env("PULUMI_DEBUG_COMMANDS", "true");
        }
        let output = self.folder("outputs").join(self.outputs.borrow().len().to_string());
        self.outputs.borrow_mut().push(output.clone());
        Running::start(format!("pulumi {}", arguments.join(" ")), &mut command, output)
    }

    /// Runs a command of the CLI to its end, whatever that is.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub fn run(&self, arguments: &[&str]) -> Result<Ended> {
        self.start(arguments)?.wait(LIMIT)
    }

    /// `pulumi up`: preview and update in one.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn up(&self) -> Result<Ended> {
        self.run(&["up", "--yes"])
    }

    /// `pulumi preview` with every property.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn preview(&self) -> Result<Ended> {
        self.run(&["preview", "--diff"])
    }

    /// `pulumi preview` that fails if there is anything to do.
    ///
    /// # Errors
    /// When there is, with the preview.
    pub fn expect_quiet(&self) -> Result<()> {
        self.run(&["preview", "--diff", "--expect-no-changes"])?.expect_success()?;
        Ok(())
    }

    /// `pulumi refresh` that fails if anything has drifted.
    ///
    /// # Errors
    /// When it has, or the CLI fails.
    pub fn expect_no_drift(&self) -> Result<()> {
        self.run(&["refresh", "--yes", "--expect-no-changes"])?.expect_success()?;
        Ok(())
    }

    /// `pulumi destroy`, without its preview.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn destroy(&self) -> Result<Ended> {
        self.run(&["destroy", "--yes", "--skip-preview"])
    }

    /// The state with its secrets. The export itself is written to a file that is removed at once,
    /// so that it is no place where a secret might be found.
    ///
    /// # Errors
    /// When it cannot be exported.
    pub fn state(&self) -> Result<State> {
        let file = self.private("decrypted");
        self.run(&["stack", "export", "--show-secrets", "--file", &file.display().to_string()])?.expect_success()?;
        let text = fs::read_to_string(&file).context("cannot read the exported state")?;
        fs::remove_file(&file).context("cannot remove the exported state")?;
        State::parse(&text)
    }

    /// Keeps the stack as it is now, for [`Self::put_back`].
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn keep(&self) -> Result<Kept> {
        let file = self.private("kept").display().to_string();
        self.run(&["stack", "export", "--file", &file])?.expect_success()?;
        Ok(Kept { file })
    }

    /// Makes what was kept the stack's state again, as who restores a backup does.
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn put_back(&self, kept: &Kept) -> Result<()> {
        self.run(&["stack", "import", "--file", &kept.file])?.expect_success()?;
        Ok(())
    }

    /// Gives the stack another name, under which every later command finds it.
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn rename_stack(&self, name: &str) -> Result<()> {
        self.run(&["stack", "rename", name])?.expect_success()?;
        self.set("PULUMI_STACK", name);
        Ok(())
    }

    /// An output of the program as anyone may see it, a secret one as `[secret]`; none if it is null or absent.
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn output(&self, name: &str) -> Result<Option<String>> {
        let shown = self.run(&["stack", "output", "--json"])?.expect_success()?;
        let shown: Value = serde_json::from_str(&shown.text).context("the outputs are no JSON")?;
        Ok(shown[name].as_str().map(str::to_owned))
    }

    /// `pulumi stack export`, encrypted, and the outputs of the program as anyone may see them, which are then among what was
    /// [`Self::written`].
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn export(&self) -> Result<()> {
        self.run(&["stack", "export"])?.expect_success()?;
        self.run(&["stack", "output", "--json"])?.expect_success()?;
        Ok(())
    }

    /// All that the CLI and the plugin ever wrote, with its place: the program, every command's output,
    /// the backend with its history, the engine's events, the plugin's log.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn written(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut written = Vec::new();
        for folder in ["project", "outputs", "backend", "log", "home", "pulumi"] {
            written.extend(leak::contents(&self.folder(folder))?);
        }
        if self.without_debug.get() {
            let events = written.iter_mut().filter(|(place, _)| place.contains("/log/events-"));
            events.for_each(|(_, bytes)| *bytes = without_debug(bytes));
        }
        Ok(written)
    }

    /// The files of the backend, the event logs and the project, among them plans, that hold one of these secrets, plainly or encrypted, and how many
    /// encrypted values they have.
    ///
    /// # Errors
    /// When something cannot be read or opened.
    pub fn holders(&self, secrets: &Secrets) -> Result<(Vec<String>, usize)> {
        let settings = fs::read_to_string(self.project().join(format!("Pulumi.{STACK}.yaml")))?;
        let mut files = Vec::new();
        for folder in ["project", "backend", "log"] {
            files.extend(leak::contents(&self.folder(folder))?);
        }
        Ok(at_rest::holders(&files, &Passphrase::of(&settings, PASSPHRASE)?, secrets))
    }

    /// Leaves the engine's debug events out of what was [`Self::written`]: Pulumi's own libraries for Node.js and Java write the outputs of
    /// resources into them, secrets in clear.
    pub(crate) fn forgive_debug_events(&self) {
        self.without_debug.set(true);
    }

    /// Whether the plugin under test was ever started.
    ///
    /// # Errors
    /// When its log cannot be looked at.
    pub fn logged(&self) -> Result<bool> {
        fs::exists(self.folder("log").join("plugin.log")).context("cannot look for the plugin's log")
    }

    /// The plugin processes of this workspace.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn plugins(&self) -> Result<Vec<u32>> {
        process::find(&self.tools.plugin, &self.mark())
    }

    /// Insists that every plugin process of this workspace ends.
    ///
    /// # Errors
    /// When one stays.
    pub fn expect_no_plugin(&self) -> Result<()> {
        process::until_none(&self.tools.plugin, &self.mark(), FAREWELL)
    }

    fn mark(&self) -> String {
        format!("PULUMI_HOME={}", self.folder("pulumi").display())
    }

    /// Copies a program's files into the project, but nothing that building or running it has made.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn copy_program(&self, from: &Path) -> Result<()> {
        copy_sources(from, &self.project())
    }
}

fn without_debug(events: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(events);
    let kept = text.lines().filter(|line| !line.contains(r#""diagnosticEvent":{"prefix":"debug: ""#));
    kept.map(|line| format!("{line}\n")).collect::<String>().into_bytes()
}

/// Copies a folder of sources, but nothing that building or running them has made.
///
/// # Errors
/// When a file cannot be copied.
pub fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", from.display()))?.path();
        let name = path.file_name().context("a file without a name")?;
        if path.is_file() {
            fs::copy(&path, to.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        } else if !PRODUCTS.iter().any(|product| name == *product) {
            copy_sources(&path, &to.join(name))?;
        }
    }
    Ok(())
}

impl Drop for Workspace {
    /// Ends what a killed engine or a failed test has left running of this project, language hosts
    /// for example. What cannot be ended has ended.
    fn drop(&mut self) {
        for (pid, _) in process::marked(&self.mark()).unwrap_or_default() {
            let _ = process::kill(pid);
        }
    }
}
