//! What the machine lends to a server: ports, a user, a place for files, libraries.

use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How often a start is tried on another port, because somebody else took the first one in between.
const TRIES: usize = 3;

/// Starts a server on a free port whose next one is free as well: OpenBao takes both.
pub(crate) fn on_free_port<T>(mut start: impl FnMut(u16) -> Result<T>) -> Result<T> {
    let mut tries = 0;
    loop {
        let started = start(free_port()?);
        tries += 1;
        match started {
            Err(error) if tries < TRIES && format!("{error:#}").contains("ddress already in use") => {}
            ended => return ended,
        }
    }
}

/// Below the ports of those who connect: each connection that other tests have closed occupies one of those for a minute.
const PORTS: Range<u16> = 15_000..32_000;

fn free_port() -> Result<u16> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    for _ in 0..100 {
        let drawn = RandomState::new().build_hasher().finish() % u64::from(PORTS.end - PORTS.start);
        let one = PORTS.start + u16::try_from(drawn)?;
        if is_free(one) && is_free(one + 1) {
            return Ok(one);
        }
    }
    bail!("no two free ports beside each other")
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A user without power, for a server that refuses to run as root.
#[derive(Clone, Copy)]
pub(crate) struct PlainUser(Option<(u32, u32)>);

impl PlainUser {
    /// Whoever runs the tests; if that is root, `postgres` or `nobody`.
    pub(crate) fn find() -> Result<Self> {
        if !is_root() {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
        let ids = ["postgres", "nobody"].iter().find_map(|name| ids_of(&users, name));
        Ok(Self(Some(ids.context("there is neither a user postgres nor nobody to run a database server as")?)))
    }

    /// Runs a command as this user.
    pub(crate) fn run(self, command: &mut Command) -> &mut Command {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// A folder of this user's own, which goes when it is dropped.
    pub(crate) fn folder(self) -> Result<TempDir> {
        let folder = TempDir::new().context("cannot make a folder")?;
        self.own(folder.path())?;
        Ok(folder)
    }

    /// Gives a file to this user.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        match self.0 {
            Some((user, group)) => chown(path, Some(user), Some(group)).context("cannot give a file away"),
            None => Ok(()),
        }
    }
}

fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// `LD_LIBRARY_PATH` for a program that was unpacked somewhere together with its libraries.
pub(crate) fn libraries(program: &Path) -> OsString {
    let Some(root) = program.ancestors().find(|folder| folder.ends_with("usr")) else { return OsString::new() };
    let folders = fs::read_dir(root.join("lib")).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = folders.filter(|folder| folder.to_string_lossy().ends_with("-linux-gnu"));
    std::env::join_paths(folders.collect::<Vec<PathBuf>>()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(ids_of(users, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(users, "nobody"), None);
    }

    #[test]
    fn ports_are_taken_from_below_those_of_connections() {
        let port = free_port().unwrap();
        assert!(PORTS.contains(&port), "{port}");
    }

    #[test]
    fn a_start_is_tried_again_only_when_its_port_was_taken() {
        let mut ports = Vec::new();
        let started = on_free_port(|port| {
            ports.push(port);
            if ports.len() < 3 { bail!("bind: address already in use") } else { Ok(port) }
        });
        assert_eq!(ports.len(), 3);
        assert_eq!(started.unwrap(), ports[2]);
        let mut tries = 0;
        let failed: Result<()> = on_free_port(|_| {
            tries += 1;
            bail!("no such file")
        });
        assert!(failed.is_err());
        assert_eq!(tries, 1);
    }
}
