//! One trial for every call of every life on every system and every way to fail; the table at the end shows that none is missing.

use faults::{Case, Runs, SYSTEMS, Suite, System, Then, block_on, calls_of, named};
use rotation::testing::{Fault, Life};

fn main() {
    let headings = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    let mut suite = Suite::new(headings, LEGEND);
    for system in SYSTEMS {
        for life in system.lives() {
            let calls = block_on(calls_of(system, life));
            assert!(!calls.is_empty(), "{life:?} makes no call on {}", system.name);
            for (call, name) in calls.iter().enumerate() {
                let row = format!("{:16}{:17}{call:02} {name}", system.name, format!("{life:?}"));
                for (column, fault) in Fault::ALL.into_iter().enumerate() {
                    suite.add(&row, column, move || prove(system, life, (call, fault)));
                }
            }
        }
    }
    suite.run()
}

const LEGEND: &str = "A cell shows how many plain runs it took after the fault until one was quiet (at most 4): for a plain retry, for one after a\n\
    new period began, for one with keepers changed back, and for one two hours later. p: a person deleted a key that the error had\n\
    named (of a Create that died between its last call and the engine's save, at the quota, or of a replaced instance whose Delete died, where the last use is not told). On AWS, Confluent Cloud and OCI the second and third are tried\n\
    for the faults that leave all that can be left, a lost answer and both deaths (on OCI a death after the effect), and the fourth is left to the model.";

fn prove(system: System, life: Life, (call, fault): (usize, Fault)) -> String {
    let thens = Then::after(fault, system);
    let show = |then: &Then| {
        let Runs { to_quiet, with_a_person, .. } =
            named(&format!("{then:?}"), || block_on(Case { system, life, call, fault, then: *then }.prove()));
        format!("{to_quiet}{}", if with_a_person { "p" } else { "" })
    };
    thens.iter().map(show).collect()
}
