//! What `cargo xtask test NAME` may be told, and which tests that means.

use crate::cargo::{Executable, Kind};
use crate::lessons;
use crate::suites::{self, Need, SUITES, Suite};

/// Names for everything about one part, across suites, and the packages that it is made of.
const PARTS: &[(&str, &[&str])] = &[
    ("aws", &["system-aws", "localcloud", "conformance", "faults", "engine"]),
    ("confluent", &["system-confluent", "outbound", "localcloud", "conformance", "faults", "engine"]),
    ("oci", &["system-oci", "outbound", "localcloud", "conformance", "faults", "engine"]),
];
/// Suites that a part has nothing in.
const NOT_OF_PARTS: [&str; 6] = ["lint", "protocol", "dist", "lambda", "vault", "vault-aws"];

/// Every test that shows what was promised, in whichever suite.
const LESSONS: &str = "lessons";

/// What is run again and again while one writes.
const QUICK: &str = "quick";
/// Its suites, and the tests that it takes: of the programs that a pattern describes, those whose name begins so.
const QUICK_SUITES: [&str; 4] = ["lint", "unit", "engine", "examples"];
/// What none of these tests needs, although others of their suites do.
const NOT_QUICK: [Need; 5] = [Need::Checkers, Need::Hosts, Need::Node, Need::GoProgram, Need::Maven];
const QUICK_TESTS: &[(&str, &str)] = &[
    ("engine/engine", "a_key_lives_through_preview_up_refresh_rotation_retirement_and_destroy"),
    ("engine/oci", "an_auth_token_lives_rotates_and_goes"),
    ("engine/vault", "a_key_lives_rotates_and_goes"),
    ("engine/examples", "confluent-yaml"),
];

/// Tests about one matter, in whichever suite.
#[derive(Debug)]
struct Selection {
    name: &'static str,
    /// Of the programs that a pattern describes, those tests whose name contains a text.
    tests: &'static [(&'static str, &'static str)],
    /// The suites that they are of.
    suites: &'static [&'static str],
    /// What none of these tests needs, although others of their suites do.
    spared: &'static [Need],
}

const SELECTIONS: &[Selection] = &[DELIVERY, LOGINS];

/// Everything that shows how keys are delivered to stores.
const DELIVERY: Selection = Selection {
    name: "delivery",
    tests: &[
        ("cloud", "delivery::"),
        ("system-aws", "store::"),
        ("system-oci", "store::"),
        ("system-vault", "kv_store::"),
        ("rotation", "store"),
        ("rotation/stores", ""),
        ("rotation/exhaustive", "stores::"),
        ("rotation/exhaustive", "secrets::"),
        ("rotation/random", "stores"),
        ("localcloud", "secrets::"),
        ("localcloud", "oci::vault::"),
        ("localcloud/stand_in", "secrets::"),
        ("localcloud/stand_in", "oci_sdk::"),
        ("localcloud/stand_in", "oci::vaults::"),
        ("conformance/conformance", "stores::"),
        ("conformance/conformance", "secrets_manager::"),
        ("conformance/conformance", "oci_vault::"),
        ("conformance/conformance", "how_many_calls_there_are"),
        ("conformance/vault", "stores::"),
        ("conformance/vault", "vault_kv::"),
        ("conformance/vault", "how_many_calls_there_are"),
        ("conformance/kv_on_vault", ""),
        ("faults/deliveries", ""),
        ("engine/delivery", ""),
        ("engine/delivery_stores", ""),
        ("engine/kill_delivery", ""),
        ("engine/python_delivery", ""),
        ("engine/secrets_delivery", ""),
    ],
    suites: &["unit", "conformance", "faults", "vault", "vault-aws", "engine", "delivery-kill", "examples"],
    spared: &[Need::Checkers, Need::Hosts, Need::Node, Need::GoProgram, Need::Maven],
};

