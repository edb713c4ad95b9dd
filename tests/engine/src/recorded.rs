//! States that released versions wrote, each with what the cloud held when it was written.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;

use crate::state::State;
use crate::workspace::Workspace;

/// One resource's state, and the world around it.
pub struct Recording {
    /// The stack's export with its secrets, which opened a stand-in that is long gone.
    pub export: Value,
    /// What the cloud held.
    pub world: Value,
    state: State,
}

impl Recording {
    /// Reads `NAME.json`, the export, and `NAME.world.json`.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(folder: &Path, name: &str) -> Result<Self> {
        Self::read_in(folder, name, name)
    }

    /// The same where several states share one world.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_in(folder: &Path, name: &str, world: &str) -> Result<Self> {
        let export = read(&folder.join(format!("{name}.json")))?;
        let world = read(&folder.join(format!("{world}.world.json")))?;
        Ok(Self { state: State::parse(&export.to_string())?, export, world })
    }

    /// Writes the stack of a workspace as it is now, and this world.
    ///
    /// # Errors
    /// When the CLI fails or a file cannot be written.
    pub fn write(work: &Workspace, world: &Value, folder: &Path, name: &str) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join(format!("{name}.json")).display().to_string();
        work.run(&["stack", "export", "--show-secrets", "--file", &file])?.expect_success()?;
        write(&folder.join(format!("{name}.world.json")), world)
    }

    /// An output of the only resource of a type; null if it is absent.
    ///
    /// # Errors
    /// When there is not one such resource.
    pub fn output(&self, token: &str, path: &str) -> Result<Value> {
        self.state.output(token, path)
    }

    /// The same where it is text.
    ///
    /// # Errors
    /// When it is not.
    pub fn text(&self, token: &str, path: &str) -> Result<String> {
        let output = self.output(token, path)?;
        output.as_str().map(str::to_owned).with_context(|| format!("the recorded state has no {path}"))
    }

    /// Text of the world; `path` is a JSON pointer.
    ///
    /// # Errors
    /// When it is not.
    pub fn told(&self, path: &str) -> Result<&str> {
        self.world.pointer(path).and_then(Value::as_str).with_context(|| format!("the recorded world has no {path}"))
    }

    /// When the current key took the place of the one before.
    ///
    /// # Errors
    /// When there was none before.
    pub fn superseded_at(&self, token: &str) -> Result<Timestamp> {
        self.text(token, "/previous/supersededAt")?.parse().context("supersededAt is no time")
    }

    /// The field of the recorded current or previous key whose `id_field` says so, its secret for example.
    ///
    /// # Errors
    /// When neither is that key.
    pub fn field_of(&self, token: &str, id_field: &str, id: &str, field: &str) -> Result<String> {
        for place in ["/current", "/previous"] {
            if self.output(token, &format!("{place}/{id_field}"))? == id {
                return self.text(token, &format!("{place}/{field}"));
            }
        }
        anyhow::bail!("the recorded state does not know the key {id}")
    }

    /// Makes it the state of a workspace, with another text in place of one that only held for its time, an address for example.
    ///
    /// # Errors
    /// When the CLI refuses it.
    pub fn import(&self, work: &Workspace, replaced: &str, by: &str) -> Result<()> {
        let file = work.private("recorded.json");
        let text = self.export.to_string();
        let text = if replaced.is_empty() { text } else { text.replace(replaced, by) };
        fs::write(&file, text).context("cannot write the recorded state")?;
        work.run(&["stack", "import", "--file", &file.display().to_string()])?.expect_success()?;
        fs::remove_file(&file).context("cannot remove the recorded state")
    }
}

/// Insists that a preview of the recorded program is empty, at the latest after one refresh.
///
/// # Errors
/// When it is not.
pub fn expect_settled(work: &Workspace) -> Result<()> {
    if !work.run(&["preview", "--diff", "--expect-no-changes"])?.success {
        work.run(&["refresh", "--yes"])?.expect_success()?;
    }
    work.expect_quiet()?;
    work.run(&["refresh", "--yes"])?.expect_success()?;
    work.expect_quiet()
}

fn read(file: &Path) -> Result<Value> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", file.display()))
}

fn write(file: &Path, value: &Value) -> Result<()> {
    fs::write(file, format!("{value:#}\n")).with_context(|| format!("cannot write {}", file.display()))
}
