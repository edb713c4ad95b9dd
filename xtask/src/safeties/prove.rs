//! Taking one safety out, and seeing what fails.

use std::fmt;

use anyhow::Result;

use super::list::{Group, Safety};
use crate::changed::{Ran, Trials};

/// What came of taking a safety out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its trials fail, the first of them this one.
    Proven(String),
    /// Nothing fails.
    Unnoticed,
    /// Other trials fail, and these do not.
    Others { missing: Vec<String>, failed: Vec<String> },
    /// The change does not compile, which proves nothing.
    NoBuild(String),
    /// What is to be changed is not there any more.
    Lost(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven(first) => write!(f, "proven by {first}"),
            Self::Unnoticed => write!(f, "NOT PROVEN: nothing fails without it"),
            Self::Others { missing, failed } => write!(f, "NOT PROVEN: {missing:?} pass; these fail: {failed:?}"),
            Self::NoBuild(words) => write!(f, "NOT PROVEN: the change does not compile\n{words}"),
            Self::Lost(words) => write!(f, "NOT PROVEN: {words}"),
        }
    }
}

/// Takes a safety out of the copy, runs its trials, and puts it back.
///
/// # Errors
/// When the copy cannot be changed, or a program not be started.
pub(crate) fn prove(trials: &Trials, group: &Group, safety: &Safety) -> Result<Outcome> {
    let outcome = match take_out(trials, safety) {
        Ok(()) => {
            let is_enough = |failed: &[String]| missing(safety, failed).is_empty();
            let ran = trials.run(&format!("without {}", safety.name), safety.test(group), is_enough);
            ran.map(|ran| judge(safety, ran))
        }
        Err(error) => Ok(Outcome::Lost(format!("{error:#}"))),
    };
    safety.edit.iter().try_for_each(|edit| trials.tree.copy(&edit.file))?;
    outcome
}

fn take_out(trials: &Trials, safety: &Safety) -> Result<()> {
    for edit in &safety.edit {
        let text = edit.apply(&trials.tree.read(&edit.file)?)?;
        trials.tree.write(&edit.file, &text)?;
    }
    Ok(())
}

fn judge(safety: &Safety, ran: Ran) -> Outcome {
    let failed = match ran {
        Ran::NoBuild(words) => return Outcome::NoBuild(words),
        Ran::Failed(failed) => failed,
    };
    let missing = missing(safety, &failed);
    match failed.first() {
        None => Outcome::Unnoticed,
        Some(first) if missing.is_empty() => Outcome::Proven(first.clone()),
        Some(_) => Outcome::Others { missing, failed },
    }
}

/// The trials that have to fail and did not.
fn missing(safety: &Safety, failed: &[String]) -> Vec<String> {
    let has_failed = |part: &String| failed.iter().any(|name| name.contains(part.as_str()));
    safety.fails.iter().filter(|part| !has_failed(part)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safety(fails: &[&str]) -> Safety {
        let fails: Vec<String> = fails.iter().map(|part| format!("{part:?}")).collect();
        let text = format!("name = 'a'\nguards = 'b'\nchange = 'c'\nedit = []\nfails = [{}]", fails.join(","));
        toml::from_str(&text).unwrap()
    }

    fn judged(failed: &[&str]) -> Outcome {
        judge(&safety(&["one", "two"]), Ran::Failed(failed.iter().map(|name| (*name).to_owned()).collect()))
    }

    #[test]
    fn only_the_failure_of_each_named_trial_proves_a_safety() {
        assert_eq!(judged(&["a::one", "a::two", "more"]), Outcome::Proven("a::one".to_owned()));
        assert_eq!(judged(&[]), Outcome::Unnoticed);
        let failed = vec!["a::one".to_owned()];
        assert_eq!(judged(&["a::one"]), Outcome::Others { missing: vec!["two".to_owned()], failed });
        let no_build = Ran::NoBuild("x".to_owned());
        assert_eq!(judge(&safety(&["one"]), no_build), Outcome::NoBuild("x".to_owned()));
    }
}
