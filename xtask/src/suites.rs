//! Which tests make up which suite. Every test of the workspace is in exactly one suite.

use crate::cargo::{Executable, Kind};
use crate::schedule::Pace;

/// What a suite needs beside the built programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The Python environment.
    Python,
    /// The walks on Oracle's and Confluent's Go clients, which judge the stand-ins.
    Walks,
    /// A Python environment with Oracle's SDK.
    OciPython,
    /// A Python environment with Pulumi's library for policies.
    Policies,
    /// A Python environment with the packages that the recipes use.
    Recipes,
    /// The Pulumi CLI.
    Pulumi,
    /// The Pulumi CLI's language host for Python.
    PythonHost,
    /// Its language hosts for Go, TypeScript and Java.
    Hosts,
    /// The npm packages of programs in TypeScript; the tests that need them are skipped where they cannot be had.
    Node,
    /// What programs in Go are built with.
    GoProgram,
    /// What programs in Java are built with; the tests that need it are skipped where it cannot be had.
    Maven,
    /// OpenBao; the tests that need it are skipped where it cannot be had.
    OpenBao,
    /// PostgreSQL; the tests that need it are skipped where it cannot be had.
    Postgres,
    /// MariaDB; the tests that need it are skipped where it cannot be had.
    MariaDb,
    /// cargo-lambda, which serves a Lambda Runtime API; the tests that need it are skipped where it cannot be had.
    CargoLambda,
    /// The npm package of AWS's provider; the test that needs it is skipped where it cannot be had.
    NodeAws,
    /// A HashiCorp Vault, which only the user can name: without one the suite is skipped as a whole, and needs nothing.
    Vault,
    /// The plugin's archive: the release's if nothing else is run, else one that differs in the optimisation alone.
    Archive,
    /// The archive of an earlier commit.
    EarlierArchive,
    /// cargo-deny and the generators of the SDKs.
    Checkers,
}

/// A suite of tests.
#[derive(Debug)]
pub(crate) struct Suite {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What it needs.
    pub(crate) needs: &'static [Need],
    /// Its test programs: `package/target` is an integration test, `package/*` are all of them, `package` has its unit tests as well, and
    /// `*` is everything. Of several suites the one that says it most closely has the program.
    programs: &'static [&'static str],
    /// It runs only when it is named: what it needs is too much for every run.
    pub(crate) is_lane: bool,
}

/// Every suite, in the order of the report.
pub(crate) const SUITES: &[Suite] = &[
    suite("lint", &[Need::Checkers], &[]),
    suite("unit", &[Need::Python, Need::Walks], &["*"]),
    suite("protocol", &[Need::Python], &["plugin/*", "pulumi-provider/*", "pulumi-proto/*"]),
    suite("conformance", &[Need::Python], &["conformance"]),
    suite("faults", &[], &["faults"]),
    suite("lambda", LAMBDA, &["lambda/*", "lambda-trials/*"]),
    suite("vault", SERVERS, &["vault-servers", "conformance/vault", "faults/vault", "plugin/vault_root"]),
    suite(
        "vault-aws",
        WITH_VAULT,
        &["engine/vault_aws_example", "vault-servers/vault_aws", "plugin/vault_root_aws", "conformance/kv_on_vault"],
    ),
    suite("engine", &[Need::Pulumi, Need::Postgres, Need::OpenBao], &["engine/*", "pulumi-provider/engine"]),
    suite("engine-kill", &[Need::Pulumi], &["engine/kill"]),
    suite("sdk", LIBRARIES, &["engine/sdk", "engine/libraries", "engine/package_add"]),
    suite("examples", LANGUAGES, &["engine/examples", "engine/python", "engine/python_delivery", "engine/readme"]),
    suite("recipes", RECIPES, &["engine/recipes"]),
    suite("dist", &[Need::Pulumi, Need::Archive], &["engine/archive"]),
    lane("lambda-all", &[], &["lambda-trials/faults_all"]),
    lane("examples-all", LANGUAGES, &["engine/examples_all"]),
    lane("delivery-kill", &[Need::Pulumi], &["engine/kill_delivery"]),
    lane("time", &[Need::Pulumi, Need::Policies, Need::Node], &["plugin/time", "engine/time", "engine/policies"]),
    lane("upgrade", &[Need::Pulumi, Need::Archive, Need::EarlierArchive], &["engine/upgrade"]),
    lane("oci-python", &[Need::OciPython], &["localcloud/oci_python"]),
];

