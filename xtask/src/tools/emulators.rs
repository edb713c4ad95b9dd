//! What starts programs of other machines.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{debian, python};
use crate::job::Job;
use crate::paths;

/// Wine of Debian 12 lacks a library that Rust's standard library takes random numbers from.
const RANDOM: &str = "bcryptprimitives";

/// A program that starts other machines' programs, and the variables that it needs.
#[derive(Debug)]
pub(crate) struct Emulator {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its environment.
    pub(crate) variables: Vec<(&'static str, OsString)>,
}

/// QEMU, which runs programs of Linux on 64-bit Arm.
///
/// # Errors
/// When Debian's package cannot be had.
pub(crate) fn qemu_arm64() -> Result<Emulator> {
    let folder = debian::unpacked("qemu", &["qemu-user-static"])?;
    Ok(Emulator { program: folder.join("usr/bin/qemu-aarch64-static"), variables: Vec::new() })
}

/// Wine, which runs programs of Windows.
///
/// # Errors
/// When Debian's package, or Zig, cannot be had.
pub(crate) fn wine() -> Result<Emulator> {
    let folder = debian::unpacked("wine", &["wine64"])?;
    let libraries = folder.join("usr/lib/x86_64-linux-gnu");
    // A script of the package names its server by a path that is not this one.
    copy(&folder.join("usr/lib/wine/wineserver64"), &folder.join("usr/lib/wine/wineserver"))?;
    let variables = vec![
        ("LD_LIBRARY_PATH", libraries.clone().into_os_string()),
        ("WINEDLLPATH", libraries.join("wine").into_os_string()),
        ("WINEPATH", missing_libraries(&folder)?.into_os_string()),
        // Its settings stand in a folder of our own, and it says nothing of itself.
        ("WINEPREFIX", paths::cache()?.join("wine-settings").into_os_string()),
        ("WINEDEBUG", "-all".into()),
    ];
    Ok(Emulator { program: folder.join("usr/lib/wine/wine64"), variables })
}

/// Copies once: what runs cannot be written over.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.is_file() {
        return Ok(());
    }
    fs::copy(from, to).map(drop).with_context(|| format!("cannot write {}", to.display()))
}

/// A folder with the library that Wine lacks, which hands on to one that it has, and with one of another package, which Wine does not look for there.
fn missing_libraries(folder: &Path) -> Result<PathBuf> {
    let (made, library) = (folder.join("ours"), format!("{RANDOM}.dll"));
    fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
    if !made.join(&library).is_file() {
        let source = paths::root().join("xtask/emulators").join(format!("{RANDOM}.c"));
        let mut zig = Command::new(python::for_cross_builds()?.join("python"));
        zig.args(["-m", "ziglang", "cc", "-shared", "-target", "x86_64-windows-gnu"]).arg(source);
        zig.args(["-o", &library, "-ladvapi32"]).current_dir(&made);
        Job::new("building a library that Wine lacks", paths::log("wine-library")?).run(&mut zig)?;
    }
    copy(&folder.join("usr/x86_64-w64-mingw32/lib/zlib1.dll"), &made.join("zlib1.dll"))?;
    Ok(made)
}
