use faults::{Suite, block_on, named, note_runs};
use rotation::testing::Fault;

use crate::case::{Case, Then};
use crate::life::Life;
use crate::system::System;

const STEPS: [&str; 4] = ["create", "set", "test", "finish"];

/// The lives whose changing calls fail in every run of the suite: the others are much like them.
const USUAL: [(System, Life); 4] =
    [(System::Aws, Life::First), (System::Aws, Life::Third), (System::Aws, Life::Overlap), (System::Oci, Life::Third)];

/// One fault at every call of every rotation, in every way and with every end, or the part of it that a whole run of all suites can afford.
pub fn run(is_whole: bool) -> ! {
    let headings = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    let all: Vec<_> =
        System::ALL.into_iter().flat_map(|system| Life::of(system).map(move |life| (system, life))).collect();
    let lives = if is_whole { all } else { USUAL.to_vec() };
    let mut rows = Vec::new();
    for (system, life) in lives {
        for (call, (step, name)) in calls_of(system, life).into_iter().enumerate() {
            if is_whole || changes(&name) {
                let step = STEPS.get(step).copied().unwrap_or_default();
                rows.push((
                    format!("{:4}{:9}{call:02} {step:7}{name}", system.name(), format!("{life:?}")),
                    system,
                    life,
                    call,
                ));
            }
        }
    }
    let each: usize = Fault::ALL.iter().map(|fault| thens(*fault, is_whole).len()).sum();
    let mut suite = Suite::new(headings, legend(rows.len() * each));
    for (row, system, life, call) in rows {
        for (column, fault) in Fault::ALL.into_iter().enumerate() {
            suite.add(&row, column, move || prove(system, life, (call, fault), is_whole));
        }
    }
    suite.run()
}

/// A death after the effect leaves the most.
fn thens(fault: Fault, is_whole: bool) -> &'static [Then] {
    if is_whole || fault == Fault::DieAfter { &Then::ALL } else { &Then::ALL[..1] }
}

fn changes(call: &str) -> bool {
    !["Get", "List", "Describe"].iter().any(|verb| call.starts_with(verb))
}

fn calls_of(system: System, life: Life) -> Vec<(usize, String)> {
    block_on(life.calls(system)).unwrap_or_else(|error| unreachable!("{system:?} {life:?}: {error:#}"))
}

fn legend(count: usize) -> &'static str {
    let text = format!(
        "{count} cases. A cell shows how many tries a step needed after the fault until it ended well (at most 4; 0 where the fault was overcome, or another\n\
         rotation was the next one): for the same step again, then for all four steps again a day later, then for a new rotation after a person took AWSPENDING off."
    );
    Box::leak(text.into_boxed_str())
}

fn prove(system: System, life: Life, (call, fault): (usize, Fault), is_whole: bool) -> String {
    let show = |then: &Then| {
        let case = Case { system, life, call, fault, then: *then };
        let proven = || block_on(case.prove()).unwrap_or_else(|error| unreachable!("{error:#}"));
        let tries = named(&format!("{then:?}"), proven);
        note_runs(tries);
        tries.to_string()
    };
    thens(fault, is_whole).iter().map(show).collect()
}
