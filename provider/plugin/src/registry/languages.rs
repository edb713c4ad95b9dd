//! What the schema tells the generators of client libraries, language by language.

use serde_json::{Map, Value, json};

/// The schema's section `language`.
pub(super) fn sections() -> Map<String, Value> {
    let sections = json!({
        "python": {
            "packageName": "pulumi_keyrotation",
            // What Pulumi's own library asks for.
            "pythonRequires": ">=3.10",
            "readme": include_str!("python.md"),
            "respectSchemaVersion": true,
            "pyproject": { "enabled": true },
        },
        "nodejs": { "respectSchemaVersion": true },
        "go": { "respectSchemaVersion": true, "generateResourceContainerTypes": true },
        "java": { "buildFiles": "gradle" },
        "csharp": { "respectSchemaVersion": true, "namespaces": { "keyrotation": "KeyRotation" } },
    });
    sections.as_object().cloned().unwrap_or_default()
}