const SERVERS: &[Need] = &[Need::OpenBao, Need::Postgres, Need::MariaDb];
const LIBRARIES: &[Need] =
    &[Need::Pulumi, Need::PythonHost, Need::Python, Need::Hosts, Need::Node, Need::GoProgram, Need::Maven];
const LANGUAGES: &[Need] = &[
    Need::Pulumi,
    Need::PythonHost,
    Need::Python,
    Need::Hosts,
    Need::Node,
    Need::GoProgram,
    Need::Maven,
    Need::OpenBao,
    Need::Postgres,
];
const LAMBDA: &[Need] = &[Need::CargoLambda, Need::Recipes, Need::NodeAws];
const RECIPES: &[Need] = &[Need::Recipes, Need::Pulumi, Need::PythonHost, Need::Python];
const WITH_VAULT: &[Need] = &[Need::Vault, Need::Python, Need::Pulumi, Need::PythonHost, Need::Postgres, Need::MariaDb];

const fn suite(name: &'static str, needs: &'static [Need], programs: &'static [&'static str]) -> Suite {
    Suite { name, needs, programs, is_lane: false }
}

const fn lane(name: &'static str, needs: &'static [Need], programs: &'static [&'static str]) -> Suite {
    Suite { name, needs, programs, is_lane: true }
}

impl Suite {
    /// Whether it may pass nothing in a whole run: what it needs is the user's to name.
    pub(crate) fn is_optional(&self) -> bool {
        self.needs.contains(&Need::Vault)
    }
}

/// The suite with this name.
pub(crate) fn named(name: &str) -> Option<&'static Suite> {
    SUITES.iter().find(|suite| suite.name == name)
}

/// The suite that a test program belongs to.
pub(crate) fn suite_of(program: &Executable) -> &'static Suite {
    let closeness = |suite: &&Suite| suite.programs.iter().filter_map(|pattern| closeness(pattern, program)).max();
    // Every program is in the suite that has `*`.
    SUITES.iter().max_by_key(closeness).unwrap_or(&SUITES[0])
}

/// How closely a pattern describes a program; none if it does not.
pub(crate) fn closeness(pattern: &str, program: &Executable) -> Option<usize> {
    let is_integration = program.kind == Kind::Integration;
    match pattern.split_once('/') {
        None if pattern == "*" => Some(0),
        None => (pattern == program.package).then_some(1),
        Some((package, _)) if package != program.package || !is_integration => None,
        Some((_, "*")) => Some(2),
        Some((_, target)) => (target == program.target).then_some(3),
    }
}

/// How a test program goes about its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// What it does with the machine.
    pub(crate) pace: Pace,
    /// About how long it takes on two cores.
    pub(crate) seconds: u32,
    /// How many of its tests run at once; none is as many as there are cores.
    pub(crate) threads: Option<usize>,
}

/// The manner of those that take long; the closest pattern counts. It decides how soon the whole is done, and nothing else: seconds are those
/// of a machine with two cores and another program beside.
const MANNERS: &[(&str, Manner)] = &[
    ("faults/lives", computes(300)),
    ("faults/others", computes(75)),
    ("faults/pairs", computes(55)),
    ("faults/clocks", computes(30)),
    ("faults/deliveries", computes(300)),
    ("faults/vault", waits(330, 4)),
    ("lambda/runtime", waits(140, 4)),
    ("lambda-trials/faults", computes(60)),
    ("lambda-trials/faults_all", computes(1800)),
    ("lambda-trials/*", waits(15, 2)),
    ("conformance", computes(60)),
    ("conformance/vault", waits(90, 4)),
    ("vault-servers/*", waits(10, 2)),
    ("network/*", waits(50, 8)),
    ("plugin/*", waits(30, 4)),
    ("plugin/vault_root", waits(110, 2)),
    ("plugin/wire", waits(60, 8)),
    ("plugin/time", computes(120)),
    ("engine/time", waits(400, 2)),
    ("pulumi-provider/*", waits(20, 2)),
    ("pulumi-provider/engine", waits(30, 2)),
    ("rotation/exhaustive", computes(220)),
    ("engine/*", waits(20, 2)),
    ("engine/leaks", waits(60, 2)),
    ("engine/recipes", waits(100, 2)),
    ("engine/kill", waits(360, 2)),
    ("engine/kill_delivery", waits(600, 2)),
    ("engine/delivery", waits(60, 2)),
    ("engine/delivery_stores", waits(60, 2)),
    ("engine/secrets_delivery", waits(90, 2)),
    ("engine/examples", waits(200, 2)),
    ("engine/examples_all", waits(600, 2)),
    ("engine/libraries", waits(90, 2)),
    ("engine/package_add", waits(40, 2)),
    ("engine/sdk", waits(20, 2)),
    ("engine/older", waits(60, 2)),
];