/// Everything that shows how the plugin logs in.
const LOGINS: Selection = Selection {
    name: "logins",
    tests: &[
        ("system-aws", "web_identity"),
        ("system-aws", "signed::"),
        ("system-oci", "settings::"),
        ("system-oci", "signing::"),
        ("system-vault", "login::"),
        ("localcloud/stand_in", "boto3"),
        ("localcloud/stand_in", "oci_sdk"),
        ("conformance/conformance", "::login::"),
        ("conformance/vault", "::login::"),
        ("network/network", "login_"),
        ("engine/logins", ""),
    ],
    suites: &["unit", "conformance", "vault", "engine"],
    spared: &[Need::Checkers, Need::Hosts, Need::Node, Need::GoProgram, Need::Maven],
};

/// What is no suite and yet belongs before a release.
const OTHERS: [(&str, &str); 2] = [
    ("the archive's tests on the optimised release", "cargo xtask test dist"),
    ("each safety taken out once", "cargo xtask safeties"),
];

/// Some of the tests.
pub(crate) struct Choice {
    /// The suites that something is taken of.
    pub(crate) suites: Vec<&'static Suite>,
    tests: Tests,
}

/// What is taken of the suites.
enum Tests {
    All,
    /// Programs of these packages.
    Of(&'static [&'static str]),
    Lessons,
    Quick,
    Selected(&'static Selection),
}

impl Choice {
    /// Reads a name; none means all but the lanes.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        let without = |left_out: &[&str]| {
            SUITES.iter().filter(|suite| !suite.is_lane && !left_out.contains(&suite.name)).collect()
        };
        let Some(name) = name else {
            return Some(Self { suites: without(&[]), tests: Tests::All });
        };
        if name == LESSONS {
            return Some(Self { suites: without(&["lint"]), tests: Tests::Lessons });
        }
        if name == QUICK {
            return Some(Self {
                suites: QUICK_SUITES.iter().filter_map(|name| suites::named(name)).collect(),
                tests: Tests::Quick,
            });
        }
        if let Some(selection) = SELECTIONS.iter().find(|selection| selection.name == name) {
            let suites = selection.suites.iter().filter_map(|name| suites::named(name)).collect();
            return Some(Self { suites, tests: Tests::Selected(selection) });
        }
        if let Some(suite) = suites::named(name) {
            return Some(Self { suites: vec![suite], tests: Tests::All });
        }
        let (_, packages) = PARTS.iter().find(|(part, _)| *part == name)?;
        Some(Self { suites: without(&NOT_OF_PARTS), tests: Tests::Of(packages) })
    }

    /// Whether it is this suite and no other.
    pub(crate) fn is_only(&self, suite: &str) -> bool {
        self.suites.len() == 1 && self.has(suite)
    }

    /// Whether it takes something of a suite.
    pub(crate) fn has(&self, suite: &str) -> bool {
        self.suites.iter().any(|chosen| chosen.name == suite)
    }

    /// Whether its suites are run as they are, with what is no test program, and each must have a test that passes.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.tests, Tests::All)
    }

    /// What a whole run leaves to be asked for by name, and the command. All of it is run before a release.
    pub(crate) fn left_out(&self) -> Vec<(&'static str, String)> {
        if self.suites.len() < 2 || !self.is_whole() {
            return Vec::new();
        }
        let lanes = SUITES.iter().filter(|suite| suite.is_lane);
        let lanes = lanes.map(|suite| (suite.name, format!("cargo xtask test {}", suite.name)));
        let others = OTHERS.iter().map(|&(what, command)| (what, command.to_owned()));
        lanes.chain(others).collect()
    }

    /// Whether checks that take minutes are left out.
    pub(crate) fn is_quick(&self) -> bool {
        matches!(self.tests, Tests::Quick)
    }

    /// What has to be prepared, on a machine that has a HashiCorp Vault or has none.
    pub(crate) fn needs(&self, has_vault: bool) -> Vec<Need> {
        let suites = self.suites.iter().filter(|suite| has_vault || !suite.is_optional());
        let mut needs = Vec::new();
        for need in suites.flat_map(|suite| suite.needs) {
            let is_spared = match self.tests {
                Tests::Quick => NOT_QUICK.contains(need),
                Tests::Selected(selection) => selection.spared.contains(need),
                _ => false,
            };
            if !needs.contains(need) && !is_spared {
                needs.push(*need);
            }
        }
        needs
    }

    /// Whether something of a test program is among the chosen.
    pub(crate) fn takes(&self, program: &Executable) -> bool {
        let suite = suites::suite_of(program);
        program.kind != Kind::Program
            && self.has(suite.name)
            && match self.tests {
                Tests::All | Tests::Lessons => true,
                Tests::Of(packages) => packages.contains(&program.package.as_str()),
                Tests::Quick => suite.name == "unit" || picked(QUICK_TESTS, program).next().is_some(),
                Tests::Selected(selection) => picked(selection.tests, program).next().is_some(),
            }
    }

    /// Whether a program's file shows that none of its tests is chosen.
    pub(crate) fn passes_over(&self, program: &Executable) -> bool {
        matches!(self.tests, Tests::Lessons) && !lessons::may_be_in(&program.path)
    }

    /// Whether such a program runs some of its tests and not all.
    pub(crate) fn picks(&self, program: &Executable) -> bool {
        match self.tests {
            Tests::All | Tests::Of(_) => false,
            Tests::Lessons | Tests::Selected(_) => true,
            Tests::Quick => picked(QUICK_TESTS, program).next().is_some(),
        }
    }

    /// Whether it picks the test with this name.
    pub(crate) fn has_test(&self, program: &Executable, name: &str) -> bool {
        match self.tests {
            Tests::All | Tests::Of(_) => true,
            Tests::Lessons => lessons::is_lesson(name),
            Tests::Quick => picked(QUICK_TESTS, program).any(|wanted| name.starts_with(wanted)),
            Tests::Selected(selection) => picked(selection.tests, program).any(|wanted| name.contains(wanted)),
        }
    }
}

