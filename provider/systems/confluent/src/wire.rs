//! The objects of Confluent's APIs, as far as they are used. Fields that are not named here are ignored, as the service asks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::target::Target;

/// `iam/v2` ApiKey.
#[derive(Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) metadata: KeyMetadata,
    pub(crate) spec: KeySpec,
}

#[derive(Deserialize)]
pub(crate) struct KeyMetadata {
    pub(crate) created_at: Timestamp,
}

#[derive(Deserialize)]
pub(crate) struct KeySpec {
    /// In the answer to a create only; elsewhere empty or absent.
    pub(crate) secret: Option<SecretString>,
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) owner: Option<Reference>,
    pub(crate) resource: Option<Reference>,
}

#[derive(Deserialize)]
pub(crate) struct Reference {
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) environment: Option<String>,
}

impl Key {
    /// Whether it is a key of this owner for this resource, whatever a list was asked for.
    pub(crate) fn is_of(&self, target: &Target) -> bool {
        let owned = self.spec.owner.as_ref().is_some_and(|owner| owner.id == target.owner);
        let (id, environment) = match &self.spec.resource {
            Some(resource) => (resource.id.as_str(), resource.environment.as_deref()),
            None => ("", None),
        };
        owned && target.is_for(id, environment.filter(|id| !id.is_empty()))
    }
}

/// A page of any list.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    #[serde(default)]
    kind: String,
    metadata: Option<PageMetadata>,
    data: Option<Vec<T>>,
}

#[derive(Deserialize)]
struct PageMetadata {
    next: Option<String>,
}

impl<T> Page<T> {
    /// What is on it, and the whole URL of the next one. Absent, null and empty all mean the end. None if it is no page: an answer
    /// without items that does not say that it is a list would otherwise be taken for an empty one.
    pub(crate) fn into_parts(self) -> Option<(Vec<T>, Option<String>)> {
        let next = self.metadata.and_then(|metadata| metadata.next).filter(|next| !next.is_empty());
        match self.data {
            Some(data) => Some((data, next)),
            None => self.kind.ends_with("List").then(|| (Vec::new(), next)),
        }
    }
}

/// A cluster, of Kafka or Schema Registry.
#[derive(Deserialize)]
pub(crate) struct Cluster {
    pub(crate) spec: Addresses,
}

/// Where a data plane can be reached: the `spec` of a cluster (`cmk/v2`, `srcm/v3`), or a Flink region (`fcpm/v2`).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Addresses {
    http_endpoint: Option<String>,
    /// Of a Schema Registry or a Flink region with private networking.
    private_http_endpoint: Option<String>,
    /// Of a Kafka cluster with several ways to it, by access point.
    endpoints: Option<BTreeMap<String, AccessPoint>>,
    /// Of a Schema Registry, by region.
    private_networking_config: Option<PrivateNetworking>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AccessPoint {
    http_endpoint: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PrivateNetworking {
    regional_endpoints: Option<BTreeMap<String, Option<String>>>,
}

impl Addresses {
    /// Every address, the public one first, each once.
    pub(crate) fn into_all(self) -> Vec<String> {
        let points = self.endpoints.unwrap_or_default().into_values().map(|point| point.http_endpoint);
        let regions = self.private_networking_config.and_then(|config| config.regional_endpoints).unwrap_or_default();
        let all =
            [self.http_endpoint, self.private_http_endpoint].into_iter().chain(points).chain(regions.into_values());
        let mut known = Vec::new();
        for address in all.flatten().filter(|address| !address.is_empty()) {
            if !known.contains(&address) {
                known.push(address);
            }
        }
        known
    }
}

/// Anything that has an id.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
}

/// Every shape of an error that Confluent's APIs are known to answer with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    pub(crate) errors: Option<Vec<Complaint>>,
    pub(crate) error: Option<Complaint>,
    pub(crate) error_code: Option<Value>,
    pub(crate) message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Complaint {
    pub(crate) code: Option<Value>,
    pub(crate) status: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) source: Option<Source>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Source {
    pub(crate) pointer: Option<String>,
    pub(crate) parameter: Option<String>,
}

/// The body of a create. The service infers kinds and versions from ids; a Cloud key names no resource.
pub(crate) fn order(target: &Target, display_name: &str, description: &str) -> Value {
    let mut spec = json!({
        "display_name": display_name,
        "description": description,
        "owner": { "id": target.owner },
    });
    if target.resource != "cloud" {
        spec["resource"] = json!({ "id": target.resource });
        if let Some(environment) = &target.environment {
            spec["resource"]["environment"] = json!(environment);
        }
    }
    json!({ "spec": spec })
}

/// The body of an update.
pub(crate) fn update(display_name: &str, description: &str) -> Value {
    json!({ "spec": { "display_name": display_name, "description": description } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_c4_every_address_of_a_data_plane_is_known_the_public_one_first() {
        let all = |spec: Value| serde_json::from_value::<Addresses>(spec).unwrap().into_all();
        assert_eq!(all(json!({"http_endpoint": "", "private_http_endpoint": "b"})), ["b"]);
        let kafka = json!({"http_endpoint": "a", "endpoints": {
            "ap-1": {"http_endpoint": "p", "kafka_bootstrap_endpoint": "x", "connection_type": "PRIVATE_LINK"},
            "PUBLIC": {"http_endpoint": "a"},
        }});
        assert_eq!(all(kafka), ["a", "p"]);
        let registry = json!({"http_endpoint": "a", "private_http_endpoint": null,
            "private_networking_config": {"regional_endpoints": {"eu": "e", "us": null}}});
        assert_eq!(all(registry), ["a", "e"]);
        assert!(all(json!({"endpoints": null, "private_networking_config": null})).is_empty());
    }
}
