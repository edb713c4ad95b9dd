//! Which tests make up which suite. Every test of the workspace is in exactly one of
//! [`SUITES`] or [`LANES`].

use crate::cargo::{Executable, Kind};

/// What a suite needs beside the built programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// The Python environment.
    Python,
    /// The clients that judge the stand-ins: the Python environment, and the walks on Oracle's and Confluent's Go clients.
    Clients,
    /// A Python environment with Oracle's SDK.
    OciPython,
    /// The Pulumi CLI.
    Engine,
    /// The Pulumi CLI with its language hosts, and the Python environment.
    Languages,
    /// What `Languages` needs, and a Python environment with the packages that the recipes use.
    Recipes,
    /// The Pulumi CLI and the release archive.
    Archive,
    /// The servers of the Vault tests; what cannot be had is skipped.
    Servers,
    /// A HashiCorp Vault, which only the user can name, and for its tests also what `Servers` and `Languages` need: without one the suite is
    /// skipped as a whole, and needs nothing.
    Vault,
}

/// A suite of tests.
pub(crate) struct Suite {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What it needs.
    pub(crate) need: Need,
}

/// Every suite in the order of a whole run: what fails fastest comes first.
pub(crate) const SUITES: &[Suite] = &[
    Suite { name: "lint", need: Need::Nothing },
    Suite { name: "unit", need: Need::Clients },
    Suite { name: "protocol", need: Need::Python },
    Suite { name: "conformance", need: Need::Python },
    Suite { name: "faults", need: Need::Nothing },
    Suite { name: "vault", need: Need::Servers },
    Suite { name: "vault-aws", need: Need::Vault },
    Suite { name: "engine", need: Need::Engine },
    Suite { name: "engine-kill", need: Need::Engine },
    Suite { name: "examples", need: Need::Languages },
    Suite { name: "recipes", need: Need::Recipes },
    Suite { name: "dist", need: Need::Archive },
];

/// Suites that run only when they are named: what they need is too much for every run.
pub(crate) const LANES: &[Suite] = &[Suite { name: "oci-python", need: Need::OciPython }];

/// Names for everything about one part, across suites, and the packages that it is made of.
const PARTS: &[(&str, &[&str])] = &[
    ("aws", &["system-aws", "localcloud", "conformance", "faults", "engine"]),
    ("confluent", &["system-confluent", "outbound", "localcloud", "conformance", "faults", "engine"]),
    ("oci", &["system-oci", "outbound", "localcloud", "conformance", "faults", "engine"]),
];

/// Whether a suite may pass nothing in a whole run: what it needs is the user's to name.
pub(crate) fn is_optional(suite: &str) -> bool {
    SUITES.iter().any(|known| known.name == suite && known.need == Need::Vault)
}

/// The suite that a test program belongs to.
pub(crate) fn suite_of(program: &Executable) -> &'static str {
    match (program.package.as_str(), program.kind, program.target.as_str()) {
        ("engine", Kind::Integration, "kill") => "engine-kill",
        ("engine", Kind::Integration, "examples" | "python" | "sdk") => "examples",
        ("engine", Kind::Integration, "archive") => "dist",
        ("engine", Kind::Integration, "recipes") => "recipes",
        ("engine", Kind::Integration, "vault_aws_example")
        | ("vault-servers", Kind::Integration, "vault_aws")
        | ("plugin", Kind::Integration, "vault_root_aws") => "vault-aws",
        ("engine", Kind::Integration, _) | ("pulumi-provider", Kind::Integration, "engine") => "engine",
        ("localcloud", Kind::Integration, "oci_python") => "oci-python",
        ("vault-servers", _, _)
        | ("conformance" | "faults", Kind::Integration, "vault")
        | ("plugin", Kind::Integration, "vault_root") => "vault",
        ("conformance", _, _) => "conformance",
        ("faults", _, _) => "faults",
        ("plugin" | "pulumi-provider" | "pulumi-proto", Kind::Integration, _) => "protocol",
        _ => "unit",
    }
}

/// What `cargo xtask test NAME` may be told.
pub(crate) fn names() -> Vec<&'static str> {
    SUITES.iter().chain(LANES).map(|suite| suite.name).chain(PARTS.iter().map(|(name, _)| *name)).collect()
}

/// Some of the tests.
pub(crate) enum Choice {
    /// All of them.
    All,
    /// One suite.
    Suite(&'static str),
    /// Those of some packages.
    Part(&'static [&'static str]),
}

