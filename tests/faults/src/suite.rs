use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::{Table, most_runs};

/// Trials that each fill one cell of a table, which is printed at the end.
pub struct Suite {
    arguments: Arguments,
    trials: Vec<Trial>,
    table: Arc<Table>,
    headings: Vec<String>,
    legend: &'static str,
}

impl Suite {
    /// A suite with these columns. `legend` says what a cell shows.
    pub fn new(headings: Vec<String>, legend: &'static str) -> Self {
        Self { arguments: Arguments::from_args(), trials: Vec::new(), table: Arc::default(), headings, legend }
    }

    /// Adds a trial; what it returns fills the cell, and a panic fails it.
    pub fn add(&mut self, row: &str, column: usize, prove: impl FnOnce() -> String + Send + 'static) {
        self.table.expect(row, column);
        let (table, place) = (Arc::clone(&self.table), row.to_owned());
        let heading = self.headings.get(column).map_or("", String::as_str);
        let title = format!("{}/{heading}", row.split_whitespace().collect::<Vec<_>>().join("/"));
        self.trials.push(Trial::test(title, move || {
            let proof = catch_unwind(AssertUnwindSafe(prove)).map_err(|panic| Failed::from(told(&*panic)))?;
            table.fill(&place, column, proof);
            Ok(())
        }));
    }

    /// Adds what is skipped, and why.
    pub fn skip(&mut self, name: &str, why: String) {
        self.trials.push(Trial::ignorable_test(name.to_owned(), move || Ok(Completion::ignored_with(why))));
    }

    /// Runs everything, prints the table and ends the process: with a failure if a trial failed or, unless only a part
    /// was asked for, a cell is empty.
    pub fn run(self) -> ! {
        let Self { arguments, trials, table, headings, legend } = self;
        let part = arguments.filter.is_some() || !arguments.skip.is_empty() || arguments.ignored;
        let conclusion = libtest_mimic::run(&arguments, trials);
        if arguments.list {
            conclusion.exit();
        }
        println!("{}\n{legend}", table.print(&headings));
        println!(
            "Liveness: no case needed more than {} plain runs after its last fault; more than 4 fail.",
            most_runs()
        );
        if !part && table.empty() > 0 {
            println!("{} cells are empty", table.empty());
            std::process::exit(1);
        }
        conclusion.exit()
    }
}

/// Runs a future to its end on a runtime of its own.
///
/// # Panics
/// When no runtime can be had.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_or_else(|error| unreachable!("no runtime: {error}"), |runtime| runtime.block_on(future))
}

/// Runs a proof so that its panic begins with this name.
///
/// # Panics
/// When the proof does.
pub fn named<T>(name: &str, prove: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(prove)) {
        Ok(proof) => proof,
        Err(panic) => resume_unwind(Box::new(format!("{name}: {}", told(&*panic)))),
    }
}

fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
