//! What a run of tests prints: each program as it ends, and the table and the closing line at the end.

use std::process::ExitCode;
use std::time::Duration;

use crate::choice::Choice;
use crate::job::{self, Cost};
use crate::libtest::Counts;
use crate::suites::{self, SUITES};

/// Builds and other preparation that took less are not shown.
const BRIEF: Duration = Duration::from_secs(1);

/// What came of one test program or check.
#[derive(Debug)]
pub(crate) struct Row {
    /// The suite that it is part of.
    pub(crate) suite: &'static str,
    /// What it is called within.
    pub(crate) name: String,
    /// How its tests went.
    pub(crate) counts: Counts,
    /// What it cost.
    pub(crate) cost: Cost,
}

impl Row {
    /// Says how it went.
    pub(crate) fn announce(&self) {
        println!("{}: {}: {} ({})", self.suite, self.name, self.counts.line(), time(self.cost));
        for skipped in &self.counts.skipped {
            println!("  skipped: {skipped}");
        }
    }
}

/// Shows why something could not be tested, which counts as a failed test.
pub(crate) fn failure(error: &anyhow::Error) -> Counts {
    println!("error: {error:#}");
    Counts { failed: 1, ..Counts::default() }
}

/// Prints the tables and the closing line; says whether all is well.
pub(crate) fn conclude(choice: &Choice, rows: &[Row], took: Duration) -> ExitCode {
    print_preparation();
    println!("\n{:<44} {:>7} {:>7} {:>8} {:>9} {:>9}", "suite", "passed", "failed", "skipped", "seconds", "cpu");
    for suite in suites_of(rows) {
        let parts: Vec<&Row> = rows.iter().filter(|row| row.suite == suite).collect();
        print_line(suite, &sum(&parts), total(&parts));
        parts.iter().for_each(|row| print_line(&format!("  {}", row.name), &row.counts, row.cost));
    }
    let all: Vec<&Row> = rows.iter().collect();
    let counts = sum(&all);
    let prepared = job::preparation().iter().filter_map(|(_, cost)| cost.cpu).sum();
    let cpu = total(&all).cpu.map(|cpu| cpu + prepared);
    print_line("all, with builds and preparation", &counts, Cost { wall: took, cpu });
    let lacking = lacking(choice, rows);
    for suite in &lacking {
        println!("{suite} ran no test that passed, which counts as a failure");
    }
    for (what, command) in choice.left_out() {
        println!("not run: {what}: {command}");
    }
    println!("\n{}", counts.line());
    if counts.passed > 0 && counts.failed == 0 && lacking.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_preparation() {
    println!("\n{:<70} {:>9} {:>9}", "builds and preparation", "seconds", "cpu");
    for (what, cost) in job::preparation().iter().filter(|(_, cost)| cost.wall > BRIEF) {
        println!("{what:<70} {:>9} {:>9}", seconds(Some(cost.wall)), seconds(cost.cpu));
    }
}

fn print_line(name: &str, counts: &Counts, cost: Cost) {
    let Counts { passed, failed, skipped } = counts;
    let (wall, cpu) = (seconds(Some(cost.wall)), seconds(cost.cpu));
    println!("{name:<44} {passed:>7} {failed:>7} {:>8} {wall:>9} {cpu:>9}", skipped.len());
}

fn time(cost: Cost) -> String {
    let cpu = cost.cpu.map(|cpu| format!(", cpu {:.1} s", cpu.as_secs_f64())).unwrap_or_default();
    format!("{:.1} s{cpu}", cost.wall.as_secs_f64())
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "?".to_owned(), |time| format!("{:.1}", time.as_secs_f64()))
}

/// In the order of the table of suites; first what stands in no suite.
fn suites_of(rows: &[Row]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for row in rows.iter().filter(|row| suites::named(row.suite).is_none()) {
        if !names.contains(&row.suite) {
            names.push(row.suite);
        }
    }
    names.extend(SUITES.iter().map(|suite| suite.name).filter(|name| rows.iter().any(|row| row.suite == *name)));
    names
}

