//! The machines that a release is for.

use anyhow::{Context, Result};

/// A machine that a release is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// As rustc calls it.
    pub(super) triple: &'static str,
    /// The operating system, as Pulumi calls it.
    pub(super) os: &'static str,
    /// The processor, as Pulumi calls it.
    pub(super) arch: &'static str,
    /// What links it.
    pub(super) linker: Linker,
}

/// What links a program for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linker {
    /// Zig, which links for Linux and Windows from anywhere.
    Zig,
    /// The system's own, on a machine with the same operating system only.
    Own,
}

/// What a release consists of. The Linux programs are static, so that they run on every distribution.
pub(super) const TARGETS: &[Target] = &[
    target("x86_64-unknown-linux-musl", "linux", "amd64", Linker::Zig),
    target("aarch64-unknown-linux-musl", "linux", "arm64", Linker::Zig),
    target("x86_64-pc-windows-gnu", "windows", "amd64", Linker::Zig),
    target("aarch64-pc-windows-gnullvm", "windows", "arm64", Linker::Zig),
    target("x86_64-apple-darwin", "darwin", "amd64", Linker::Own),
    target("aarch64-apple-darwin", "darwin", "arm64", Linker::Own),
];

/// For builds that are not cross builds: what links against the system's own C library.
const OWN: &[Target] = &[
    target("x86_64-unknown-linux-gnu", "linux", "amd64", Linker::Own),
    target("aarch64-unknown-linux-gnu", "linux", "arm64", Linker::Own),
    target("x86_64-pc-windows-msvc", "windows", "amd64", Linker::Own),
    target("aarch64-pc-windows-msvc", "windows", "arm64", Linker::Own),
];

const fn target(triple: &'static str, os: &'static str, arch: &'static str, linker: Linker) -> Target {
    Target { triple, os, arch, linker }
}

impl Target {
    /// One of those that a release consists of, or that a machine has for itself.
    pub(super) fn named(triple: &str) -> Result<&'static Self> {
        let found = TARGETS.iter().chain(OWN).find(|target| target.triple == triple);
        found.with_context(|| format!("no archive is made for {triple}: choose one of {}", names()))
    }

    /// This machine.
    pub(super) fn own() -> Result<&'static Self> {
        let (os, arch) = (own_os(), own_arch());
        let found = OWN.iter().chain(TARGETS).find(|target| target.os == os && target.arch == arch);
        found.with_context(|| format!("no archive is made for {os} on {arch}"))
    }

    /// Why it cannot be built on this machine, if it cannot.
    pub(super) fn obstacle(&self) -> Option<String> {
        let is_foreign = self.linker == Linker::Own && self.os != own_os();
        is_foreign.then(|| format!("it is linked against libraries of {}, which only such a machine has", self.os))
    }

    /// Whether its programs start here without help.
    pub(super) fn is_native(&self) -> bool {
        (self.os, self.arch) == (own_os(), own_arch())
    }

    /// What the name of a program ends with.
    pub(super) fn suffix(&self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }
}

/// The triples of a release, for messages.
pub(super) fn names() -> String {
    TARGETS.iter().map(|target| target.triple).collect::<Vec<_>>().join(", ")
}

fn own_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn own_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_release_has_one_archive_for_each_machine_that_pulumi_knows() {
        let pairs: BTreeSet<_> = TARGETS.iter().map(|target| (target.os, target.arch)).collect();
        assert_eq!(pairs.len(), TARGETS.len());
        for os in ["linux", "windows", "darwin"] {
            for arch in ["amd64", "arm64"] {
                assert!(pairs.contains(&(os, arch)), "{os}-{arch}");
            }
        }
    }

    #[test]
    fn an_unknown_triple_is_refused_with_those_that_there_are() {
        let refused = Target::named("riscv64-unknown-linux-gnu").unwrap_err().to_string();
        assert!(refused.contains("riscv64") && refused.contains("aarch64-unknown-linux-musl"), "{refused}");
    }

    #[test]
    fn what_needs_another_system_says_so() {
        let foreign = if own_os() == "darwin" { "x86_64-pc-windows-msvc" } else { "aarch64-apple-darwin" };
        assert!(Target::named(foreign).unwrap().obstacle().is_some());
        assert_eq!(Target::own().unwrap().obstacle(), None);
        assert!(Target::own().unwrap().is_native());
    }
}
