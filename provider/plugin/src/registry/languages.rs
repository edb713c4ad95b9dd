//! What the schema tells the generators of client libraries, language by language.

use serde_json::{Map, Value, json};

use super::publisher;

/// The schema's section `language`.
pub(super) fn sections() -> Map<String, Value> {
    let sections = json!({
        "python": {
            "packageName": publisher::PYPI,
            // What Pulumi's own library asks for.
            "pythonRequires": ">=3.10",
            "readme": include_str!("python.md"),
            "respectSchemaVersion": true,
            "pyproject": { "enabled": true },
        },
        // Each registry of packages has names of its own that are free: those of Pulumi's own packages are Pulumi's.
        "nodejs": {
            "packageName": publisher::NPM,
            "readme": include_str!("nodejs.md"),
            "respectSchemaVersion": true,
            "typescriptVersion": "^5.9.0",
        },
        "go": {
            "importBasePath": format!("{}/keyrotation", publisher::GO_MODULE),
            "modulePath": publisher::GO_MODULE,
            "respectSchemaVersion": true,
            "generateResourceContainerTypes": true,
        },
        // Built by Maven: the generator has no file for it, so xtask/go/sdk adds one.
        "java": { "basePackage": publisher::JAVA_GROUP, "buildFiles": "none" },
        "csharp": {
            "rootNamespace": publisher::NUGET_ROOT,
            "namespaces": { "keyrotation": "KeyRotation" },
            "respectSchemaVersion": true,
        },
    });
    sections.as_object().cloned().unwrap_or_default()
}
