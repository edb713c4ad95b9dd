use serde_json::Value as Json;

use super::*;

#[test]
fn the_committed_schema_is_what_the_types_say() {
    let built = build_schema(&KeyRotation::new(crate::clock::clock())).unwrap();
    let committed = include_str!("../../../../schema.json");
    assert!(built == committed, "schema.json is stale: run `cargo xtask codegen`");
}

#[test]
fn a_retirement_is_offered_as_far_as_the_system_goes() {
    let schema: serde_json::Value =
        serde_json::from_str(&build_schema(&KeyRotation::new(crate::clock::clock())).unwrap()).unwrap();
    let offered = |resource: &str| {
        let inputs = &schema["resources"][format!("keyrotation:{resource}")]["inputProperties"];
        let name = inputs["retirement"]["$ref"].as_str().unwrap_or_default().trim_start_matches("#/types/");
        let properties = schema["types"][name]["properties"].as_object().into_iter().flatten();
        properties.map(|(name, _)| name.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    let everything = ["confirmedGeneration", "deadline", "quietPeriod", "soak", "whenInUse"];
    assert!(offered("aws:RotatingApiKey").iter().eq(everything));
    assert!(offered("vault:RotatingApiKey").iter().eq(["confirmedGeneration", "soak"]));
    for resource in ["confluent:RotatingApiKey", "oci:RotatingApiKey", "oci:RotatingAuthToken"] {
        assert!(offered(resource).iter().eq(["confirmedGeneration"]), "{resource}");
    }
}

#[test]
fn adopt_is_offered_where_it_can_work() {
    let schema = schema();
    let offers = |(_, resource): &(&String, &Json)| resource["inputProperties"]["adopt"].is_object();
    let without: Vec<_> = entries(&schema["resources"]).filter(|resource| !offers(resource)).collect();
    let tokens: Vec<_> = without.into_iter().map(|(token, _)| token.as_str()).collect();
    assert_eq!(tokens, ["keyrotation:vault:RotatingLease", "keyrotation:vault:RotatingRoot"]);
}

fn schema() -> Json {
    serde_json::from_str(&build_schema(&KeyRotation::new(crate::clock::clock())).unwrap()).unwrap()
}

fn entries(value: &Json) -> impl Iterator<Item = (&String, &Json)> {
    value.as_object().into_iter().flatten()
}

/// Whether a property holds a secret, itself or at any depth of its type.
fn holds_secret(schema: &Json, property: &Json) -> bool {
    let named = property["$ref"].as_str().and_then(|name| name.strip_prefix("#/types/"));
    let inside = [&property["items"], &property["additionalProperties"]];
    property["secret"] == true
        || inside.into_iter().any(|inner| inner.is_object() && holds_secret(schema, inner))
        || named.is_some_and(|name| {
            entries(&schema["types"][name]["properties"]).any(|(_, inner)| holds_secret(schema, inner))
        })
}

#[test]
fn output_1_an_output_that_holds_a_secret_anywhere_is_declared_secret_as_a_whole() {
    let schema = schema();
    let mut wholes = 0;
    for (token, resource) in entries(&schema["resources"]) {
        for (name, property) in entries(&resource["properties"]) {
            let secret = holds_secret(&schema, property);
            assert_eq!(property["secret"] == true, secret, "{token} {name}");
            wholes += usize::from(secret && property["$ref"].is_string());
        }
    }
    assert!(wholes > 9 * 2, "every key that is current or previous is one: {wholes}");
}

#[test]
fn output_1_ids_stay_public() {
    let schema = schema();
    for (token, resource) in
        entries(&schema["resources"]).filter(|(_, resource)| resource["properties"]["current"].is_object())
    {
        let properties = &resource["properties"];
        for name in ["generation", "previousKeyId", "previousRetiresAt", "nextRotationAt", "history", "account"] {
            assert!(properties[name].is_object() && properties[name]["secret"].is_null(), "{token} {name}");
        }
    }
}

#[test]
fn output_3_what_is_always_there_is_required_and_a_previous_key_promises_nothing() {
    let schema = schema();
    for (token, resource) in
        entries(&schema["resources"]).filter(|(_, resource)| resource["properties"]["current"].is_object())
    {
        let required = |name: &str| resource["required"].as_array().unwrap().iter().any(|other| other == name);
        for name in ["generation", "current", "previous", "schedule", "foreignKeys", "warnings", "history"] {
            assert!(required(name), "{token} {name}");
        }
        assert!(!required("previousKeyId") && !required("previousRetiresAt") && !required("account"));
        let kind = |name: &str| {
            let reference = resource["properties"][name]["$ref"].as_str().unwrap();
            &schema["types"][reference.trim_start_matches("#/types/")]
        };
        assert!(kind("previous")["required"].is_null(), "{token}");
        assert!(entries(&kind("previous")["properties"]).eq(entries(&kind("current")["properties"])), "{token}");
        let promised = kind("current")["required"].as_array().unwrap();
        for (name, property) in entries(&kind("current")["properties"]) {
            let secret = property["secret"] == true;
            assert!(!secret || !promised.iter().any(|other| other == name), "{token}: {name} is null after an import");
        }
    }
}

/// Words that one of the languages keeps for itself, or members that every class of it has; but for `namespace`, which is a word of C#
/// alone, where properties have a capital.
const TAKEN: &[&str] = &[
    "abstract",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "base",
    "bool",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "chan",
    "char",
    "checked",
    "class",
    "clone",
    "const",
    "continue",
    "debugger",
    "decimal",
    "def",
    "default",
    "defer",
    "del",
    "delegate",
    "delete",
    "do",
    "double",
    "elif",
    "else",
    "enum",
    "equals",
    "event",
    "except",
    "explicit",
    "export",
    "extends",
    "extern",
    "fallthrough",
    "false",
    "final",
    "finalize",
    "finally",
    "fixed",
    "float",
    "for",
    "foreach",
    "from",
    "func",
    "function",
    "get",
    "getClass",
    "getHashCode",
    "getType",
    "global",
    "go",
    "goto",
    "hashCode",
    "if",
    "implements",
    "implicit",
    "import",
    "in",
    "instanceof",
    "int",
    "interface",
    "internal",
    "is",
    "lambda",
    "let",
    "lock",
    "long",
    "map",
    "memberwiseClone",
    "native",
    "new",
    "none",
    "nonlocal",
    "not",
    "notify",
    "notifyAll",
    "null",
    "object",
    "operator",
    "or",
    "out",
    "override",
    "package",
    "params",
    "pass",
    "private",
    "protected",
    "public",
    "pulumi",
    "raise",
    "range",
    "readonly",
    "ref",
    "register",
    "return",
    "sbyte",
    "sealed",
    "select",
    "self",
    "set",
    "short",
    "sizeof",
    "stackalloc",
    "static",
    "string",
    "struct",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "toString",
    "transient",
    "true",
    "try",
    "type",
    "typeof",
    "uint",
    "ulong",
    "unchecked",
    "unsafe",
    "urn",
    "ushort",
    "using",
    "var",
    "virtual",
    "void",
    "volatile",
    "wait",
    "while",
    "with",
    "yield",
];

/// A name without what languages spell in their own ways.
fn bare(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// What is wrong with a class of this name and with these properties, in one of the languages.
fn clashes(name: &str, properties: &Json) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    for (property, _) in entries(properties) {
        if bare(property) == bare(name) {
            found.push(format!("{property} is named as its type, which C# does not take"));
        }
        if !seen.insert(bare(property)) {
            found.push(format!("{property} differs from another property by its spelling alone"));
        }
        if TAKEN.iter().any(|word| bare(word) == bare(property)) {
            found.push(format!("{property} is a word of a language"));
        }
    }
    found
}

#[test]
fn output_4_no_name_clashes_with_another_in_any_language() {
    let schema = schema();
    let mut tokens = std::collections::BTreeSet::new();
    let mut problems = Vec::new();
    let types = entries(&schema["types"]).map(|(token, kind)| (token, &kind["properties"]));
    let outputs = entries(&schema["resources"]).map(|(token, kind)| (token, &kind["properties"]));
    for (token, properties) in types.chain(outputs) {
        let (module, name) = token.rsplit_once(':').unwrap();
        if !tokens.insert(token.to_lowercase())
            || module.rsplit(':').next().is_some_and(|module| bare(module) == bare(name))
        {
            problems.push(format!("{token} is named as another type or as its module"));
        }
        problems.extend(clashes(name, properties).into_iter().map(|problem| format!("{token}: {problem}")));
    }
    for (token, kind) in entries(&schema["resources"]) {
        let reserved = entries(&kind["properties"]).any(|(name, _)| name == "id" || name == "urn");
        assert!(!reserved, "{token} has a property that every resource has");
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn output_4_each_kind_of_clash_is_seen() {
    let clashing = serde_json::json!({ "apiKey": {}, "api_key": {}, "lambda": {} });
    assert_eq!(clashes("ApiKey", &clashing).len(), 4);
    assert!(clashes("KeyPair", &serde_json::json!({ "apiKey": {}, "apiSecret": {} })).is_empty());
}

/// The modules whose types the types, resources and functions of each module use; the provider's own is the root, `index`.
fn uses(schema: &Json) -> std::collections::BTreeMap<String, std::collections::BTreeSet<String>> {
    fn collect(value: &Json, found: &mut std::collections::BTreeSet<String>) {
        if let Some(token) = value["$ref"].as_str().and_then(|name| name.strip_prefix("#/types/")) {
            found.extend(token.split(':').nth(1).map(str::to_owned));
        }
        value.as_object().into_iter().flatten().for_each(|(_, inner)| collect(inner, found));
        value.as_array().into_iter().flatten().for_each(|inner| collect(inner, found));
    }
    let mut uses = std::collections::BTreeMap::new();
    let parts = ["types", "resources", "functions"].into_iter().flat_map(|part| entries(&schema[part]));
    let root = "keyrotation:index:Provider".to_owned();
    for (token, value) in parts.chain([(&root, &schema["provider"])]) {
        let module = token.split(':').nth(1).unwrap();
        let found: &mut std::collections::BTreeSet<_> = uses.entry(module.to_owned()).or_default();
        collect(value, found);
        found.remove(module);
    }
    uses
}

/// A module that uses itself by way of others.
fn circle(uses: &std::collections::BTreeMap<String, std::collections::BTreeSet<String>>) -> Option<&String> {
    let reachable = |from: &String| {
        let (mut found, mut open) = (std::collections::BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = open.pop() {
            open.extend(uses.get(&module).into_iter().flatten().filter(|next| found.insert((*next).clone())).cloned());
        }
        found
    };
    uses.keys().find(|module| reachable(module).contains(*module))
}

#[test]
fn output_4_no_two_modules_use_each_other_which_go_does_not_take() {
    let uses = uses(&schema());
    assert!(uses["aws"].contains("index"), "{uses:?}");
    assert_eq!(circle(&uses), None, "{uses:?}");
}

#[test]
fn output_4_a_circle_of_modules_is_seen() {
    let mut schema = schema();
    schema["provider"]["inputProperties"]["aws"] = serde_json::json!({ "$ref": "#/types/keyrotation:aws:AccessKey" });
    assert!(circle(&uses(&schema)).is_some());
}
