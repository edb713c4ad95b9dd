//! The life of a key, shown: a program, the real Pulumi engine, and a stand-in of AWS.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is all about what it shows")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use engine::{Ended, Scene, TOKEN, USER};

fn main() -> ExitCode {
    let mut done = Vec::new();
    let shown = show(&mut done);
    println!("\nSummary");
    for (number, phase) in done.iter().enumerate() {
        println!("  {}. done: {phase}", number + 1);
    }
    match shown {
        Ok(()) => {
            println!(
                "All {} phases went as they should, and after every run but the last there was a key that works.",
                done.len()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("  {}. FAILED: {error:#}", done.len() + 1);
            ExitCode::FAILURE
        }
    }
}

fn show(done: &mut Vec<&'static str>) -> Result<()> {
    println!(
        "A stand-in of AWS starts on this machine, with one IAM user, `{USER}`, and no key. Nothing leaves this machine."
    );
    println!(
        "The program is examples/aws-yaml: one {TOKEN} with keepers, a period of 90 days and an overlap of 1 day."
    );
    let demo = Demo { scene: Scene::start()? };
    demo.scene.work.copy_program(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/aws-yaml"))?;
    demo.scene.work.init()?;

    demo.phase("1. pulumi up: the first key is made, and proven before anyone is given it", &["up", "--yes"], 1)?;
    done.push("create: one key, and it works");

    let calls = demo.scene.cloud.calls().len();
    demo.phase(
        "2. pulumi up again: nothing has changed, so nothing is done",
        &["up", "--yes", "--expect-no-changes"],
        1,
    )?;
    ensure!(demo.scene.cloud.calls().len() == calls, "a run that had nothing to do called AWS");
    done.push("nothing to do: the same key, and not one call to AWS");

    demo.scene.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    demo.phase(
        "3. release 2 is out, a keeper has changed. pulumi up: a new key is made, the old one keeps working",
        &["up", "--yes"],
        2,
    )?;
    done.push("rotate: the new key is current, the old one works for the overlap");

    demo.scene.wait_hours(26)?;
    println!("\n   (26 hours go by; the plugin of this demo and the stand-in share a clock that can be moved)");
    demo.phase("4. pulumi up after the overlap: the old key is retired", &["up", "--yes"], 1)?;
    done.push("retire: only the new key is left, and it works");

    demo.phase("5. pulumi destroy: no key is left behind", &["destroy", "--yes"], 0)?;
    ensure!(demo.scene.cloud.tags(USER).is_empty(), "tags are left on {USER}");
    demo.scene.expect_clean()?;
    done.push("destroy: no key, no tag, and no secret in any output, log or file");
    Ok(())
}

struct Demo {
    scene: Scene,
}

impl Demo {
    /// Runs a command, says what came of it, and insists on the number of keys there are afterwards.
    fn phase(&self, title: &str, command: &[&str], keys: usize) -> Result<()> {
        println!("\n{title}");
        let ended = self.scene.work.run(command)?.expect_success()?;
        for line in said(&ended) {
            println!("   pulumi | {line}");
        }
        self.show_keys(keys)
            .with_context(|| format!("after `pulumi {}`, which said:\n{}", command.join(" "), ended.text))
    }

    fn show_keys(&self, count: usize) -> Result<()> {
        let keys = self.scene.expect_keys(count)?;
        if count == 0 {
            println!("   cloud  | {USER} has no key");
            return Ok(());
        }
        let known = self.scene.expect_known()?;
        for key in keys {
            let role = if key.id == known.current { "current" } else { "previous" };
            println!("   cloud  | {} works, {role}", key.id);
        }
        Ok(())
    }
}

/// What Pulumi says at the end of a run: the plugin's own words, the outputs, what became of the resources.
fn said(ended: &Ended) -> impl Iterator<Item = &str> {
    let update = ended.text.rfind("Updating (").or_else(|| ended.text.rfind("Destroying ("));
    let update = &ended.text[update.unwrap_or(0)..];
    let results =
        ["\nDiagnostics:", "\nOutputs:", "\nResources:"].into_iter().filter_map(|title| update.find(title)).min();
    let lines = update[results.unwrap_or(0)..].lines().map(str::trim_end);
    lines.filter(|line| !line.is_empty()).take_while(|line| !line.starts_with("Duration:"))
}
