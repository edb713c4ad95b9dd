//! Which operation a method and a path mean, and which part of the service answers it.

use axum::http::Method;

use super::kind::Kind;

/// Below this path, and the id of a cluster or region, lie the data planes. Confluent has a host for each.
pub(super) const DATA_PLANES: &str = "/dataplane";

/// A part of the service with its own answers and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plane {
    /// Confluent's own APIs, Tableflow's among them.
    Cloud,
    Kafka,
    SchemaRegistry,
    Flink,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    CreateApiKey,
    ListApiKeys,
    ReadApiKey(String),
    UpdateApiKey(String),
    DeleteApiKey(String),
    ListClusters(Kind),
    ReadCluster(Kind, String),
    ListFlinkRegions,
    ListEnvironments,
    ReadEnvironment(String),
    ListOrganizations,
    ReadOrganization(String),
    ListServiceAccounts,
    ReadServiceAccount(String),
    ListUsers,
    ReadUser(String),
    ListAppliedQuotas,
    ListTableflowRegions,
    /// The endpoint's cluster, and the one that the path names.
    ListKafkaTopics(String, String),
    ListSubjects(String),
    /// The endpoint's region, the organisation and the environment.
    ListFlinkStatements(String, String, String),
    Unknown(Plane),
}

impl Operation {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let segments: Vec<String> = path.split('/').skip(1).map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let found = match (method.as_str(), segments.as_slice()) {
            (_, ["dataplane", endpoint, rest @ ..]) => return Self::of_data_plane(method, endpoint, rest),
            ("POST", ["iam", "v2", "api-keys"]) => Some(Self::CreateApiKey),
            ("PATCH", ["iam", "v2", "api-keys", id]) => Some(Self::UpdateApiKey((*id).to_owned())),
            ("DELETE", ["iam", "v2", "api-keys", id]) => Some(Self::DeleteApiKey((*id).to_owned())),
            ("GET", [group, version, collection]) => Self::list(group, version, collection),
            ("GET", [group, version, collection, id]) => Self::read((group, version, collection), (*id).to_owned()),
            _ => None,
        };
        found.unwrap_or(Self::Unknown(Plane::Cloud))
    }

    fn list(group: &str, version: &str, collection: &str) -> Option<Self> {
        Some(match (group, version, collection) {
            ("iam", "v2", "api-keys") => Self::ListApiKeys,
            ("iam", "v2", "service-accounts") => Self::ListServiceAccounts,
            ("iam", "v2", "users") => Self::ListUsers,
            ("cmk", "v2", "clusters") => Self::ListClusters(Kind::Kafka),
            ("srcm", "v3", "clusters") => Self::ListClusters(Kind::SchemaRegistry),
            ("ksqldbcm", "v2", "clusters") => Self::ListClusters(Kind::Ksqldb),
            ("fcpm", "v2", "regions") => Self::ListFlinkRegions,
            ("org", "v2", "environments") => Self::ListEnvironments,
            ("org", "v2", "organizations") => Self::ListOrganizations,
            ("service-quota", "v1", "applied-quotas") => Self::ListAppliedQuotas,
            ("tableflow", "v1", "regions") => Self::ListTableflowRegions,
            _ => return None,
        })
    }

    fn read(collection: (&str, &str, &str), id: String) -> Option<Self> {
        Some(match collection {
            ("iam", "v2", "api-keys") => Self::ReadApiKey(id),
            ("iam", "v2", "service-accounts") => Self::ReadServiceAccount(id),
            ("iam", "v2", "users") => Self::ReadUser(id),
            ("cmk", "v2", "clusters") => Self::ReadCluster(Kind::Kafka, id),
            ("srcm", "v3", "clusters") => Self::ReadCluster(Kind::SchemaRegistry, id),
            ("ksqldbcm", "v2", "clusters") => Self::ReadCluster(Kind::Ksqldb, id),
            ("org", "v2", "environments") => Self::ReadEnvironment(id),
            ("org", "v2", "organizations") => Self::ReadOrganization(id),
            _ => return None,
        })
    }

    fn of_data_plane(method: &Method, endpoint: &str, path: &[&str]) -> Self {
        let plane = match Kind::of(endpoint) {
            Some(Kind::Kafka) => Plane::Kafka,
            Some(Kind::SchemaRegistry) => Plane::SchemaRegistry,
            Some(Kind::Flink) => Plane::Flink,
            _ => Plane::Cloud,
        };
        let endpoint = endpoint.to_owned();
        match (plane, method.as_str(), path) {
            (Plane::Kafka, "GET", ["kafka", "v3", "clusters", id, "topics"]) => {
                Self::ListKafkaTopics(endpoint, (*id).to_owned())
            }
            (Plane::SchemaRegistry, "GET", ["subjects"]) => Self::ListSubjects(endpoint),
            (Plane::Flink, "GET", ["sql", "v1", "organizations", organization, "environments", id, "statements"]) => {
                Self::ListFlinkStatements(endpoint, (*organization).to_owned(), (*id).to_owned())
            }
            _ => Self::Unknown(plane),
        }
    }

    /// The name in the journal and in rules.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::CreateApiKey => "CreateApiKey",
            Self::ListApiKeys => "ListApiKeys",
            Self::ReadApiKey(_) => "ReadApiKey",
            Self::UpdateApiKey(_) => "UpdateApiKey",
            Self::DeleteApiKey(_) => "DeleteApiKey",
            Self::ListClusters(Kind::SchemaRegistry) => "ListSchemaRegistryClusters",
            Self::ListClusters(Kind::Ksqldb) => "ListKsqldbClusters",
            Self::ListClusters(_) => "ListKafkaClusters",
            Self::ReadCluster(Kind::SchemaRegistry, _) => "ReadSchemaRegistryCluster",
            Self::ReadCluster(Kind::Ksqldb, _) => "ReadKsqldbCluster",
            Self::ReadCluster(..) => "ReadKafkaCluster",
            Self::ListFlinkRegions => "ListFlinkRegions",
            Self::ListEnvironments => "ListEnvironments",
            Self::ReadEnvironment(_) => "ReadEnvironment",
            Self::ListOrganizations => "ListOrganizations",
            Self::ReadOrganization(_) => "ReadOrganization",
            Self::ListServiceAccounts => "ListServiceAccounts",
            Self::ReadServiceAccount(_) => "ReadServiceAccount",
            Self::ListUsers => "ListUsers",
            Self::ReadUser(_) => "ReadUser",
            Self::ListAppliedQuotas => "ListAppliedQuotas",
            Self::ListTableflowRegions => "ListTableflowRegions",
            Self::ListKafkaTopics(..) => "ListKafkaTopics",
            Self::ListSubjects(_) => "ListSubjects",
            Self::ListFlinkStatements(..) => "ListFlinkStatements",
            Self::Unknown(_) => "Unknown",
        }
    }

    pub(super) fn plane(&self) -> Plane {
        match self {
            Self::ListKafkaTopics(..) => Plane::Kafka,
            Self::ListSubjects(_) => Plane::SchemaRegistry,
            Self::ListFlinkStatements(..) => Plane::Flink,
            Self::Unknown(plane) => *plane,
            _ => Plane::Cloud,
        }
    }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