const fn computes(seconds: u32) -> Manner {
    Manner { pace: Pace::Computes, seconds, threads: None }
}

const fn waits(seconds: u32, threads: usize) -> Manner {
    Manner { pace: Pace::Waits, seconds, threads: Some(threads) }
}

/// The manner of a test program.
pub(crate) fn manner_of(program: &Executable) -> Manner {
    let known = MANNERS.iter().filter_map(|(pattern, manner)| Some((closeness(pattern, program)?, manner)));
    let closest = known.max_by_key(|(closeness, _)| *closeness).map(|(_, manner)| *manner);
    closest.unwrap_or(computes(5))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            ("pulumi-provider", Kind::Unit, "pulumi_provider", "unit"),
            ("pulumi-proto", Kind::Integration, "descriptors", "protocol"),
            ("vault-servers", Kind::Unit, "vault_servers", "vault"),
            ("vault-servers", Kind::Integration, "servers", "vault"),
            ("vault-servers", Kind::Integration, "vault_aws", "vault-aws"),
            ("conformance", Kind::Integration, "vault", "vault"),
            ("conformance", Kind::Integration, "kv_on_vault", "vault-aws"),
            ("plugin", Kind::Integration, "vault_root", "vault"),
            ("plugin", Kind::Integration, "vault_root_aws", "vault-aws"),
            ("faults", Kind::Integration, "vault", "vault"),
            ("faults", Kind::Unit, "faults", "faults"),
            ("engine", Kind::Integration, "vault", "engine"),
            ("engine", Kind::Integration, "vault_aws_example", "vault-aws"),
            ("conformance", Kind::Unit, "conformance", "conformance"),
            ("conformance", Kind::Integration, "aws", "conformance"),
            ("engine", Kind::Unit, "engine", "unit"),
            ("engine", Kind::Integration, "engine", "engine"),
            ("engine", Kind::Integration, "bad_input", "engine"),
            ("pulumi-provider", Kind::Integration, "engine", "engine"),
            ("engine", Kind::Integration, "kill", "engine-kill"),
            ("engine", Kind::Integration, "sdk", "sdk"),
            ("engine", Kind::Integration, "libraries", "sdk"),
            ("engine", Kind::Integration, "python", "examples"),
            ("engine", Kind::Integration, "examples_all", "examples-all"),
            ("engine", Kind::Integration, "archive", "dist"),
            ("engine", Kind::Integration, "recipes", "recipes"),
            ("lambda", Kind::Integration, "runtime", "lambda"),
            ("lambda", Kind::Unit, "lambda", "unit"),
            ("lambda-trials", Kind::Integration, "faults", "lambda"),
            ("lambda-trials", Kind::Integration, "faults_all", "lambda-all"),
        ] {
            assert_eq!(suite_of(&program(package, kind, target)).name, suite, "{package} {target}");
        }
    }

    #[test]
    fn the_closest_manner_counts() {
        let manner = |package, target| manner_of(&program(package, Kind::Integration, target));
        assert_eq!(manner("engine", "kill"), waits(360, 2));
        assert_eq!(manner("engine", "many"), waits(20, 2));
        assert_eq!(manner("conformance", "conformance"), computes(60));
        assert_eq!(manner("conformance", "vault").pace, Pace::Waits);
        assert_eq!(manner_of(&program("rotation", Kind::Unit, "rotation")), computes(5));
    }

    #[test]
    fn no_two_suites_claim_the_same() {
        let patterns: Vec<&str> = SUITES.iter().flat_map(|suite| suite.programs).copied().collect();
        assert_eq!(patterns.iter().collect::<BTreeSet<_>>().len(), patterns.len(), "{patterns:?}");
        assert!(patterns.contains(&"*"));
        assert_eq!(SUITES.iter().map(|suite| suite.name).collect::<BTreeSet<_>>().len(), SUITES.len());
    }
}
