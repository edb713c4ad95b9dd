//! Go as a user has it: a proxy that serves our module beside Pulumi's, and the host that runs programs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::language::{self, VERSION};
use crate::python::Python;
use crate::workspace::Workspace;

/// The folder with what Go has fetched, which is a proxy too, and the folder with what it has compiled.
const PROXY: &str = "KEYROTATION_GO_PROXY";
const COMPILED: &str = "KEYROTATION_GO_CACHE";
const MODULE: &str = "github.com/your--organization/pulumi-keyrotation/sdk/go";
/// Packs a folder as Go's proxies do: each file below the module's path and version.
const PACK: &str = "
import pathlib, sys, zipfile
source, target, prefix = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as archive:
    for path in sorted(source.rglob('*')):
        if path.is_file():
            archive.write(path, f'{prefix}/{path.relative_to(source)}')
";

/// A proxy and a module cache that last as long as this value.
pub struct Go {
    root: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Go {
    /// Publishes the library in sdk/go on a proxy that is a folder.
    ///
    /// # Errors
    /// When a variable is not set, or the module cannot be packed.
    pub fn with_sdk() -> Result<Self> {
        let root = tempfile::tempdir().context("cannot make a folder for Go")?;
        let [own, modules] = ["proxy", "modules"].map(|name| root.path().join(name).display().to_string());
        let fetched = language::folder(PROXY)?;
        let variables = vec![
            ("GOPROXY", format!("file://{own},file://{}", fetched.display())),
            ("GOMODCACHE", modules),
            ("GOCACHE", language::folder(COMPILED)?.display().to_string()),
            // Without paths of the machine in what is compiled, every module cache shares it.
            ("GOFLAGS", "-mod=mod -modcacherw -trimpath -buildvcs=false".to_owned()),
            ("GOSUMDB", "off".to_owned()),
            ("GOTOOLCHAIN", "local".to_owned()),
            ("GOWORK", "off".to_owned()),
        ];
        let go = Self { root, variables };
        go.publish()?;
        Ok(go)
    }

    fn publish(&self) -> Result<()> {
        let sources = language::copy_sdk("go", self.root.path())?;
        let folder = self.root.path().join("proxy").join(MODULE).join("@v");
        fs::create_dir_all(&folder).context("cannot make a folder for the proxy")?;
        let write =
            |name: String, text: String| fs::write(folder.join(name), text).context("cannot write to the proxy");
        write("list".to_owned(), format!("v{VERSION}\n"))?;
        write(format!("v{VERSION}.info"), format!("{{\"Version\": \"v{VERSION}\"}}"))?;
        let module = fs::read_to_string(sources.join("go.mod")).context("the library has no go.mod")?;
        write(format!("v{VERSION}.mod"), module)?;
        let archive = folder.join(format!("v{VERSION}.zip")).display().to_string();
        let (sources, prefix) = (sources.display().to_string(), format!("{MODULE}@v{VERSION}"));
        let python = Python::plain()?.display().to_string();
        language::run(self.root.path(), &python, &["-c", PACK, &sources, &archive, &prefix], self.root.path(), &[])?;
        Ok(())
    }

    /// Makes a workspace run programs in Go. The program in it takes the library from the proxy, and no more from the folder beside it.
    ///
    /// # Errors
    /// When its go.mod cannot be changed, or there is no host.
    pub fn lead(&self, work: &Workspace) -> Result<()> {
        language::put_on_path(work, &[language::folder(language::HOSTS)?]);
        self.variables.iter().for_each(|(name, value)| work.set(name, value));
        self.run(&["mod", "edit", &format!("-dropreplace={MODULE}")], &work.project())?;
        Ok(())
    }

    /// `go` in a folder. What it says comes back.
    ///
    /// # Errors
    /// When it fails, with its words.
    pub fn run(&self, arguments: &[&str], folder: &Path) -> Result<String> {
        language::run(self.root.path(), "go", arguments, folder, &self.variables)
    }

    /// A copy of the library.
    pub fn sources(&self) -> PathBuf {
        self.root.path().join("go")
    }
}
