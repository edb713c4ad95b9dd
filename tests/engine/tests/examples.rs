//! Programs in examples/, each led through its life: all in YAML and Python, and one in each other language. `examples_all` runs every one.

use anyhow::{Result, ensure};
use engine::Example;
use libtest_mimic::Arguments;

/// The system whose program is run in every language.
const SYSTEM: &str = "aws-";

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let chosen =
        |example: &Example| ["yaml", "python"].contains(&&*example.language) || example.name.starts_with(SYSTEM);
    let examples: Vec<_> = Example::all()?.into_iter().filter(chosen).collect();
    for language in ["yaml", "python", "typescript", "go", "java"] {
        ensure!(examples.iter().any(|example| example.language == language), "there is no program in {language}");
    }
    libtest_mimic::run(&arguments, examples.into_iter().map(Example::trial).collect()).exit()
}
