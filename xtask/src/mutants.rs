//! `cargo xtask mutants CRATE`: changes one operator or return value of a crate at a time, and counts the changes that no trial notices.
//!
//! cargo-mutants says which changes there are. They are made in the copy of the sources that also proves safeties, and tried by the crate's
//! own trials.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::changed::{Ran, Tree, Trials};
use crate::suites::Need;
use crate::{paths, stage, tools};

/// A crate, and what tries its mutants.
struct Crate {
    name: &'static str,
    package: &'static str,
    /// Arguments of `cargo test`, the quickest first: the next are run where these notice nothing.
    tests: &'static [&'static str],
    needs: &'static [Need],
    /// One mutant of so many is tried, unless the command says otherwise.
    every: usize,
    /// So many of a hundred must be noticed.
    goal: usize,
}

const SERVERS: &[Need] = &[Need::OpenBao, Need::Postgres, Need::MariaDb];

const CRATES: &[Crate] = &[
    Crate {
        name: "rotation",
        package: "rotation",
        tests: &[concat!(
            "-p rotation --config profile.dev.package.rotation.opt-level=0 ",
            "--lib --test lives --test older --test published --test leases --test rules"
        )],
        needs: &[],
        every: 16,
        goal: 95,
    },
    Crate {
        name: "framework",
        package: "pulumi-provider",
        tests: &["-p pulumi-provider --lib --test config --test lifecycle --test process --test replay --test robust"],
        needs: &[],
        every: 24,
        goal: 85,
    },
    Crate {
        name: "aws",
        package: "system-aws",
        tests: &["-p system-aws --lib", "--workspace --features plugin/test-clock --test conformance -- localcloud::"],
        needs: &[],
        every: 8,
        goal: 85,
    },
    Crate {
        name: "oci",
        package: "system-oci",
        tests: &["-p system-oci --lib", "--workspace --features plugin/test-clock --test conformance -- oci"],
        needs: &[],
        every: 24,
        goal: 85,
    },
    Crate {
        name: "confluent",
        package: "system-confluent",
        tests: &[
            "-p system-confluent --lib",
            "--workspace --features plugin/test-clock --test conformance -- confluent",
        ],
        needs: &[],
        every: 12,
        goal: 85,
    },
    Crate {
        name: "vault",
        package: "system-vault",
        tests: &["-p system-vault --lib", "--workspace --features plugin/test-clock --test vault -- openbao::"],
        needs: SERVERS,
        every: 48,
        goal: 85,
    },
];

/// Trials that take longer than that on a mutant go round in a circle: that is noticed as well.
const LIMIT: Duration = Duration::from_secs(240);

/// A change, as cargo-mutants tells it.
#[derive(Debug, Deserialize)]
struct Mutant {
    name: String,
    file: String,
    span: Span,
    replacement: String,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

/// A place in a text; both count from 1, the column in characters.
#[derive(Debug, Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

/// What came of one mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Noticed,
    Survived,
    NoBuild,
}

/// Tries one mutant of `every` of a crate, the first included.
///
/// # Errors
/// When there is no such crate, or something cannot be built. Too many survivors are an exit code.
pub(crate) fn run(name: &str, every: Option<&str>) -> Result<ExitCode> {
    let Some(tried) = CRATES.iter().find(|known| known.name == name) else {
        let names: Vec<&str> = CRATES.iter().map(|known| known.name).collect();
        bail!("no such crate: {name}; there are {}", names.join(", "));
    };
    let every = every.map_or(Ok(tried.every), str::parse).context("one mutant of how many?")?;
    ensure!(every > 0, "one mutant of how many?");
    let trials = Trials { tree: Tree::sync()?, variables: stage::tools_for(tried.needs)?, limit: LIMIT };
    let all = mutants(&trials.tree, tried.package)?;
    tried.tests.iter().try_for_each(|test| trials.must_pass(test))?;
    let mut fates = Vec::new();
    for mutant in all.iter().step_by(every) {
        let begun = Instant::now();
        let fate = try_out(&trials, tried, mutant)?;
        println!("{fate:?} after {} s: {}", begun.elapsed().as_secs(), mutant.name);
        fates.push((fate, mutant));
    }
    conclude(tried, &fates, (all.len(), every))
}

