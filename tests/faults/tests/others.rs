//! Others act on the principal at every call of every life: strangers make keys, marks are removed, a second stack creates.

use faults::{Rivals, SYSTEMS, Stranger, Suite, System, block_on, calls_of, is_mint, named, stripped};
use rotation::testing::{Fault, Life};

const COLUMNS: [&str; 4] = ["stranger", "stranger, and the mint fails in each way", "marks removed", "second stack"];

fn main() {
    let mut suite = Suite::new(COLUMNS.map(str::to_owned).to_vec(), LEGEND);
    for system in SYSTEMS {
        let creates = block_on(calls_of(system, Life::Create)).len();
        for life in system.lives() {
            let calls = block_on(calls_of(system, life));
            for (call, name) in calls.iter().enumerate() {
                let row = format!("{:16}{:17}{call:02} {name}", system.name, format!("{life:?}"));
                suite.add(&row, 0, move || stranger(system, life, call, None));
                if mints(&calls) && (system.is_cheap || life == Life::Create) {
                    suite.add(&row, 1, move || strangers(system, life, call));
                }
                suite.add(&row, 2, move || block_on(stripped(system, life, call)).to_owned());
                if takes_rivals(system, life) {
                    suite.add(&row, 3, move || rivals(system, life, (call, creates)));
                }
            }
        }
    }
    suite.run()
}

const LEGEND: &str = "stranger: what became of a key that a stranger made just before this call.\n\
    second stack: this run is held at this call while another stack's Create runs up to each of its own calls, or to its end;\n\
    then this one goes on, then the other. The cell counts who got the key. On AWS, Confluent Cloud and OCI for Create, RotateByKeepers and Delete.";

fn stranger(system: System, life: Life, call: usize, mint: Option<Fault>) -> String {
    block_on(Stranger { system, life, call, mint }.prove()).to_owned()
}

fn strangers(system: System, life: Life, call: usize) -> String {
    let all = if system.is_cheap { &Fault::ALL[..] } else { &[Fault::HangAfter, Fault::DieBefore] };
    let mut fates: Vec<_> =
        all.iter().map(|fault| named(&format!("{fault:?}"), || stranger(system, life, call, Some(*fault)))).collect();
    fates.sort();
    fates.dedup();
    fates.join("; ")
}

fn mints(calls: &[String]) -> bool {
    calls.iter().any(|call| is_mint(call))
}

/// An import marks nothing before its first rotation, so that it keeps nobody out.
fn takes_rivals(system: System, life: Life) -> bool {
    let cheap = system.is_cheap && life != Life::Import;
    cheap || matches!(life, Life::Create | Life::RotateByKeepers | Life::Delete)
}

fn rivals(system: System, life: Life, (ours, creates): (usize, usize)) -> String {
    let all = (0..creates).filter(|_| system.is_cheap || life == Life::Create).map(Some);
    let mut won: Vec<_> = all
        .chain([None])
        .map(|theirs| named(&format!("{theirs:?}"), || block_on(Rivals { system, life, ours, theirs }.prove())))
        .collect();
    won.sort();
    let counted: Vec<_> =
        won.chunk_by(|one, other| one == other).map(|same| format!("{} {}", same.len(), same[0])).collect();
    counted.join(", ")
}
