//! One trial for every call to a store in every life of a delivered key, and on the reference model for every call, in every way to fail. At each
//! point of each trial a consumer reads the stores, and calls the system with what it read.

use std::sync::atomic::{AtomicUsize, Ordering};

use faults::{Case, DELIVERING, Delivery, Suite, System, Then, block_on, calls_of, named};
use rotation::testing::{Fault, Life};

fn main() {
    let headings = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    let mut suite = Suite::new(headings, LEGEND);
    for system in DELIVERING {
        for life in system.lives() {
            let calls = block_on(calls_of(system, life));
            for (call, name) in calls.iter().enumerate().filter(|(_, name)| system.is_cheap || is_of_store(name)) {
                let row = format!("{:16}{:17}{call:02} {name}", system.name, format!("{life:?}"));
                for (column, fault) in Fault::ALL.into_iter().enumerate() {
                    suite.add(&row, column, move || prove(system, life, (call, fault)));
                }
            }
        }
    }
    suite.run()
}

const LEGEND: &str = "A cell shows how many plain runs it took after the fault until one was quiet (at most 4), and how often a consumer used what it had read from a store.\n\
    p: a person deleted a key that the error had named, of a Create that died at a full quota after it had given that key to a store.";

fn prove(system: System, life: Life, (call, fault): (usize, Fault)) -> String {
    let thens = if system.is_cheap { Then::after(fault, system) } else { &[Then::Retry] };
    let mut cell = String::new();
    let mut uses = 0;
    for then in thens {
        let case = Case { system, life, call, fault, then: *then };
        let read = named(&format!("{then:?}"), || block_on(Delivery(case).prove()));
        cell.push_str(&read.runs.to_quiet.to_string());
        cell.push_str(if read.runs.with_a_person { "p" } else { "" });
        uses += read.uses;
    }
    ALL.fetch_add(uses, Ordering::Relaxed);
    format!("{cell} {uses}")
}

static ALL: AtomicUsize = AtomicUsize::new(0);

/// The actions of Secrets Manager.
fn is_of_store(call: &str) -> bool {
    ["Secret", "SecretVersion"].iter().any(|part| call.contains(part)) && !call.contains("CustomerSecretKey")
}
