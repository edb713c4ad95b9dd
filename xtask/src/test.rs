//! `cargo xtask test`: prepares everything, runs the chosen tests side by side, counts.

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::cargo::Executable;
use crate::choice::{self, Choice};
use crate::job::Cost;
use crate::report::{self, Row};
use crate::schedule::{self, Pace, Task};
use crate::stage::Stage;
use crate::{cargo, lint, suites};

/// Runs the named suite, part or selection, or all.
///
/// # Errors
/// When the name is unknown. Failing tests are an exit code, not an error.
pub(crate) fn run(name: Option<&str>) -> Result<ExitCode> {
    let Some(choice) = Choice::parse(name) else {
        bail!("no such suite: {}; there are {}", name.unwrap_or_default(), choice::names().join(", "));
    };
    let started = Instant::now();
    let mut rows = Vec::new();
    match Stage::prepare(&choice) {
        Ok(stage) => {
            let cores = thread::available_parallelism().map_or(2, usize::from);
            schedule::run(tasks(&choice, &stage), cores, |row| {
                let row: Option<Row> = row;
                row.iter().for_each(Row::announce);
                rows.extend(row);
            });
        }
        Err(error) => {
            let counts = report::failure(&error);
            let cost = Cost { wall: started.elapsed(), cpu: None };
            rows.push(Row { suite: "preparation", name: String::new(), counts, cost });
        }
    }
    Ok(report::conclude(&choice, &rows, started.elapsed()))
}

/// Everything that is to be run; what a task gives is nothing if none of its tests is chosen.
fn tasks<'a>(choice: &'a Choice, stage: &'a Stage) -> Vec<Task<'a, Option<Row>>> {
    let chosen = stage.programs.iter().filter(|program| choice.takes(program) && !choice.passes_over(program));
    let mut tasks: Vec<_> = chosen.map(|program| task_of(choice, stage, program)).collect();
    if choice.has("lint") {
        tasks.extend(lint::tasks(&stage.programs, choice.is_quick()));
    }
    if choice.has("unit") && choice.is_whole() {
        let work = || {
            let mut examples = cargo::beside();
            examples.args(["test", "--doc", "--workspace", "--features", cargo::TEST_CLOCK]);
            Some(stage.measure("unit", "examples in the documentation", "documentation", &mut examples))
        };
        tasks.push(Task { pace: Pace::Builds, seconds: 30, work: Box::new(work) });
    }
    tasks
}

fn task_of<'a>(choice: &'a Choice, stage: &'a Stage, program: &'a Executable) -> Task<'a, Option<Row>> {
    let manner = suites::manner_of(program);
    let work = move || stage.run(choice, program);
    Task { pace: manner.pace, seconds: manner.seconds, work: Box::new(work) }
}
