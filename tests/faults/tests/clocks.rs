//! A machine whose clock is wrong, by less and by more than lists lag, at a mint without an answer: nothing is left over.
//!
//! Vault is not here: there a key's name is chosen before it is made, and its lists do not lag, so that no time decides.

use faults::{Case, Suite, System, Then, WRONG_CLOCKS, block_on, calls_of, is_mint};
use rotation::testing::{Fault, Life};

fn main() {
    let mut suite = Suite::new(FAULTS.iter().map(|fault| format!("{fault:?}")).collect(), LEGEND);
    for system in WRONG_CLOCKS {
        for life in [Life::Create, Life::RotateByKeepers] {
            let Some(mint) = block_on(calls_of(system, life)).iter().position(|call| is_mint(call)) else {
                unreachable!("{life:?} makes no key on {}", system.name)
            };
            for (column, fault) in FAULTS.into_iter().enumerate() {
                suite.add(&format!("lesson_c5_clock {} {life:?}", system.name), column, move || {
                    prove(system, life, (mint, fault))
                });
            }
        }
    }
    suite.run()
}

const FAULTS: [Fault; 6] = [Fault::After, Fault::Hang, Fault::HangAfter, Fault::Cut, Fault::DieBefore, Fault::DieAfter];

const LEGEND: &str = "The number is how far the system's clock is ahead of the plugin's. A cell shows how many plain runs it took after the fault at the mint until one was quiet.";

fn prove(system: System, life: Life, (call, fault): (usize, Fault)) -> String {
    block_on(Case { system, life, call, fault, then: Then::Retry }.prove()).to_quiet.to_string()
}
