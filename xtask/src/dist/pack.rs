//! Packs a program into the archive that Pulumi's CLI takes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

use super::target::Target;
use super::{PROGRAM, beside, build};
use crate::paths;

/// The variable that only a plugin built for tests reads, and whose name therefore only such a
/// plugin contains.
const TEST_MARK: &[u8] = b"KEYROTATION_TEST_CLOCK";

/// Makes `pulumi-resource-keyrotation-v<version>-<os>-<arch>.tar.gz` in a folder, with the program at its root.
/// The same program gives the same bytes.
pub(super) fn archive(program: &Path, target: &Target, folder: &Path) -> Result<PathBuf> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    ensure!(!contains(&bytes, TEST_MARK), "{} was built with the test clock; a release must not be", program.display());
    let licence = paths::root().join("LICENSE");
    let mut files = vec![
        (format!("{PROGRAM}{}", target.suffix()), bytes, 0o755),
        ("LICENSE".to_owned(), fs::read(&licence).context("cannot read LICENSE")?, 0o644),
    ];
    if let Ok(notices) = fs::read(folder.join(beside::NOTICES)) {
        files.push((beside::NOTICES.to_owned(), notices, 0o644));
    }
    let archive = place(target, folder);
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let written = File::create(&archive).and_then(|file| write(file, &files));
    written.with_context(|| format!("cannot write {}", archive.display()))?;
    Ok(archive)
}

/// Where the archive for a target lies in a folder.
pub(super) fn place(target: &Target, folder: &Path) -> PathBuf {
    folder.join(format!("{PROGRAM}-v{}-{}-{}.tar.gz", env!("CARGO_PKG_VERSION"), target.os, target.arch))
}

/// Insists that a released program names no folder of the machine that built it.
pub(super) fn must_name_no_machine(program: &Path) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    for (folder, _) in build::renamed()? {
        let name = folder.display().to_string();
        ensure!(!contains(&bytes, name.as_bytes()), "{} contains the path {name}", program.display());
    }
    Ok(())
}

/// Writes files with their names, contents and permissions. Nothing of this machine or moment goes into the bytes.
fn write(file: impl Write, files: &[(String, Vec<u8>, u32)]) -> io::Result<()> {
    let mut tar = Builder::new(GzBuilder::new().mtime(0).write(file, Compression::best()));
    for (name, bytes, mode) in files {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        tar.append_data(&mut header, name, bytes.as_slice())?;
    }
    tar.into_inner()?.finish()?;
    Ok(())
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_wherever_it_stands() {
        assert!(contains(b"..KEYROTATION_TEST_CLOCK..", TEST_MARK));
        assert!(contains(b"KEYROTATION_TEST_CLOCK", TEST_MARK));
        assert!(!contains(b"KEYROTATION_TEST_CLOC", TEST_MARK));
        assert!(!contains(b"", TEST_MARK));
    }

    #[test]
    fn an_archive_of_the_same_files_has_the_same_bytes_and_holds_them() {
        let files =
            vec![("program".to_owned(), vec![7; 100_000], 0o755), ("LICENSE".to_owned(), b"text".to_vec(), 0o644)];
        let packed = || {
            let mut bytes = Vec::new();
            write(&mut bytes, &files).unwrap();
            bytes
        };
        let bytes = packed();
        assert_eq!(bytes, packed());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let found: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().header().clone()).collect();
        let modes: Vec<_> = found.iter().map(|header| header.mode().unwrap()).collect();
        assert_eq!(modes, [0o755, 0o644]);
        assert!(found.iter().all(|header| header.mtime().unwrap() == 0 && header.uid().unwrap() == 0));
    }
}
