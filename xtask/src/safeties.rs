//! `cargo xtask safeties`: takes each listed safety out of a copy of the sources and insists that its trials fail.

mod list;
mod page;
mod prove;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::changed::{Tree, Trials};
use crate::stage;
use list::{Group, Safety};
use prove::Outcome;

/// A program of trials may take that long.
const LIMIT: Duration = Duration::from_secs(600);

/// Proves every safety, or those that are named.
///
/// # Errors
/// When a name is unknown, the list cannot be read, or nothing can be built. A safety that is not proven is an exit code.
pub(crate) fn run(names: &[&str]) -> Result<ExitCode> {
    let groups = list::read()?;
    let chosen = choose(&groups, names)?;
    let needs: Vec<_> = chosen.iter().flat_map(|(group, _)| group.needs()).collect();
    let trials = Trials { tree: Tree::sync()?, variables: stage::tools_for(&list::distinct(needs))?, limit: LIMIT };
    let started = Instant::now();
    for test in list::distinct(chosen.iter().map(|(group, safety)| safety.test(group).to_owned()).collect()) {
        trials.must_pass(&test)?;
    }
    let mut missed = Vec::new();
    for (number, (group, safety)) in chosen.iter().enumerate() {
        let outcome = prove::prove(&trials, group, safety)?;
        println!("{:>3}/{} {}: {outcome}", number + 1, chosen.len(), safety.name);
        if !matches!(outcome, Outcome::Proven(_)) {
            missed.push(&safety.name);
        }
    }
    println!(
        "\n{} of {} safeties proven in {} s",
        chosen.len() - missed.len(),
        chosen.len(),
        started.elapsed().as_secs()
    );
    for name in &missed {
        println!("not proven: {name}: cargo xtask safeties {name}");
    }
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what there is.
///
/// # Errors
/// When the list cannot be read.
pub(crate) fn list() -> Result<ExitCode> {
    for group in list::read()? {
        println!("{}", group.title);
        group.safety.iter().for_each(|safety| println!("  {:<32} {}", safety.name, safety.guards));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the tables of docs/safeties.md.
///
/// # Errors
/// When the list cannot be read or the page not be written.
pub(crate) fn write_page() -> Result<ExitCode> {
    page::write(&list::read()?)?;
    Ok(ExitCode::SUCCESS)
}

fn choose<'a>(groups: &'a [Group], names: &[&str]) -> Result<Vec<(&'a Group, &'a Safety)>> {
    let all = || groups.iter().flat_map(|group| group.safety.iter().map(move |safety| (group, safety)));
    if let Some(unknown) = names.iter().find(|name| all().all(|(_, safety)| safety.name != **name)) {
        bail!("no such safety: {unknown}; see `cargo xtask safeties --list`");
    }
    Ok(all().filter(|(_, safety)| names.is_empty() || names.contains(&&*safety.name)).collect())
}
