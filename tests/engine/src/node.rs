//! Node.js as a user has it: Pulumi's library and ours, and the host that runs programs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::language::{self, VERSION};
use crate::workspace::Workspace;

/// What xtask/node pins, by the variable that names its folder.
const PACKAGES: &str = "KEYROTATION_NODE";
const NAME: &str = "pulumi-keyrotation";

/// A folder of installed packages that lasts as long as this value.
pub struct Node {
    root: TempDir,
}

impl Node {
    /// Packs the library in sdk/nodejs, and installs it beside Pulumi's own and the compiler.
    ///
    /// # Errors
    /// When the variable is not set, or the library does not compile.
    pub fn with_sdk() -> Result<Self> {
        let node = Self { root: tempfile::tempdir().context("cannot make a folder for Node.js")? };
        let packages = language::folder(PACKAGES)?.join("node_modules");
        fs::create_dir(node.modules()).context("cannot make a folder for packages")?;
        for entry in fs::read_dir(&packages).with_context(|| format!("cannot list {}", packages.display()))? {
            let place = entry.context("cannot list the packages")?.path();
            let name = place.file_name().context("a package without a name")?;
            symlink(&place, node.modules().join(name)).context("cannot link a package")?;
        }
        node.install()?;
        Ok(node)
    }

    /// The file that `npm pack` makes of the library. Packing compiles it.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn pack(&self) -> Result<PathBuf> {
        let sources = language::copy_sdk("nodejs", self.root.path())?;
        symlink(self.modules(), sources.join("node_modules")).context("cannot link the packages")?;
        self.run("npm", &["pack", "--loglevel=error"], &sources)?;
        let packed = sources.join(format!("{NAME}-{VERSION}.tgz"));
        ensure!(packed.is_file(), "npm made no {}", packed.display());
        Ok(packed)
    }

    fn install(&self) -> Result<()> {
        let (packed, place) = (self.pack()?.display().to_string(), self.modules().join(NAME));
        fs::create_dir(&place).context("cannot make a folder for the library")?;
        self.run("tar", &["--extract", "--strip-components=1", "--file", &packed], &place)?;
        Ok(())
    }

    /// Makes a workspace run programs with these packages.
    ///
    /// # Errors
    /// When they cannot be linked, or there is no host.
    pub fn lead(&self, work: &Workspace) -> Result<()> {
        language::put_on_path(work, &[language::folder(language::HOSTS)?]);
        work.forgive_debug_events();
        symlink(self.modules(), work.private("node_modules")).context("cannot link the packages")
    }

    /// A command in a folder, in which `npm` reaches no registry. What it says comes back.
    ///
    /// # Errors
    /// When it fails, with its words.
    pub fn run(&self, program: &str, arguments: &[&str], folder: &Path) -> Result<String> {
        let variables = [("npm_config_offline", "true".to_owned())];
        language::run(self.root.path(), program, arguments, folder, &variables)
    }

    /// Compiles a program as strictly as TypeScript can.
    ///
    /// # Errors
    /// When it does not compile, with the compiler's words.
    pub fn check_types(&self, program: &Path) -> Result<()> {
        let place = tempfile::tempdir_in(self.root.path()).context("cannot make a folder for a program")?;
        fs::copy(program, place.path().join("index.ts")).context("cannot copy the program")?;
        let compiler = self.modules().join("typescript/bin/tsc").display().to_string();
        let strict = ["--strict", "--noEmit", "--skipLibCheck", "--target", "es2022"];
        let modules = ["--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node", "index.ts"];
        self.run("node", &[&[&*compiler], &strict[..], &modules[..]].concat(), place.path())?;
        Ok(())
    }

    /// Where packages are installed.
    pub fn modules(&self) -> PathBuf {
        self.root.path().join("node_modules")
    }
}