fn conclude(tried: &Crate, fates: &[(Fate, &Mutant)], (all, every): (usize, usize)) -> Result<ExitCode> {
    let count = |fate: Fate| fates.iter().filter(|(one, _)| *one == fate).count();
    let (noticed, survived) = (count(Fate::Noticed), count(Fate::Survived));
    ensure!(noticed + survived > 0, "no mutant was tried");
    let percent = noticed * 100 / (noticed + survived);
    println!(
        "\n{}: {noticed} of {} mutants noticed, {percent} %; {} do not compile; one of {every} of {all} was tried",
        tried.name,
        noticed + survived,
        count(Fate::NoBuild)
    );
    for (_, mutant) in fates.iter().filter(|(fate, _)| *fate == Fate::Survived) {
        println!("survived: {}", mutant.name);
    }
    Ok(if percent >= tried.goal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn mutants(tree: &Tree, package: &str) -> Result<Vec<Mutant>> {
    let program = tools::mutants::program()?;
    let mut list = Command::new(program);
    list.args(["mutants", "--list", "--json", "--package", package]).current_dir(tree.folder());
    let output = list.output().context("cannot start cargo-mutants")?;
    ensure!(output.status.success(), "cargo-mutants lists nothing: {}", String::from_utf8_lossy(&output.stderr));
    fs::write(paths::log("mutants")?, &output.stdout).context("cannot write the list")?;
    let mut all: Vec<Mutant> =
        serde_json::from_slice(&output.stdout).context("cargo-mutants lists otherwise than this version did")?;
    // What only tests use is no part of the product.
    all.retain(|mutant| !mutant.file.contains("/src/testing/"));
    Ok(all)
}

fn try_out(trials: &Trials, tried: &Crate, mutant: &Mutant) -> Result<Fate> {
    let text = trials.tree.read(&mutant.file)?;
    trials.tree.write(&mutant.file, &mutated(&text, mutant)?)?;
    let fate = fate(trials, tried);
    trials.tree.copy(&mutant.file)?;
    fate
}

fn fate(trials: &Trials, tried: &Crate) -> Result<Fate> {
    for test in tried.tests {
        match trials.run("a mutant", test, |failed| !failed.is_empty())? {
            Ran::NoBuild(_) => return Ok(Fate::NoBuild),
            Ran::Failed(failed) if !failed.is_empty() => return Ok(Fate::Noticed),
            Ran::Failed(_) => {}
        }
    }
    Ok(Fate::Survived)
}

/// The text with the change.
fn mutated(text: &str, mutant: &Mutant) -> Result<String> {
    let place = |place: &Place| offset(text, place).with_context(|| format!("{}: not in the file", mutant.name));
    let (start, end) = (place(&mutant.span.start)?, place(&mutant.span.end)?);
    ensure!(start <= end, "{}: it ends before it begins", mutant.name);
    Ok(format!("{}{}{}", &text[..start], mutant.replacement, &text[end..]))
}

fn offset(text: &str, place: &Place) -> Option<usize> {
    let line_start: usize = text.split_inclusive('\n').take(place.line.checked_sub(1)?).map(str::len).sum();
    let line = text.get(line_start..)?;
    let before: usize = line.chars().take(place.column.checked_sub(1)?).map(char::len_utf8).sum();
    Some(line_start + before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(start: (usize, usize), end: (usize, usize), replacement: &str) -> Mutant {
        let place = |(line, column)| Place { line, column };
        let span = Span { start: place(start), end: place(end) };
        Mutant { name: "m".to_owned(), file: "f".to_owned(), span, replacement: replacement.to_owned() }
    }

    #[test]
    fn a_change_stands_where_it_was_told() {
        let text = "fn a() {\n    \"é\" == b\n}\n";
        assert_eq!(mutated(text, &mutant((2, 9), (2, 11), "!=")).unwrap(), "fn a() {\n    \"é\" != b\n}\n");
        assert_eq!(mutated(text, &mutant((1, 8), (3, 2), "{}")).unwrap(), "fn a() {}\n");
        assert!(mutated(text, &mutant((2, 5), (1, 1), "")).is_err());
    }

    #[test]
    fn too_many_survivors_fail() {
        let (good, bad) = (mutant((1, 1), (1, 1), ""), mutant((1, 1), (1, 1), ""));
        let mut fates = vec![(Fate::Noticed, &good); 20];
        let code = |fates: &[(Fate, &Mutant)]| conclude(&CRATES[0], fates, (20, 1)).ok();
        assert_eq!(code(&fates), Some(ExitCode::SUCCESS));
        fates.extend([(Fate::Survived, &bad), (Fate::Survived, &bad), (Fate::NoBuild, &bad)]);
        assert_eq!(code(&fates), Some(ExitCode::FAILURE));
        assert_eq!(code(&[(Fate::NoBuild, &bad)]), None);
    }
}
