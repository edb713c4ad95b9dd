//! The same as `lives` and `others`, for Vault's resources on a real OpenBao. Without one, a single test says so and is skipped; without PostgreSQL, one for
//! leases.

use faults::{
    Case, Rivals, Runs, Stranger, Suite, System, Then, VAULT, VAULT_LEASE, block_on, calls_of, is_mint, named, stripped,
};
use libtest_mimic::{Arguments, Completion, Trial};
use rotation::testing::{Fault, Life};

const OTHERS: [&str; 4] = ["stranger", "stranger and fault", "marks removed", "second stack"];

fn main() {
    if let Err(absent) = conformance::vault_program() {
        let skipped = Trial::ignorable_test("vault", move || Ok(Completion::ignored_with(absent.to_string())));
        libtest_mimic::run(&Arguments::from_args(), vec![skipped]).exit();
    }
    let headings = Fault::ALL.iter().map(|fault| format!("{fault:?}")).chain(OTHERS.map(str::to_owned));
    let mut suite = Suite::new(headings.collect(), LEGEND);
    let lacking = conformance::lease_programs().err();
    for system in VAULT {
        match &lacking {
            Some(absent) if system.name == VAULT_LEASE.name => suite.skip(system.name, absent.to_string()),
            _ => add(&mut suite, system),
        }
    }
    suite.run()
}

fn add(suite: &mut Suite, system: System) {
    let creates = block_on(calls_of(system, Life::Create));
    for life in system.lives() {
        let calls = block_on(calls_of(system, life));
        assert!(!calls.is_empty(), "{life:?} makes no call");
        for (call, name) in calls.iter().enumerate() {
            let row = format!("{:16}{:17}{call:02} {name}", system.name, format!("{life:?}"));
            for (column, fault) in Fault::ALL.into_iter().enumerate() {
                suite.add(&row, column, move || prove(system, life, (call, fault)));
            }
            let first = Fault::ALL.len();
            suite.add(&row, first, move || stranger(system, life, call, None));
            if calls.iter().any(|call| is_mint(call)) && (!system.is_twin || life == Life::Create) {
                suite.add(&row, first + 1, move || strangers(system, life, call));
            }
            suite.add(&row, first + 2, move || block_on(stripped(system, life, call)).to_owned());
            if matches!(life, Life::Create | Life::RotateByKeepers | Life::Delete) {
                let (calls, creates) = (calls.clone(), creates.clone());
                suite.add(&row, first + 3, move || rivals(system, life, (&calls, call), &creates));
            }
        }
    }
}

const LEGEND: &str = "A cell under a fault shows how many plain runs it took after it until one was quiet (at most 4): for a plain retry and, where a fault\n\
    leaves all that can be left, for one after a new period began and for one with keepers changed back. p: a person deleted a key that\n\
    the error had named. stranger: what became of a key that somebody made just before this call, without and with a fault at the\n\
    mint; replaced: a write replaces everything, and what came since the last look is lost. second stack: who got a key when another Create\n\
    came at this call.";

fn prove(system: System, life: Life, (call, fault): (usize, Fault)) -> String {
    let show = |then: &Then| {
        let case = Case { system, life, call, fault, then: *then };
        let Runs { to_quiet, with_a_person, .. } = named(&format!("{then:?}"), || block_on(case.prove()));
        format!("{to_quiet}{}", if with_a_person { "p" } else { "" })
    };
    Then::after(fault, system).iter().map(show).collect()
}

fn stranger(system: System, life: Life, call: usize, mint: Option<Fault>) -> String {
    block_on(Stranger { system, life, call, mint }.prove()).to_owned()
}

fn strangers(system: System, life: Life, call: usize) -> String {
    let all = [Fault::HangAfter, Fault::DieBefore];
    let mut fates: Vec<_> =
        all.iter().map(|fault| named(&format!("{fault:?}"), || stranger(system, life, call, Some(*fault)))).collect();
    fates.dedup();
    fates.join("; ")
}

fn rivals(system: System, life: Life, (calls, ours): (&[String], usize), creates: &[String]) -> String {
    // Two writes of which each replaces everything cannot pass one another: one resource of a process writes and reads back after the
    // other, and of two processes that do so in one moment one loses its key, which is documented.
    let is_alone =
        |calls: &[String], at: usize| calls[at.saturating_sub(1)..=at].iter().any(|call| system.is_replacing(call));
    if is_alone(calls, ours) {
        return "not tried".to_owned();
    }
    // Of one that has the same model as another, every third place in the other's Create must do.
    let apart = if system.is_twin { 3 } else { 1 };
    let places = (0..creates.len()).step_by(apart).filter(|theirs| !is_alone(creates, *theirs));
    let all = places.filter(|_| life == Life::Create).map(Some).chain([None]);
    let won =
        all.map(|theirs| named(&format!("{theirs:?}"), || block_on(Rivals { system, life, ours, theirs }.prove())));
    let mut won: Vec<_> = won.collect();
    won.sort_unstable();
    let counted = won.chunk_by(|one, other| one == other).map(|same| format!("{} {}", same.len(), same[0]));
    counted.collect::<Vec<_>>().join(", ")
}
