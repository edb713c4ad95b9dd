use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

/// What `confluent:RotatingApiKey` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Args {
    /// Whose API keys are rotated. Another owner replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub owner: Owner,
    /// The resource that the keys give access to. Default: Confluent Cloud's own API, with Cloud API keys. A change replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub managed_resource: Option<ManagedResource>,
    /// The display name of keys that are created from now on. Default: a name that contains the name of this resource.
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

#[cfg(test)]
mod tests {
    use super::*;

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
