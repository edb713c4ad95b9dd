//! One fault at every call of every rotation, in every way and with every end; the table at the end shows that none is missing.

use faults::{Suite, block_on, named, note_runs};
use lambda_trials::{Case, Life, System, Then};
use rotation::testing::Fault;

const STEPS: [&str; 4] = ["create", "set", "test", "finish"];

fn main() {
    let headings = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    let calls: Vec<_> =
        System::ALL.into_iter().flat_map(|system| Life::of(system).map(move |life| (system, life))).collect();
    let calls: Vec<_> = calls.into_iter().map(|(system, life)| (system, life, calls_of(system, life))).collect();
    let count = calls.iter().map(|(.., calls)| calls.len() * Fault::ALL.len() * Then::ALL.len()).sum::<usize>();
    let mut suite = Suite::new(headings, legend(count));
    for (system, life, calls) in calls {
        for (call, (step, name)) in calls.iter().enumerate() {
            let row = format!("{:4}{:9}{call:02} {:7}{name}", system.name(), format!("{life:?}"), STEPS[*step]);
            for (column, fault) in Fault::ALL.into_iter().enumerate() {
                suite.add(&row, column, move || prove(system, life, (call, fault)));
            }
        }
    }
    suite.run()
}

fn calls_of(system: System, life: Life) -> Vec<(usize, String)> {
    block_on(life.calls(system)).unwrap_or_else(|error| panic!("{system:?} {life:?}: {error:#}"))
}

fn legend(count: usize) -> &'static str {
    Box::leak(
        format!(
            "{count} cases. A cell shows how many tries a step needed after the fault until it ended well (at most 4, none where the fault was overcome):\n\
             for the same step again, for all four steps again a day later, and for a new rotation after a person took AWSPENDING off."
        )
        .into_boxed_str(),
    )
}

fn prove(system: System, life: Life, (call, fault): (usize, Fault)) -> String {
    let show = |then: &Then| {
        let case = Case { system, life, call, fault, then: *then };
        let tries = named(&format!("{then:?}"), || block_on(case.prove()).unwrap_or_else(|error| panic!("{error:#}")));
        note_runs(tries);
        tries.to_string()
    };
    Then::ALL.iter().map(show).collect()
}
