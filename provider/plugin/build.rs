//! Hands the publisher's names from the workspace's Cargo.toml to the schema, as environment variables of the compiler.

use std::error::Error;
use std::fs;

const MANIFEST: &str = "../../Cargo.toml";
const NAMES: [&str; 6] = ["name", "owner", "npm", "pypi", "java-group", "nuget-root"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={MANIFEST}");
    let manifest: toml::Table = fs::read_to_string(MANIFEST)?.parse()?;
    let workspace = manifest.get("workspace").and_then(|workspace| workspace.get("metadata"));
    let publisher = workspace.and_then(|metadata| metadata.get("publisher"));
    for name in NAMES {
        let text = publisher.and_then(|publisher| publisher.get(name)).and_then(toml::Value::as_str);
        let text = text.ok_or_else(|| format!("{MANIFEST} has no text workspace.metadata.publisher.{name}"))?;
        println!("cargo:rustc-env=PUBLISHER_{}={text}", name.to_uppercase().replace('-', "_"));
    }
    Ok(())
}
