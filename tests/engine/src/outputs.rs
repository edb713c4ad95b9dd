//! What programs do with the outputs of a key, and what must come of it.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::scene::Scene;

/// The user of the resource that depends on a key.
pub const CONSUMER: &str = "consumer";
const STACK: &str = "pulumi:pulumi:Stack";
/// Outputs of a program that are parts of the key's.
const PARTS: [(&str, &str); 6] = [
    ("/id", "/accessKeyId"),
    ("/secret", "/secretAccessKey"),
    ("/previousId", "/previous/accessKeyId"),
    ("/previousSecret", "/previous/secretAccessKey"),
    ("/previousKeyId", "/previous/id"),
    ("/previousRetiresAt", "/previousRetiresAt"),
];

/// Insists that the program's outputs are what the state says of the key, `wholes` among them beside its parts.
///
/// # Errors
/// When one is not.
pub fn expect_outputs(scene: &Scene, wholes: &[(&str, &str)], has_previous: bool) -> Result<()> {
    let state = scene.work.state()?;
    scene.keep_secrets_of(&state);
    let told = |path: &str| state.output(STACK, path);
    for (output, path) in PARTS.iter().chain(wholes) {
        ensure!(same(&told(output)?, &state.output_of("key", path)?), "the program's output {output} is not {path}");
    }
    ensure!(told("/previousId")?.is_string() == has_previous, "there is a previous key, or is none");
    ensure!(told("/json")?.is_string(), "there is no JSON");
    Ok(())
}

/// An output of the program.
///
/// # Errors
/// When there is no state.
pub fn told(scene: &Scene, path: &str) -> Result<Value> {
    scene.work.state()?.output(STACK, path)
}

/// Whether two values are the same but for fields that are null in one and absent in the other.
pub fn same(one: &Value, other: &Value) -> bool {
    fn bare(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().filter(|(_, field)| !field.is_null());
                fields.map(|(name, field)| (name.clone(), bare(field))).collect()
            }
            Value::Array(items) => items.iter().map(bare).collect(),
            other => other.clone(),
        }
    }
    bare(one) == bare(other)
}
