//! The project's own commands, run as `cargo xtask NAME`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]
#![expect(clippy::disallowed_methods, reason = "builds and test runs are timed by the real clock")]

mod api;
mod bench;
mod cargo;
mod changed;
mod choice;
mod circles;
mod codegen;
mod demo;
mod dist;
mod job;
mod lessons;
mod libtest;
mod lint;
mod messages;
mod mutants;
mod paths;
mod publisher;
mod registry;
mod report;
mod rust_source;
mod safeties;
mod schedule;
mod sdk;
mod stage;
mod suites;
mod test;
mod tools;
mod words;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask demo              the life of a key, shown with the real Pulumi engine on a stand-in of AWS
cargo xtask test [NAME]       every test, or one suite or selection: see the list below
cargo xtask codegen [--check] write schema.json, sdk/, the protocol's Rust code and the framework's api.txt, or say which is stale
cargo xtask codegen api       write api.txt alone, which needs no build
cargo xtask codegen messages  write provider/messages.txt alone, which needs no build either
cargo xtask words             check the words of the Markdown files and of schema.json
cargo xtask safeties [NAME…]  take each listed safety, or these, out of a copy of the sources and see its trials fail; --list, --page
cargo xtask mutants CRATE [N]  change one thing at a time, one of N, and count what no trial of rotation, framework, aws, oci, confluent or vault notices
cargo xtask bench [NAME]      measure the release build: start, memory, size, cpu, latency, keypair, lambda; and, by its name only, confluent
cargo xtask dist [ARGUMENTS]  build the plugin archive that `pulumi plugin install --file` takes, for this machine, with --target TRIPLE for another
                              one, with --all for every one that can be built here, with checksums and a bill of materials, with --lambda the zips of the rotation function";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<ExitCode> {
    match arguments {
        ["demo"] => demo::run(),
        ["test"] => test::run(None),
        ["test", name] => test::run(Some(name)),
        ["safeties", "--list"] => safeties::list(),
        ["safeties", "--page"] => safeties::write_page(),
        ["safeties", names @ ..] => safeties::run(names),
        ["mutants", name] => mutants::run(name, None),
        ["mutants", name, every] => mutants::run(name, Some(every)),
        ["codegen"] => codegen::write(),
        ["codegen", "api"] => codegen::write_api(),
        ["codegen", "messages"] => codegen::write_messages(),
        ["words"] => lint::words(),
        ["codegen", "--check"] => codegen::check(),
        ["bench"] => bench::run(None),
        ["bench", name] => bench::run(Some(name)),
        ["dist", arguments @ ..] => dist::run(arguments),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}\n\nsuites: {}", choice::names().join(", "));
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("no such command: {}\n\n{USAGE}", other.join(" ")),
    }
}