fn sum(rows: &[&Row]) -> Counts {
    rows.iter().fold(Counts::default(), |mut counts, row| {
        counts += row.counts.clone();
        counts
    })
}

fn total(rows: &[&Row]) -> Cost {
    let cpu: Vec<Duration> = rows.iter().filter_map(|row| row.cost.cpu).collect();
    Cost { wall: rows.iter().map(|row| row.cost.wall).sum(), cpu: (!cpu.is_empty()).then(|| cpu.iter().sum()) }
}

/// The suites that no test passed in although each must have one: of whole suites all but those that need what only the
/// user can name, which may be skipped beside others.
fn lacking(choice: &Choice, rows: &[Row]) -> Vec<&'static str> {
    let passed = |suite: &str| rows.iter().any(|row| row.suite == suite && row.counts.passed > 0);
    let must = choice.suites.iter().filter(|suite| choice.is_whole() && !suite.is_optional());
    must.map(|suite| suite.name).filter(|name| !passed(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(suite: &'static str, passed: usize, failed: usize, skipped: usize) -> Row {
        let counts = Counts { passed, failed, skipped: vec![String::new(); skipped] };
        Row { suite, name: "program".to_owned(), counts, cost: Cost::default() }
    }

    /// A good row of each suite of a whole run.
    fn all() -> Vec<Row> {
        Choice::parse(None).unwrap().suites.iter().map(|suite| row(suite.name, 1, 0, 1)).collect()
    }

    fn is_good(name: Option<&str>, rows: &[Row]) -> bool {
        conclude(&Choice::parse(name).unwrap(), rows, Duration::ZERO) == ExitCode::SUCCESS
    }

    #[test]
    fn a_run_is_good_when_every_suite_passed_something_and_failed_nothing() {
        assert!(is_good(None, &all()));
        let with = |more: Row| all().into_iter().chain([more]).collect::<Vec<_>>();
        assert!(is_good(None, &with(row("unit", 0, 0, 0))), "a program without tests beside others");
        assert!(!is_good(None, &with(row("unit", 5, 1, 0))), "a failure");
        assert!(!is_good(None, &with(row("preparation", 0, 1, 0))), "a failure outside of the suites");
        let without = |name: &str| all().into_iter().filter(|row| row.suite != name).collect::<Vec<_>>();
        assert!(!is_good(None, &without("dist")), "a suite without a test");
        assert!(!is_good(Some("unit"), &[row("unit", 0, 0, 4)]), "a suite that skipped everything");
        assert!(!is_good(None, &[]), "no suite at all");
    }

    #[test]
    fn a_suite_that_only_the_user_can_equip_may_be_skipped_beside_others() {
        let rows: Vec<Row> = all().into_iter().filter(|row| row.suite != "vault-aws").collect();
        assert!(is_good(None, &rows));
        assert!(!is_good(Some("vault-aws"), &[row("vault-aws", 0, 0, 5)]), "asked for by name");
    }

    #[test]
    fn a_part_of_the_tests_needs_one_that_passed() {
        assert!(is_good(Some("lessons"), &[row("unit", 1, 0, 0)]));
        assert!(!is_good(Some("lessons"), &[row("unit", 1, 0, 0), row("engine", 0, 1, 0)]));
        assert!(!is_good(Some("lessons"), &[]), "none ran");
    }

    #[test]
    fn costs_add_up() {
        let of = |wall, cpu: Option<u64>| Row {
            cost: Cost { wall: Duration::from_secs(wall), cpu: cpu.map(Duration::from_secs) },
            ..row("unit", 1, 0, 0)
        };
        let sum = total(&[&of(2, Some(3)), &of(4, None)]);
        assert_eq!((sum.wall, sum.cpu), (Duration::from_secs(6), Some(Duration::from_secs(3))));
        assert_eq!(total(&[&of(1, None)]).cpu, None);
        assert_eq!(time(sum), "6.0 s, cpu 3.0 s");
    }
}
