use std::collections::BTreeMap;
use std::fmt;

use cloud::problem;
use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::value::Shape;
use crate::config::is_path;

/// What `vault:RotatingApiKey` takes beside the inputs of every rotating resource.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyArgs {
    /// The namespace that the resource is in, below that of the provider, such as `"team"`. Default: the provider's own. Another namespace replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub namespace: Option<String>,
    /// Where the KV engine of version 2 is mounted, such as `"secret"`. It must exist. Another mount replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub mount: String,
    /// The path below the mount, such as `"apps/payment"`. It need not exist. Another path replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub path: String,
    /// The name of the generated value at the path. Default: `"api_key"`. A change takes effect at the next rotation.
    #[serde(default)]
    pub field: Option<String>,
    /// What else is written beside the value. Fields that the newest version has beside these and the value are kept as they are. From the next rotation on.
    #[serde(default)]
    pub data: Option<BTreeMap<String, String>>,
    /// The number of generated characters, from 16 to 512, without the prefix. Default: 32. A change takes effect at the next rotation.
    #[serde(default)]
    pub length: Option<u32>,
    /// The characters from which the value is generated, each with the same probability. Default: letters and digits. A change takes effect at the next rotation.
    #[serde(default)]
    pub characters: Option<String>,
    /// The prefix of the value, such as `"app_"`. Default: none. A change takes effect at the next rotation.
    #[serde(default)]
    pub prefix: Option<String>,
    /// How many versions the path keeps, at least 3: the current one, the previous one in its overlap, and one whose writing was interrupted. The plugin writes it to the path's metadata at the next rotation. Default: the setting of the path or the mount.
    #[serde(default)]
    pub max_versions: Option<u32>,
    /// Whether the path takes only writes with check-and-set, so that nobody overwrites the key by mistake. The plugin writes it to the path's metadata at the next rotation. Default: the setting of the path or the mount; the plugin itself always uses check-and-set.
    #[serde(default)]
    pub cas_required: Option<bool>,
}

/// What stands beside the value may be secret.
impl fmt::Debug for ApiKeyArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyArgs").field("mount", &self.mount).field("path", &self.path).finish_non_exhaustive()
    }
}

impl ApiKeyArgs {
    /// The name under which the value stands.
    pub(crate) fn field(&self) -> &str {
        self.field.as_deref().unwrap_or(FIELD)
    }

    /// What a value is made of.
    pub(crate) fn shape(&self) -> Shape<'_> {
        Shape {
            length: self.length.unwrap_or(32),
            characters: self.characters.as_deref().unwrap_or(ALPHANUMERIC),
            prefix: self.prefix.as_deref().unwrap_or_default(),
        }
    }
}

/// A version of a KV path.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "vault"))]
pub struct KvVersion {
    /// The number of the version at the path.
    pub version: String,
    /// The generated value.
    pub value: SecretProperty,
    /// When the server deletes the version by itself (`delete_version_after` of the path or the mount), in RFC 3339.
    pub expires_at: Option<String>,
}

/// Under which name a value stands if `field` is unset.
pub(crate) const FIELD: &str = "api_key";
pub(crate) const VERSION: &str = "version";
pub(crate) const VALUE: &str = "value";
/// Letters and digits.
pub(crate) const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Fewer versions would let one interrupted attempt prune the key that is in use.
const FEWEST_VERSIONS: u32 = 3;
const LONGEST_PATH: usize = 512;

/// The fields of a key as users read them. A value that nobody knows is empty.
pub(crate) fn material(id: &KeyId, value: SecretString) -> Material {
    let fields = [(VERSION, Field::Plain(id.0.clone())), (VALUE, Field::Secret(value))];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &ApiKeyArgs) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |property: &str, reason: String| problems.push(problem(property, reason));
    for (property, text, example) in [("mount", &args.mount, "secret"), ("path", &args.path, "apps/payment")] {
        if !is_path(text) || text.len() > LONGEST_PATH {
            add(
                property,
                format!("is not a path: write one such as {example:?}, without a slash at its ends [KR-VAULT-001]"),
            );
        }
    }
    if args.field().is_empty() {
        add("field", "must not be empty: write a name such as \"api_key\" [KR-VAULT-002]".to_owned());
    }
    if args.data.as_ref().is_some_and(|data| data.contains_key(args.field())) {
        let field = args.field();
        add(
            "data",
            format!(
                "has an entry {field:?}, which is where the generated value stands: rename it, or set field [KR-VAULT-003]"
            ),
        );
    }
    for (property, reason) in args.shape().problems() {
        add(property, reason);
    }
    if args.max_versions.is_some_and(|most| most < FEWEST_VERSIONS) {
        let reason = format!(
            "must be at least {FEWEST_VERSIONS}: the current version, the previous one in its overlap, and one whose writing was interrupted [KR-VAULT-004]"
        );
        add("maxVersions", reason);
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(inputs: Value) -> Vec<String> {
        let mut all = json!({"mount": "secret", "path": "apps/payment"});
        all.as_object_mut().unwrap().extend(inputs.as_object().unwrap().clone());
        let args: ApiKeyArgs = serde_json::from_value(all).unwrap();
        check(&args).into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn a_key_has_the_fields_that_its_schema_promises() {
        let schema = schemars::schema_for!(KvVersion);
        let fields = material(&KeyId("3".to_owned()), "hidden".into());
        let promised = schema.as_value()["properties"].as_object().unwrap();
        // Its end is not the key's own: the server decides it.
        let names = promised.keys().filter(|name| *name != "expiresAt").collect::<std::collections::BTreeSet<_>>();
        assert!(fields.keys().eq(names));
        assert!(promised[VALUE].get("x-secret").is_some() && promised[VERSION].get("x-secret").is_none());
    }

    #[test]
    fn right_inputs_are_accepted() {
        let full = json!({
            "field": "key", "data": {"user": "app"}, "length": 16, "characters": "abcdefghijklmnopqrstuvwxyz0123456789-_",
            "prefix": "app_", "maxVersions": 3, "casRequired": true,
        });
        assert!(properties(full).is_empty());
        assert!(properties(json!({})).is_empty());
    }

    #[test]
    fn wrong_inputs_are_named() {
        for path in ["", "/a", "a/", "a//b", "..", "a/./b", "a*"] {
            assert_eq!(properties(json!({"path": path})), ["path"], "{path:?}");
            assert_eq!(properties(json!({"mount": path})), ["mount"], "{path:?}");
        }
        assert_eq!(properties(json!({"field": ""})), ["field"]);
        assert_eq!(properties(json!({"data": {"api_key": "x"}})), ["data"]);
        assert_eq!(properties(json!({"maxVersions": 2})), ["maxVersions"]);
        assert_eq!(properties(json!({"maxVersions": 0})), ["maxVersions"]);
        assert_eq!(properties(json!({"length": 15})), ["length"]);
        assert_eq!(properties(json!({"length": 16, "characters": "abcdefgh"})), ["length"]);
        assert_eq!(properties(json!({"characters": "aab"})), ["characters"]);
        assert_eq!(properties(json!({"prefix": "a\n"})), ["prefix"]);
    }

    #[test]
    fn what_stands_beside_the_value_is_not_shown() {
        let args = json!({"mount": "secret", "path": "app", "data": {"password": "visible"}});
        let args: ApiKeyArgs = serde_json::from_value(args).unwrap();
        assert!(!format!("{args:?}").contains("visible"));
    }
}
