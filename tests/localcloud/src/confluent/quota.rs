//! How many keys there are and may be. Codes are those of the service's quota API.

use serde_json::{Value, json};

use super::error::Refusal;
use super::key::{ApiKey, Order};
use super::kind::Kind;
use super::organization::Organization;
use super::settings::{OverQuota, Quotas};

/// One quota of one thing.
struct Quota {
    code: &'static str,
    scope: Scope,
    what: &'static str,
    limit: usize,
    default: usize,
    used: usize,
}

/// The thing that a quota is of.
enum Scope {
    Organization,
    User(String),
    ServiceAccount(String),
    KafkaCluster(String),
}

impl Scope {
    fn name(&self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::User(_) => "user_account",
            Self::ServiceAccount(_) => "service_account",
            Self::KafkaCluster(_) => "kafka_cluster",
        }
    }
}

/// # Errors
/// The first quota that one more key would exceed.
pub(super) fn check(organization: &Organization, order: &Order) -> Result<(), Refusal> {
    let mut quotas = of_owner(organization, &order.owner);
    quotas.retain(|quota| quota.counts_cloud_keys() == is_cloud(order.kind));
    if is_cloud(order.kind) {
        quotas.push(of_organization(organization));
    }
    if order.kind == Kind::Kafka {
        quotas.push(of_cluster(organization, &order.resource.id));
    }
    match quotas.iter().find(|quota| quota.used >= quota.limit) {
        None => Ok(()),
        Some(full) if organization.settings.over_quota == OverQuota::BadRequest => {
            Err(Refusal::quota_as_bad_request(full.what, full.limit))
        }
        Some(full) => Err(Refusal::quota(full.what, full.limit)),
    }
}

/// Every quota of a scope, as the quota API tells it; nothing if there is no such scope.
pub(super) fn applied(organization: &Organization, scope: &str) -> Option<Vec<Value>> {
    let owners = |user: bool| {
        let of_sort = organization.principals.values().filter(move |principal| principal.is_user() == user);
        of_sort.flat_map(|principal| of_owner(organization, &principal.id)).collect()
    };
    let quotas: Vec<Quota> = match scope {
        "organization" => vec![of_organization(organization)],
        "user_account" => owners(true),
        "service_account" => owners(false),
        "kafka_cluster" => {
            let kafka = organization.clusters.values().filter(|cluster| cluster.kind == Kind::Kafka);
            kafka.map(|cluster| of_cluster(organization, &cluster.id)).collect()
        }
        "environment" | "network" | "identity_provider" | "certificate_authority" => Vec::new(),
        _ => return None,
    };
    Some(quotas.iter().map(|quota| quota.told(&organization.id)).collect())
}

impl Quota {
    fn counts_cloud_keys(&self) -> bool {
        self.code.contains("cloud_api_keys")
    }

    fn told(&self, organization: &str) -> Value {
        let mut told = json!({
            "api_version": "service-quota/v1",
            "kind": "AppliedQuota",
            "id": self.code,
            "scope": self.scope.name(),
            "display_name": format!("Max {}", self.what),
            "default_limit": self.default,
            "applied_limit": self.limit,
            "usage": self.used,
            "organization": { "id": organization },
        });
        match &self.scope {
            Scope::Organization => {}
            Scope::User(id) | Scope::ServiceAccount(id) => told["user"] = json!({ "id": id }),
            Scope::KafkaCluster(id) => told["kafka_cluster"] = json!({ "id": id }),
        }
        told
    }
}

fn of_owner(organization: &Organization, owner: &str) -> Vec<Quota> {
    let (limits, defaults) = (organization.settings.quotas, Quotas::default());
    let used = |cloud: bool| count(organization, |key| key.owner == owner && is_cloud(key.kind) == cloud);
    let quota =
        |code, scope, what, (limit, default), cloud| Quota { code, scope, what, limit, default, used: used(cloud) };
    if owner.starts_with("u-") {
        let scope = || Scope::User(owner.to_owned());
        let cloud = (limits.cloud_per_user, defaults.cloud_per_user);
        let cluster = (limits.cluster_per_user, defaults.cluster_per_user);
        return vec![
            quota("iam.max_cloud_api_keys.per_user", scope(), "Cloud API keys per user", cloud, true),
            quota("iam.max_cluster_api_keys.per_user", scope(), "cluster API keys per user", cluster, false),
        ];
    }
    let scope = || Scope::ServiceAccount(owner.to_owned());
    let cloud = (limits.cloud_per_service_account, defaults.cloud_per_service_account);
    let cluster = (limits.cluster_per_service_account, defaults.cluster_per_service_account);
    let (cloud_code, cluster_code) =
        ("iam.max_cloud_api_keys.per_service_account", "iam.max_cluster_api_keys.per_service_account");
    vec![
        quota(cloud_code, scope(), "Cloud API keys per service account", cloud, true),
        quota(cluster_code, scope(), "cluster API keys per service account", cluster, false),
    ]
}

fn of_organization(organization: &Organization) -> Quota {
    Quota {
        code: "iam.max_cloud_api_keys.per_org",
        scope: Scope::Organization,
        what: "Cloud API keys per organization",
        limit: organization.settings.quotas.cloud_per_organization,
        default: Quotas::default().cloud_per_organization,
        used: count(organization, |key| is_cloud(key.kind)),
    }
}

fn of_cluster(organization: &Organization, id: &str) -> Quota {
    Quota {
        code: "kafka.max_api_keys.per_cluster",
        scope: Scope::KafkaCluster(id.to_owned()),
        what: "API keys per Kafka cluster",
        limit: organization.settings.quotas.per_kafka_cluster,
        default: Quotas::default().per_kafka_cluster,
        used: count(organization, |key| key.resource.id == id),
    }
}

/// Global keys are counted with Cloud keys; the service does not say with which it counts them.
fn is_cloud(kind: Kind) -> bool {
    matches!(kind, Kind::Cloud | Kind::Global)
}

fn count(organization: &Organization, which: impl Fn(&ApiKey) -> bool) -> usize {
    organization.existing_keys().filter(|key| which(key)).count()
}
