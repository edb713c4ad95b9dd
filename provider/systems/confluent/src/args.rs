use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::mark;
use crate::target::Target;

/// What `confluent:RotatingApiKey` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Args {
    /// Whose API keys are rotated. Another owner replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub owner: Owner,
    /// What the keys open. Absent: Confluent Cloud's own API, by Cloud API keys. Another resource replaces this one.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub managed_resource: Option<ManagedResource>,
    /// The display name of the keys that are made from now on. Absent: one that names this resource.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The description of the keys that are made from now on; the mark of this resource stands behind it.
    #[serde(default)]
    pub description: Option<String>,
}

/// A user or a service account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-module" = "confluent"))]
pub struct Owner {
    /// The id of a service account, such as `sa-abc123`, or of a user, such as `u-abc123`. It must exist.
    pub id: String,
    /// Taken so that the value of another Confluent provider fits, and ignored: the id says it.
    #[serde(default)]
    #[schemars(extend("x-ignored" = true))]
    pub api_version: Option<String>,
    /// Taken so that the value of another Confluent provider fits, and ignored: the id says it.
    #[serde(default)]
    #[schemars(extend("x-ignored" = true))]
    pub kind: Option<String>,
}

/// What an API key opens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-module" = "confluent"))]
pub struct ManagedResource {
    /// `lkc-…` (a Kafka cluster), `lsrc-…` (a Schema Registry), `lksqlc-…` (a ksqlDB cluster), a Flink region such as
    /// `aws.us-east-1`, or one of the words `tableflow`, `global` and `cloud`.
    pub id: String,
    /// The environment that it is in. Required for Kafka, Schema Registry and Flink.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// Taken so that the value of another Confluent provider fits, and ignored: the id says it.
    #[serde(default)]
    #[schemars(extend("x-ignored" = true))]
    pub api_version: Option<String>,
    /// Taken so that the value of another Confluent provider fits, and ignored: the id says it.
    #[serde(default)]
    #[schemars(extend("x-ignored" = true))]
    pub kind: Option<String>,
}

/// An environment of Confluent Cloud.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(extend("x-module" = "confluent"))]
pub struct Environment {
    /// Its id, such as `env-abc123`.
    pub id: String,
}

/// An API key of Confluent Cloud.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "confluent", "x-name" = "KeyPair"))]
pub struct ApiKey {
    /// The public half: the user name of Basic authentication and of SASL/PLAIN.
    pub api_key: String,
    /// The secret half.
    pub api_secret: SecretProperty,
}

const API_KEY: &str = "apiKey";
const API_SECRET: &str = "apiSecret";

/// The fields of a key as users read them.
pub(crate) fn material(id: &KeyId, secret: SecretString) -> Material {
    let id = Field::Plain(id.0.clone());
    Material::from([(API_KEY.to_owned(), id), (API_SECRET.to_owned(), Field::Secret(secret))])
}

/// The two halves of a key.
pub(crate) fn pair(material: &Material) -> Option<(&str, &SecretString)> {
    match (material.get(API_KEY)?, material.get(API_SECRET)?) {
        (Field::Plain(id), Field::Secret(secret)) => Some((id, secret)),
        _ => None,
    }
}

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &Args) -> Vec<Problem> {
    let mut problems = Target::of(args).err().unwrap_or_default();
    for (property, text) in [("displayName", &args.display_name), ("description", &args.description)] {
        let text = text.as_deref().unwrap_or_default();
        if mark::stands_in(text) {
            problems.push(problem(property, "must not hold \"[keyrotation\": the plugin's own mark begins so"));
        }
    }
    problems
}

