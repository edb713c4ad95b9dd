//! Reading what Rust's test harness, and libtest-mimic after it, prints.

use std::ops::AddAssign;

/// What came out of some tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed, and programs that ended without saying how their tests went.
    pub(crate) failed: usize,
    /// The names of tests that were not run, with the reason where one was given.
    pub(crate) skipped: Vec<String>,
}

impl Counts {
    /// "3 passed, 0 failed, 1 skipped".
    pub(crate) fn line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
    }
}

/// The counts in a test program's output. `success` says how the program ended: one that failed
/// without a failed test, or never printed a result, counts as a failure of its own.
pub(crate) fn read(output: &str, success: bool) -> Counts {
    let mut counts = Counts::default();
    let mut ignored = 0;
    let mut results = 0;
    for line in output.lines() {
        if let Some(summary) = line.strip_prefix("test result: ") {
            results += 1;
            counts.passed += number(summary, "passed");
            counts.failed += number(summary, "failed");
            ignored += number(summary, "ignored");
        } else if let Some(name) = skipped(line) {
            counts.skipped.push(name);
        }
    }
    while counts.skipped.len() < ignored {
        counts.skipped.push("(a test that was not named)".to_owned());
    }
    if counts.failed == 0 && (!success || results == 0) {
        counts.failed = 1;
    }
    counts
}

/// The names in what `--list` prints.
pub(crate) fn names(list: &str) -> Vec<String> {
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// Arguments with which a test program runs those of its tests that are chosen and no other. Rust's harness takes several names to run
/// and libtest-mimic one, but both take several to leave out.
pub(crate) fn only(names: &[String], chosen: impl Fn(&str) -> bool) -> Vec<&str> {
    let others = names.iter().map(String::as_str).filter(|name| !chosen(name));
    std::iter::once("--exact").chain(others.flat_map(|name| ["--skip", name])).collect()
}

/// The names of the tests that failed.
pub(crate) fn failed(output: &str) -> Vec<String> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    lines.filter(|(_, outcome)| outcome.starts_with("FAILED")).map(|(name, _)| name.trim_end().to_owned()).collect()
}

/// The number before a word in "ok. 3 passed; 0 failed; 1 ignored; ...".
fn number(summary: &str, word: &str) -> usize {
    let parts = summary.split([';', '.']).map(str::trim);
    parts.filter_map(|part| part.strip_suffix(word)?.trim().parse().ok()).next().unwrap_or(0)
}

/// "name" or "name, reason" from "test name ... ignored, reason".
fn skipped(line: &str) -> Option<String> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some(format!("{}{}", name.trim_end(), outcome.strip_prefix("ignored")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\nrunning 3 tests\ntest a::b ... ok\ntest c ... ignored, no database\ntest d   ... FAILED\n\n\
        test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn a_result_line_is_counted() {
        let counts = read(OUTPUT, false);
        assert_eq!((counts.passed, counts.failed), (1, 1));
        assert_eq!(counts.skipped, ["c, no database"]);
        assert_eq!(counts.line(), "1 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn failed_tests_are_named() {
        assert_eq!(failed(OUTPUT), ["d"]);
    }

    #[test]
    fn several_results_add_up() {
        let twice = format!("{OUTPUT}{OUTPUT}");
        let counts = read(&twice, false);
        assert_eq!((counts.passed, counts.failed, counts.skipped.len()), (2, 2, 2));
    }

    #[test]
    fn a_program_that_dies_is_a_failure() {
        let died = "running 2 tests\ntest a ... ok\n";
        assert_eq!(read(died, false).failed, 1);
        assert_eq!(read(died, true).failed, 1);
        let after = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(read(after, false), Counts { passed: 2, failed: 1, skipped: vec![] });
        assert_eq!(read(after, true), Counts { passed: 2, failed: 0, skipped: vec![] });
    }

    #[test]
    fn an_unnamed_skip_is_still_counted() {
        let quiet = "test result: ok. 0 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(read(quiet, true).skipped.len(), 2);
    }

    #[test]
    fn a_list_gives_names() {
        let list = "a::b: test\nc/01/x y: test\nbenches::d: benchmark\n\n2 tests, 1 benchmark\n";
        assert_eq!(names(list), ["a::b", "c/01/x y"]);
    }

    #[test]
    fn what_is_not_chosen_is_left_out_by_its_whole_name() {
        let names = ["a", "lesson_a", "b"].map(str::to_owned);
        assert_eq!(only(&names, |name| name.starts_with("lesson_")), ["--exact", "--skip", "a", "--skip", "b"]);
    }
}
