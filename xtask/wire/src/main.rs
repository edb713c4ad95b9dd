//! What `cargo xtask` does over gRPC: asks a built plugin for its schema, tries its first calls, and measures it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]
#![expect(clippy::disallowed_methods, reason = "measuring is reading the real clock")]

mod bench;
mod cloud;
mod confluent;
mod first_calls;
mod keypair;
mod lambda;
mod plugin;
mod table;
mod usage;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::plugin::Plugin;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
    match arguments[..] {
        ["schema", plugin] => runtime.block_on(schema(Path::new(plugin))),
        ["first-calls", schema, plugin, ref through @ ..] => {
            runtime.block_on(first_calls::run(Path::new(schema), plugin, through))
        }
        ["bench", plugin] => runtime.block_on(bench::run(Path::new(plugin), None)),
        ["bench", plugin, group] => runtime.block_on(bench::run(Path::new(plugin), Some(group))),
        _ => bail!("usage: wire schema PLUGIN | wire first-calls SCHEMA PLUGIN [RUNNER …] | wire bench PLUGIN [GROUP]"),
    }
}

/// Prints the schema exactly as the plugin serves it.
async fn schema(program: &Path) -> Result<ExitCode> {
    let mut plugin = Plugin::start(program, &[]).await?;
    let schema = plugin.schema().await?;
    std::io::stdout().write_all(schema.as_bytes()).context("cannot print the schema")?;
    Ok(ExitCode::SUCCESS)
}