pub(crate) fn problem(property: &str, reason: impl Into<String>) -> Problem {
    Problem { property: property.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems(args: Value) -> Vec<(String, String)> {
        let args: Args = serde_json::from_value(args).unwrap();
        check(&args).into_iter().map(|problem| (problem.property, problem.reason)).collect()
    }

    fn wrong(args: Value) -> Vec<String> {
        problems(args).into_iter().map(|(property, _)| property).collect()
    }

    #[test]
    fn a_key_has_the_fields_that_its_schema_promises() {
        let schema = schemars::schema_for!(ApiKey);
        let promised = schema.as_value()["properties"].as_object().unwrap();
        let fields = material(&KeyId("KEY".to_owned()), "hidden".into());
        assert!(fields.keys().eq(promised.keys().collect::<std::collections::BTreeSet<_>>()));
        for (name, field) in &fields {
            assert_eq!(promised[name].get("x-secret").is_some(), matches!(field, Field::Secret(_)), "{name}");
        }
        assert_eq!(pair(&fields).unwrap().0, "KEY");
    }

    #[test]
    fn the_peers_shape_is_taken() {
        let args = json!({
            "owner": {"id": "sa-1", "apiVersion": "iam/v2", "kind": "ServiceAccount"},
            "managedResource": {"id": "lkc-1", "apiVersion": "cmk/v2", "kind": "Cluster", "environment": {"id": "env-1"}},
            "displayName": "x", "description": "y",
        });
        assert!(wrong(args).is_empty());
        assert!(wrong(json!({"owner": {"id": "u-1"}})).is_empty());
    }

    #[test]
    fn an_owner_that_is_none_is_told_what_to_write() {
        for id in ["", "lkc-1", "sa", "sa-", "pool-1", "cloud", "sa-1/x", "u-1 "] {
            assert_eq!(wrong(json!({"owner": {"id": id}})), ["owner.id"], "{id:?}");
        }
        let told = |id: &str| problems(json!({"owner": {"id": id}})).remove(0).1;
        assert!(told("lkc-1").contains("managedResource.id") && told("lkc-1").contains("\"sa-"), "{}", told("lkc-1"));
        assert!(told("pool-1").contains("identity pool"));
    }

    #[test]
    fn a_resource_must_be_known_and_in_an_environment_where_one_is_needed() {
        let of = |resource: Value| wrong(json!({"owner": {"id": "sa-1"}, "managedResource": resource}));
        let within = |id: &str| of(json!({"id": id, "environment": {"id": "env-1"}}));
        for id in ["lkc-1", "lsrc-1", "aws.us-east-1"] {
            assert_eq!(of(json!({"id": id})), ["managedResource.environment"], "{id}");
            assert!(within(id).is_empty(), "{id}");
        }
        for id in ["lksqlc-1", "global", "Cloud", "TABLEFLOW", "env-1.aws.us-east-1"] {
            assert!(of(json!({"id": id})).is_empty(), "{id}");
            assert!(within(id).is_empty(), "{id}");
        }
        for id in ["", "lkc", "lkc-", "sa-1", "moon.us-east-1", "aws.", "aws.a.b", "lkc-1/x", "env-1"] {
            assert_eq!(within(id), ["managedResource.id"], "{id:?}");
        }
        let environment = json!({"id": "lkc-1", "environment": {"id": "lkc-1"}});
        assert_eq!(of(environment), ["managedResource.environment.id"]);
        let other = json!({"id": "env-2.aws.us-east-1", "environment": {"id": "env-1"}});
        assert_eq!(of(other), ["managedResource.environment.id"]);
        let told = problems(json!({"owner": {"id": "sa-1"}, "managedResource": {"id": "lkc-1"}})).remove(0).1;
        assert!(told.contains("environment: {id: \"env-"), "{told}");
    }

    #[test]
    fn a_text_that_looks_like_a_mark_is_refused() {
        let args =
            json!({"owner": {"id": "sa-1"}, "description": "x [keyrotation 1 y]", "displayName": "[keyrotation]"});
        assert_eq!(wrong(args), ["displayName", "description"]);
    }

    #[test]
    fn owner_and_resource_replace_and_what_is_ignored_is_marked_so() {
        let schema = schemars::schema_for!(Args);
        let schema = schema.as_value();
        for (name, replaces) in [("owner", true), ("managedResource", true), ("displayName", false)] {
            assert_eq!(schema["properties"][name].get("x-replace").is_some(), replaces, "{name}");
        }
        for (of, name) in [("Owner", "kind"), ("Owner", "apiVersion"), ("ManagedResource", "kind")] {
            assert_eq!(schema["$defs"][of]["properties"][name]["x-ignored"], true, "{of}.{name}");
        }
    }
}
