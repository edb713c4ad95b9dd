//! What is published beside the archives: checksums, the bill of materials, the notices of others' licenses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{PROGRAM, file_name};
use crate::job::Job;
use crate::{paths, tools};

/// The notices of the libraries that are linked into the program; in every archive too.
pub(super) const NOTICES: &str = "THIRD-PARTY-LICENSES.html";
const SUMS: &str = "SHA256SUMS";

/// Writes the notices where they are missing, the bill of materials, and the checksums of all that is in the folder.
pub(super) fn write(folder: &Path) -> Result<Vec<PathBuf>> {
    let written = folder.join(NOTICES);
    let notices = if written.is_file() { written } else { notices(folder)? };
    Ok(vec![notices, bill_of_materials(folder)?, sums(folder)?])
}

/// The license texts of every library that is linked in.
pub(super) fn notices(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(NOTICES);
    let mut about = Command::new(tools::installed::optimized("cargo-about", "0.9.3", "cli")?);
    about.args(["generate", "--locked", "--fail", "--manifest-path", "provider/plugin/Cargo.toml"]);
    about.args(["--config", "xtask/about/about.toml", "--output-file"]).arg(&file).arg("xtask/about/notices.hbs");
    Job::new("collecting the licenses of libraries", paths::log("dist-notices")?)
        .run(about.current_dir(paths::root()))?;
    Ok(file)
}

/// What is in the program, as CycloneDX JSON.
fn bill_of_materials(folder: &Path) -> Result<PathBuf> {
    let mut cyclonedx = Command::new(tools::installed::program("cargo-cyclonedx", "0.5.9")?);
    // A fixed time: the same sources give the same file.
    cyclonedx.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--override-filename", "bom"]);
    cyclonedx.args(["--no-build-deps", "--target", "all", "--manifest-path", "provider/plugin/Cargo.toml"]);
    cyclonedx.env("SOURCE_DATE_EPOCH", "0");
    let job = Job::new("writing the bill of materials", paths::log("dist-sbom")?);
    job.run(cyclonedx.current_dir(paths::root()))?;
    let file = folder.join(format!("{PROGRAM}-v{}.cdx.json", env!("CARGO_PKG_VERSION")));
    // The tool writes one for each member of the workspace; the plugin's own has all that is linked in.
    for manifest in paths::files(&["*Cargo.toml"])? {
        let bom = paths::root().join(manifest).with_file_name("bom.json");
        if !bom.is_file() {
            continue;
        }
        if bom.ends_with("provider/plugin/bom.json") {
            let text = fs::read_to_string(&bom).with_context(|| format!("cannot read {}", bom.display()))?;
            let text = text.replace(&paths::root().display().to_string(), "/keyrotation");
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        fs::remove_file(&bom).with_context(|| format!("cannot remove {}", bom.display()))?;
    }
    Ok(file)
}

/// The checksums of every other file in the folder, as `sha256sum --check` reads them.
fn sums(folder: &Path) -> Result<PathBuf> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let name = file_name(&path)?;
        if name != SUMS {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let digits: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("{digits}  {name}\n"));
        }
    }
    lines.sort_by(|one, other| one[64..].cmp(&other[64..]));
    let file = folder.join(SUMS);
    fs::write(&file, lines.concat()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_that_sha256sum_checks() {
        let folder = paths::target().join("xtask/sums-test");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("b"), "abc").unwrap();
        fs::write(folder.join("a"), "").unwrap();
        let lines = |file: PathBuf| fs::read_to_string(file).unwrap();
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
            ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n";
        assert_eq!(lines(sums(&folder).unwrap()), expected);
        assert_eq!(lines(sums(&folder).unwrap()), expected, "its own file is left out");
        fs::remove_dir_all(folder).unwrap();
    }
}
