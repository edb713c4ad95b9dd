//! What all keys of a resource have together and users publish, such as the set of their public halves. Their schema stands among those of a key,
//! with the mark `x-shared-output`, and their values at the top level of the outputs alone.

use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The names of what the keys have together.
#[derive(Default)]
pub(crate) struct SharedOutputs(Vec<String>);

impl SharedOutputs {
    pub(super) fn of<K: JsonSchema>() -> Self {
        Self::in_schema(&schemars::schema_for!(K))
    }

    pub(super) fn in_schema(schema: &Schema) -> Self {
        let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        Self(fields.filter(|(_, field)| field.get("x-shared-output").is_some()).map(|(name, _)| name.clone()).collect())
    }

    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|shared| shared == name)
    }
}
