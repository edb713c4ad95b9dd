//! Generates `src/gen` from the protocol texts, without protoc.
//!
//!     cargo run -p pulumi-proto --example generate              writes the code
//!     cargo run -p pulumi-proto --example generate -- --check   fails when the committed code differs
#![allow(clippy::print_stdout, reason = "a tool for people")]

mod code;

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match env::args().nth(1).as_deref() {
        None => code::generate(root, &root.join("src/gen")),
        Some("--check") => check(root),
        Some(other) => Err(format!("unknown argument {other}; the only one is --check").into()),
    }
}

fn check(root: &Path) -> Result<(), Box<dyn Error>> {
    let stale = code::stale(root)?;
    if stale.is_empty() {
        println!("protocol code is up to date");
        return Ok(());
    }
    let names = stale.join(", ");
    Err(format!("stale: {names}; run `cargo run -p pulumi-proto --example generate`").into())
}
