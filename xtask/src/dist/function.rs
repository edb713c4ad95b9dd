//! The zips of the rotation function: `bootstrap` at the root, as the Lambda runtime `provided.al2023` starts it.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::build::{self, FUNCTION};
use super::pack;
use super::target::Target;
use crate::paths;

/// Lambda's processors. The programs are static, so that they need nothing of the runtime's image.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// Makes `keyrotation-lambda-v<version>-<arch>.zip` for each processor that this machine can build for, and prints where they are.
pub(super) fn zips(folder: &Path) -> Result<ExitCode> {
    let mut failed = false;
    for triple in TARGETS {
        let target = Target::named(triple)?;
        match target.obstacle() {
            Some(why) => println!("{triple}: not built here: {why}"),
            None => match zip(target, folder) {
                Ok(place) => println!("{}", place.display()),
                Err(error) => {
                    println!("{triple}: {error:#}");
                    failed = true;
                }
            },
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The program that is measured: the one of the zip, where this machine can run that.
pub(super) fn for_bench() -> Result<PathBuf> {
    let own = Target::own()?;
    let of_zip = TARGETS.iter().filter_map(|triple| Target::named(triple).ok());
    let mut of_zip =
        of_zip.filter(|target| (target.os, target.arch) == (own.os, own.arch) && target.obstacle().is_none());
    of_zip.next().map_or_else(|| build::for_this_machine(FUNCTION), |target| build::for_target(FUNCTION, target))
}

fn zip(target: &Target, folder: &Path) -> Result<PathBuf> {
    let program = build::for_target(FUNCTION, target)?;
    pack::must_name_no_machine(&program)?;
    let bytes = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
    let license = fs::read(paths::root().join("LICENSE")).context("cannot read LICENSE")?;
    let files = [("bootstrap", bytes, 0o755), ("LICENSE", license, 0o644)];
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let place = folder.join(format!("keyrotation-lambda-v{}-{}.zip", env!("CARGO_PKG_VERSION"), target.arch));
    fs::write(&place, packed(&files)?).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

/// The bytes of a zip with these files. Nothing of this machine or moment goes into them: each is of 1980.
fn packed(files: &[(&str, Vec<u8>, u32)]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, mode) in files {
        let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
        let options = options.compression_method(CompressionMethod::Deflated).compression_level(Some(9));
        zip.start_file(*name, options.unix_permissions(*mode))?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_zip_of_the_same_files_has_the_same_bytes_and_others_read_it() {
        let files = [("bootstrap", vec![7; 100_000], 0o755), ("LICENSE", b"text".to_vec(), 0o644)];
        let zip = packed(&files).unwrap();
        assert_eq!(zip, packed(&files).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("x.zip");
        fs::write(&place, zip).unwrap();
        let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
            print([(i.filename, i.file_size, oct(i.external_attr >> 16), i.date_time[0]) for i in z.infolist()])";
        let told = Command::new("python3").args(["-c", script]).arg(&place).output().unwrap();
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.trim(), "[('bootstrap', 100000, '0o100755', 1980), ('LICENSE', 4, '0o100644', 1980)]");
    }
}
