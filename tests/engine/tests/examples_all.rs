//! Every program in examples/, each led through its life: each of the four systems in each of the five languages, and more.

use anyhow::{Result, ensure};
use engine::Example;
use libtest_mimic::Arguments;

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let examples = Example::all()?;
    for system in ["aws", "confluent", "oci", "vault"] {
        for language in ["yaml", "python", "typescript", "go", "java"] {
            let name = format!("{system}-{language}");
            ensure!(examples.iter().any(|example| example.name == name), "there is no example {name}");
        }
    }
    libtest_mimic::run(&arguments, examples.into_iter().map(Example::trial).collect()).exit()
}
