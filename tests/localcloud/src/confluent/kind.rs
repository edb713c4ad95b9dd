//! The seven kinds of API keys, told apart by the id of what a key is for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Confluent's own API; nothing, or `cloud`.
    Cloud,
    /// `global`.
    Global,
    /// One Kafka cluster, `lkc-…`.
    Kafka,
    /// One Schema Registry, `lsrc-…`.
    SchemaRegistry,
    /// One ksqlDB cluster, `lksqlc-…`.
    Ksqldb,
    /// Flink in one region of one environment, `aws.us-east-1`.
    Flink,
    /// `tableflow`.
    Tableflow,
}

impl Kind {
    /// All seven.
    pub const ALL: [Self; 7] =
        [Self::Cloud, Self::Global, Self::Kafka, Self::SchemaRegistry, Self::Ksqldb, Self::Flink, Self::Tableflow];

    /// The kind that an id shows, as the service infers it. The three words are taken in any case.
    pub(super) fn of(id: &str) -> Option<Self> {
        let word = id.to_ascii_lowercase();
        match word.as_str() {
            "" | "cloud" => Some(Self::Cloud),
            "global" => Some(Self::Global),
            "tableflow" => Some(Self::Tableflow),
            _ if id.starts_with("lkc-") => Some(Self::Kafka),
            _ if id.starts_with("lsrc-") => Some(Self::SchemaRegistry),
            _ if id.starts_with("lksqlc-") => Some(Self::Ksqldb),
            _ => region(id).map(|_| Self::Flink),
        }
    }

    /// How ids of this kind begin; nothing for those that are words or regions.
    pub(super) fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Kafka => Some("lkc"),
            Self::SchemaRegistry => Some("lsrc"),
            Self::Ksqldb => Some("lksqlc"),
            _ => None,
        }
    }

    /// `kind` and `api_version` as answers give them, and the last part of a CRN.
    fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Cloud => ("Cloud", "iam/v2", "cloud"),
            Self::Global => ("Global", "global/v1", "global"),
            Self::Kafka => ("Cluster", "cmk/v2", "cluster"),
            // Really so, although it is asked for as a Cluster of srcm/v3.
            Self::SchemaRegistry => ("SchemaRegistry", "srcm/v2", "schema-registry"),
            Self::Ksqldb => ("ksqlDB", "ksqldbcm/v2", "ksqldb"),
            Self::Flink => ("Region", "fcpm/v2", "flink-region"),
            Self::Tableflow => ("Tableflow", "tableflow/v1", "tableflow"),
        }
    }
}

/// What a key is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// `lkc-…`, `lsrc-…`, `lksqlc-…`, `aws.us-east-1`, `cloud`, `global` or `tableflow`.
    pub id: String,
    /// The environment that it is in; the three words have none.
    #[serde(default)]
    pub environment: Option<String>,
}

impl Resource {
    /// One of the three words.
    pub(super) fn word(kind: Kind) -> Self {
        Self { id: kind.told().2.to_owned(), environment: None }
    }

    /// Whether a filter of a list means this resource. A region is found by itself and with its environment.
    pub(super) fn is(&self, kind: Kind, filter: &str) -> bool {
        match kind {
            Kind::Flink => filter == self.id || filter == self.full_region(),
            Kind::Cloud | Kind::Global | Kind::Tableflow => filter.eq_ignore_ascii_case(&self.id),
            _ => filter == self.id,
        }
    }

    /// The reference to it in a key's answer.
    pub(super) fn reference(&self, kind: Kind, base: &str, organization: &str) -> Value {
        let (name, api_version, part) = kind.told();
        let root = format!("crn://api.confluent.cloud/organization={organization}");
        let id = &self.id;
        let environment = self.environment.as_deref().unwrap_or_default();
        let mut reference = match kind {
            Kind::Cloud | Kind::Global | Kind::Tableflow => json!({ "id": id, "related": id, "resource_name": id }),
            Kind::Flink => json!({
                "id": self.full_region(),
                "environment": environment,
                "related": format!("{base}/fcpm/v2/regions?cloud={}", id.split('.').next().unwrap_or_default()),
                "resource_name": format!("{root}/environment={environment}/{part}={id}"),
            }),
            Kind::SchemaRegistry => json!({
                "id": id,
                "environment": environment,
                "related": format!("{base}/srcm/v2/schema-registries/{id}"),
                "resource_name": format!("{root}/{part}={id}"),
            }),
            Kind::Kafka | Kind::Ksqldb => json!({
                "id": id,
                "related": format!("{base}/{api_version}/clusters/{id}"),
                "resource_name": format!("{root}/{part}={id}"),
            }),
        };
        reference["kind"] = json!(name);
        reference["api_version"] = json!(api_version);
        reference
    }

    fn full_region(&self) -> String {
        format!("{}.{}", self.environment.as_deref().unwrap_or_default(), self.id)
    }
}

/// The parts of `aws.us-east-1` or `env-x.aws.us-east-1`: environment, and cloud with region.
pub(super) fn region(id: &str) -> Option<(Option<&str>, &str)> {
    let (environment, rest) = match id.split_once('.') {
        Some((first, rest)) if first.starts_with("env-") => (Some(first), rest),
        _ => (None, id),
    };
    let (cloud, name) = rest.split_once('.')?;
    let known = matches!(cloud, "aws" | "azure" | "gcp") && !name.is_empty() && !name.contains('.');
    known.then_some((environment, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_the_id() {
        for (id, kind) in [
            ("", Kind::Cloud),
            ("Cloud", Kind::Cloud),
            ("GLOBAL", Kind::Global),
            ("tableflow", Kind::Tableflow),
            ("lkc-1", Kind::Kafka),
            ("lsrc-1", Kind::SchemaRegistry),
            ("lksqlc-1", Kind::Ksqldb),
            ("aws.us-east-1", Kind::Flink),
            ("env-1.gcp.us-central1", Kind::Flink),
        ] {
            assert_eq!(Kind::of(id), Some(kind), "{id}");
        }
        for id in ["sa-1", "env-1", "aws", "aws.", "moon.us-east-1", "LKC-1", "aws.a.b"] {
            assert_eq!(Kind::of(id), None, "{id}");
        }
    }
}