impl Choice {
    /// Reads a name; none means all.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        let Some(name) = name else {
            return Some(Self::All);
        };
        let suite = SUITES.iter().chain(LANES).find(|suite| suite.name == name).map(|suite| Self::Suite(suite.name));
        suite.or_else(|| PARTS.iter().find(|(part, _)| *part == name).map(|(_, packages)| Self::Part(packages)))
    }

    /// Whether a suite has anything to run.
    pub(crate) fn has(&self, suite: &str) -> bool {
        match self {
            Self::All => LANES.iter().all(|lane| lane.name != suite),
            Self::Suite(name) => *name == suite,
            Self::Part(_) => {
                Self::All.has(suite) && !matches!(suite, "lint" | "protocol" | "dist" | "vault" | "vault-aws")
            }
        }
    }

    /// What has to be prepared, on a machine that has a HashiCorp Vault or has none.
    pub(crate) fn needs(&self, has_vault: bool) -> Vec<Need> {
        let suites = SUITES.iter().chain(LANES).filter(|suite| self.has(suite.name));
        suites.map(|suite| suite.need).filter(|need| has_vault || *need != Need::Vault).collect()
    }

    /// Whether a test program is among the chosen.
    pub(crate) fn takes(&self, program: &Executable) -> bool {
        match self {
            Self::All => self.has(suite_of(program)),
            Self::Suite(name) => *name == suite_of(program),
            Self::Part(packages) => packages.contains(&program.package.as_str()) && self.has(suite_of(program)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(package: &str, kind: Kind, target: &str) -> Executable {
        Executable { package: package.into(), target: target.into(), kind, path: "x".into(), folder: "y".into() }
    }

    #[test]
    fn every_test_program_has_one_suite_of_the_table() {
        for (package, kind, target, suite) in [
            ("rotation", Kind::Unit, "rotation", "unit"),
            ("localcloud", Kind::Integration, "stand_in", "unit"),
            ("localcloud", Kind::Integration, "oci_python", "oci-python"),
            ("plugin", Kind::Unit, "pulumi-resource-keyrotation", "unit"),
            ("plugin", Kind::Integration, "start", "protocol"),
            ("pulumi-proto", Kind::Integration, "descriptors", "protocol"),
            ("vault-servers", Kind::Unit, "vault_servers", "vault"),
            ("vault-servers", Kind::Integration, "servers", "vault"),
            ("vault-servers", Kind::Integration, "vault_aws", "vault-aws"),
            ("conformance", Kind::Integration, "vault", "vault"),
            ("plugin", Kind::Integration, "vault_root", "vault"),
            ("plugin", Kind::Integration, "vault_root_aws", "vault-aws"),
            ("faults", Kind::Integration, "vault", "vault"),
            ("engine", Kind::Integration, "vault", "engine"),
            ("engine", Kind::Integration, "vault_aws_example", "vault-aws"),
            ("conformance", Kind::Integration, "aws", "conformance"),
            ("engine", Kind::Unit, "engine", "unit"),
            ("engine", Kind::Integration, "engine", "engine"),
            ("engine", Kind::Integration, "bad_input", "engine"),
            ("pulumi-provider", Kind::Integration, "engine", "engine"),
            ("engine", Kind::Integration, "kill", "engine-kill"),
            ("engine", Kind::Integration, "sdk", "examples"),
            ("engine", Kind::Integration, "archive", "dist"),
            ("engine", Kind::Integration, "recipes", "recipes"),
        ] {
            assert_eq!(suite_of(&program(package, kind, target)), suite, "{package} {target}");
            assert!(SUITES.iter().chain(LANES).any(|known| known.name == suite));
        }
    }

    #[test]
    fn a_part_takes_its_packages_only() {
        let choice = Choice::parse(Some("aws")).unwrap();
        assert!(choice.takes(&program("system-aws", Kind::Unit, "system_aws")));
        assert!(choice.takes(&program("engine", Kind::Integration, "kill")));
        assert!(!choice.takes(&program("rotation", Kind::Unit, "rotation")));
        assert!(!choice.takes(&program("engine", Kind::Integration, "archive")));
    }

    #[test]
    fn a_lane_runs_only_when_it_is_named() {
        let lane = program("localcloud", Kind::Integration, "oci_python");
        let takes = |name| Choice::parse(name).unwrap().takes(&lane);
        assert!(takes(Some("oci-python")));
        assert!(!takes(None) && !takes(Some("unit")) && !takes(Some("aws")));
    }

    #[test]
    fn without_a_vault_nothing_is_prepared_for_its_suite() {
        let lane = Choice::parse(Some("vault-aws")).unwrap();
        assert_eq!((lane.needs(true), lane.needs(false)), (vec![Need::Vault], vec![]));
        let all = Choice::All;
        assert_eq!(all.needs(true).len(), all.needs(false).len() + 1);
    }

    #[test]
    fn every_name_is_understood_and_no_other() {
        for name in names() {
            assert!(Choice::parse(Some(name)).is_some(), "{name}");
        }
        assert!(Choice::parse(Some("nothing")).is_none());
    }
}
