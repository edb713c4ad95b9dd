//! Packages of Debian and its relatives, unpacked into the cache: nothing is installed, no service starts, and nobody
//! needs to be root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::job::Job;
use crate::paths;

/// The folder with the files of these packages and of everything they need that the machine lacks; called `name` in the cache.
///
/// # Errors
/// When this is no such system, or a package cannot be had.
pub(crate) fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = paths::cache()?.join(format!("debian-{name}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    let _lock = paths::lock_cache()?;
    if folder.is_dir() {
        return Ok(folder);
    }
    let missing = missing(name, packages)?;
    let fetched = folder.with_extension("fetched");
    let part = folder.with_extension("part");
    for folder in [&fetched, &part] {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut download = Command::new("apt-get");
    download.arg("download").args(missing).current_dir(&fetched);
    let log = paths::log(&format!("debian-{name}"))?;
    Job::new(format!("fetching {name} from Debian (once)"), log).run(&mut download)?;
    for entry in fs::read_dir(&fetched).with_context(|| format!("cannot list {}", fetched.display()))? {
        unpack(&entry?.path(), &part)?;
    }
    fs::remove_dir_all(&fetched).with_context(|| format!("cannot remove {}", fetched.display()))?;
    fs::rename(&part, &folder).with_context(|| format!("cannot write {}", folder.display()))?;
    Ok(folder)
}

fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let mut command = Command::new("dpkg-deb");
    command.arg("--extract").arg(archive).arg(folder);
    Job::new(format!("unpacking {}", archive.display()), paths::log("debian-unpack")?).run(&mut command)?;
    Ok(())
}

/// What an installation of these packages would bring to this machine. Lists of packages that are too old, or missing as
/// in a fresh container, are renewed first where that is allowed.
fn missing(name: &str, packages: &[&str]) -> Result<Vec<String>> {
    let plan = || {
        let mut command = Command::new("apt-get");
        command.args(["--simulate", "--no-install-recommends", "install"]).args(packages).env("LC_ALL", "C");
        command.output()
    };
    let Ok(mut output) = plan() else {
        bail!("{name} is not installed, and there is no apt-get to fetch it with");
    };
    if !output.status.success() {
        let update = Job::new("renewing the lists of packages", paths::log("debian-update")?);
        update.run(Command::new("apt-get").arg("update")).with_context(|| format!("{name} is not installed"))?;
        output = plan().context("cannot start apt-get")?;
    }
    if !output.status.success() {
        bail!("{name} cannot be fetched: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(planned(&String::from_utf8_lossy(&output.stdout)))
}

/// The packages of lines such as `Inst liburing2 (2.3-3 Debian:12.15/oldstable [amd64])`.
fn planned(plan: &str) -> Vec<String> {
    let lines = plan.lines().filter_map(|line| line.strip_prefix("Inst "));
    lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_what_would_be_installed() {
        let plan = "NOTE: a simulation\nThe following NEW packages will be installed:\n  mariadb-common liburing2\n\
            Inst mariadb-common (1:10.11 Debian:12 [all])\nInst liburing2 [2.1] (2.3-3 Debian:12 [amd64])\n\
            Conf mariadb-common (1:10.11 Debian:12 [all])\n";
        assert_eq!(planned(plan), ["mariadb-common", "liburing2"]);
    }
}
