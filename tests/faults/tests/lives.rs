//! One trial for every call of every life on every system and every way to fail; the table at the end shows that none is missing.

use faults::{Case, calls_of, rigs};
use libtest_mimic::{Arguments, Trial};
use rotation::testing::{Fault, Life};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut table = String::new();
    for (system, make) in rigs() {
        for life in Life::ALL {
            let calls = block_on(calls_of(make, life));
            for (call, name) in calls.iter().enumerate() {
                for fault in Fault::ALL {
                    let title = format!("{system}/{life:?}/{call:02} {name}/{fault:?}");
                    let case = Case { make, life, call, fault };
                    trials.push(Trial::test(title, move || {
                        block_on(case.prove());
                        Ok(())
                    }));
                }
            }
            table.push_str(&format!(
                "{:<16}{:<18}{:>3} calls × {} faults\n",
                system,
                format!("{life:?}"),
                calls.len(),
                Fault::ALL.len()
            ));
            assert!(!calls.is_empty(), "{system} {life:?} makes no call");
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!("{table}");
    }
    conclusion.exit();
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}
