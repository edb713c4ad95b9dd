//! Two faults in a row: after each fault of the first kind, every second one in the rest of the run and in the runs that follow.
//!
//! On the reference model all pairs of all lives. On AWS the pairs of calls that change something, where the first has no
//! answer or is the process's last, and the second is refused, has no answer, or is the process's last; in the lives that mint
//! first, mint again, replace, and delete.

use faults::{Pairs, SYSTEMS, Suite, System, Tried, block_on, calls_of};
use rotation::testing::{Fault, Life};

fn main() {
    let headings = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    let mut suite = Suite::new(headings, LEGEND);
    for system in SYSTEMS.into_iter().filter(|system| system.is_cheap || system.name == "aws") {
        for life in system.lives().filter(|life| system.is_cheap || SHORT.contains(life)) {
            for (call, name) in block_on(calls_of(system, life)).iter().enumerate() {
                let row = format!("{:16}{:17}{call:02} {name}", system.name, format!("{life:?}"));
                for (column, fault) in Fault::ALL.into_iter().enumerate() {
                    if system.is_cheap || (FIRST.contains(&fault) && !is_read(name)) {
                        suite.add(&row, column, move || prove(system, life, (call, fault)));
                    }
                }
            }
        }
    }
    suite.run()
}

const LEGEND: &str = "A row and a column are the first fault. A cell shows how many second faults were tried after it, and the largest number of plain\n\
    runs that any of them needed (at most 4); p: after how many a person had to delete a key that an error had named. The model: every kind at every later call until a run is quiet. The clouds, so that the suite\n\
    stays short: calls that change something; first a lost answer or a death after the effect, then a refusal, a lost answer or a\n\
    death after the effect.";

const SHORT: [Life; 4] = [Life::Create, Life::RotateByKeepers, Life::Replace, Life::Delete];
const FIRST: [Fault; 2] = [Fault::HangAfter, Fault::DieAfter];
const SECOND: [Fault; 3] = [Fault::Before, Fault::HangAfter, Fault::DieAfter];

fn is_read(call: &str) -> bool {
    ["List", "Get", "Read"].iter().any(|verb| call.starts_with(verb))
}

fn prove(system: System, life: Life, (call, fault): (usize, Fault)) -> String {
    let seconds = if system.is_cheap { &Fault::ALL[..] } else { &SECOND };
    let pairs = Pairs { system, life, call, fault, seconds, only_writes: !system.is_cheap };
    let Tried { pairs, most_runs, with_a_person } = block_on(pairs.prove());
    let person = if with_a_person > 0 { format!(" p{with_a_person}") } else { String::new() };
    format!("{pairs}:{most_runs}{person}")
}