/// All names that are understood.
pub(crate) fn names() -> Vec<&'static str> {
    SUITES
        .iter()
        .map(|suite| suite.name)
        .chain(PARTS.iter().map(|(name, _)| *name))
        .chain(SELECTIONS.iter().map(|selection| selection.name))
        .chain([LESSONS, QUICK])
        .collect()
}

/// What a selection takes of a program.
fn picked(selection: &'static [(&str, &str)], program: &Executable) -> impl Iterator<Item = &'static str> {
    let fitting = selection.iter().filter(|(pattern, _)| suites::closeness(pattern, program).is_some());
    fitting.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(package: &str, kind: Kind, target: &str) -> Executable {
        Executable { package: package.into(), target: target.into(), kind, path: "x".into(), folder: "y".into() }
    }

    #[test]
    fn a_part_takes_its_packages_only() {
        let choice = Choice::parse(Some("aws")).unwrap();
        assert!(choice.takes(&program("system-aws", Kind::Unit, "system_aws")));
        assert!(choice.takes(&program("engine", Kind::Integration, "kill")));
        assert!(!choice.takes(&program("rotation", Kind::Unit, "rotation")));
        assert!(!choice.takes(&program("engine", Kind::Integration, "archive")));
        assert!(!choice.takes(&program("localcloud", Kind::Program, "localcloud")));
    }

    #[test]
    fn a_lane_runs_only_when_it_is_named() {
        let lane = program("localcloud", Kind::Integration, "oci_python");
        let takes = |name| Choice::parse(name).unwrap().takes(&lane);
        assert!(takes(Some("oci-python")));
        let left_out = Choice::parse(None).unwrap().left_out();
        for lane in SUITES.iter().filter(|suite| suite.is_lane) {
            assert!(left_out.contains(&(lane.name, format!("cargo xtask test {}", lane.name))), "{}", lane.name);
        }
        assert!(Choice::parse(Some("unit")).unwrap().left_out().is_empty());
        assert!(!takes(None) && !takes(Some("unit")) && !takes(Some("aws")) && !takes(Some("lessons")));
    }

    #[test]
    fn without_a_vault_nothing_is_prepared_for_its_suite() {
        let lane = Choice::parse(Some("vault-aws")).unwrap();
        assert!(lane.needs(true).contains(&Need::Vault));
        assert_eq!(lane.needs(false), []);
        let all = Choice::parse(None).unwrap();
        assert_eq!(all.needs(true).len(), all.needs(false).len() + 1);
    }

    #[test]
    fn lessons_are_taken_from_every_suite() {
        let lessons = Choice::parse(Some("lessons")).unwrap();
        let kill = program("engine", Kind::Integration, "kill");
        assert!(lessons.takes(&kill) && lessons.picks(&kill) && lessons.has_test(&kill, "lesson_a1"));
        assert!(!lessons.has_test(&kill, "another"));
    }

    #[test]
    fn quick_takes_unit_tests_and_one_life_of_each_system() {
        let quick = Choice::parse(Some("quick")).unwrap();
        let (unit, oci) = (program("rotation", Kind::Unit, "rotation"), program("engine", Kind::Integration, "oci"));
        assert!(quick.takes(&unit) && !quick.picks(&unit));
        assert!(quick.takes(&oci) && quick.picks(&oci));
        let chosen = |name| quick.has_test(&oci, name);
        assert!(chosen("an_auth_token_lives_rotates_and_goes") && !chosen("an_api_key_lives_rotates_and_goes"));
        assert!(!quick.takes(&program("engine", Kind::Integration, "many")));
        assert!(!quick.takes(&program("faults", Kind::Integration, "lives")));
        for (pattern, name) in QUICK_TESTS {
            let (_, target) = pattern.split_once('/').unwrap();
            let file = crate::paths::root().join(format!("tests/engine/tests/{target}.rs"));
            let there = std::fs::read_to_string(file).unwrap().contains(name)
                || crate::paths::root().join("examples").join(name).is_dir();
            assert!(there, "{pattern} has no {name}");
        }
    }

    #[test]
    fn deliveries_are_taken_from_every_suite_that_has_some() {
        let choice = Choice::parse(Some("delivery")).unwrap();
        let conformance = program("conformance", Kind::Integration, "conformance");
        assert!(choice.takes(&conformance) && choice.picks(&conformance));
        assert!(choice.has_test(&conformance, "oci-api-key::stores::a_life"));
        assert!(!choice.has_test(&conformance, "oci-api-key::lives::a_life"));
        for name in ["openbao::kv::stores::a_life", "openbao::vault_kv::a_rule"] {
            assert!(choice.has_test(&program("conformance", Kind::Integration, "vault"), name), "{name}");
        }
        for name in ["delivery", "delivery_stores", "kill_delivery", "python_delivery", "secrets_delivery"] {
            let program = program("engine", Kind::Integration, name);
            assert!(choice.takes(&program) && choice.has_test(&program, "any"), "{name}");
            let file = crate::paths::root().join(format!("tests/engine/tests/{name}.rs"));
            assert!(file.is_file(), "{name}");
        }
        assert!(!choice.takes(&program("engine", Kind::Integration, "kill")));
        assert!(choice.needs(true).contains(&Need::PythonHost) && !choice.needs(true).contains(&Need::Maven));
        assert!(!choice.is_whole());
    }

    #[test]
    fn logins_are_taken_from_every_suite_that_has_some() {
        let choice = Choice::parse(Some("logins")).unwrap();
        let conformance = program("conformance", Kind::Integration, "conformance");
        assert!(choice.takes(&conformance) && choice.has_test(&conformance, "localcloud::aws::login::a_token"));
        assert!(!choice.has_test(&conformance, "localcloud::aws::marks::a_tag"));
        let engine = program("engine", Kind::Integration, "logins");
        assert!(choice.takes(&engine) && choice.has_test(&engine, "any"));
        assert!(crate::paths::root().join("tests/engine/tests/logins.rs").is_file());
        assert!(!choice.takes(&program("engine", Kind::Integration, "kill")));
        assert!(choice.needs(true).contains(&Need::OpenBao));
    }

    #[test]
    fn every_name_is_understood_and_no_other() {
        for name in names() {
            assert!(Choice::parse(Some(name)).is_some(), "{name}");
        }
        assert!(Choice::parse(Some("nothing")).is_none());
    }
}
