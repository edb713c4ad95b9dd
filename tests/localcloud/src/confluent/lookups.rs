//! What there is beside keys: clusters, regions, environments, the organisation, accounts, quotas.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply, metadata};
use super::error::Refusal;
use super::kind::Kind;
use super::organization::{Cluster, Principal, REGIONS};
use super::page::Page;
use super::quota;
use super::route::DATA_PLANES;

/// Clusters of one kind in one environment; the environment must be named.
pub(super) fn clusters(call: &mut Call<'_>, kind: Kind) -> Answer {
    let page = Page::read(call.request, &["environment"])?;
    let environment = match page.filter(0) {
        "" => return Err(no_environment()),
        id => id,
    };
    call.caller()?;
    let here = |cluster: &&Cluster| cluster.kind == kind && cluster.environment == environment;
    let found = call.organization.clusters.values().filter(here);
    let items = found.map(|cluster| (cluster.id.clone(), cluster_told(call, cluster))).collect();
    Ok(Reply::ok(page.cut(call.request, (group(kind), "ClusterList"), items)))
}

/// One cluster. In a wrong environment it is not found.
pub(super) fn cluster(call: &mut Call<'_>, kind: Kind, id: &str) -> Answer {
    let environment = call.request.parameter("environment").ok_or_else(no_environment)?;
    call.caller()?;
    let known = call.organization.clusters.get(id);
    let here = known.filter(|cluster| cluster.kind == kind && cluster.environment == environment);
    Ok(Reply::ok(cluster_told(call, here.ok_or_else(Refusal::not_found)?)))
}

pub(super) fn flink_regions(call: &mut Call<'_>) -> Answer {
    let page = Page::read(call.request, &["cloud", "region_name"])?;
    call.caller()?;
    let wanted = |cloud: &str, name: &str| {
        let fits = |filter: &str, value: &str| filter.is_empty() || filter.eq_ignore_ascii_case(value);
        fits(page.filter(0), cloud) && fits(page.filter(1), name)
    };
    let told = |(cloud, name, shown): (&str, &str, &str)| {
        let id = format!("{cloud}.{name}");
        let public = call.organization.regions.get(&id).cloned().unwrap_or_else(|| endpoint(call, &id));
        let region = json!({
            "api_version": "fcpm/v2",
            "kind": "Region",
            "id": id,
            "metadata": { "self": "" },
            "cloud": cloud.to_ascii_uppercase(),
            "region_name": name,
            "display_name": shown,
            "http_endpoint": public,
            "private_http_endpoint": call.organization.private.get(&id),
        });
        (id, region)
    };
    let items = REGIONS.into_iter().filter(|(cloud, name, _)| wanted(cloud, name)).map(told).collect();
    Ok(Reply::ok(page.cut(call.request, ("fcpm/v2", "RegionList"), items)))
}

pub(super) fn tableflow_regions(call: &mut Call<'_>) -> Answer {
    let page = Page::read(call.request, &[])?;
    call.caller()?;
    let told = |(cloud, name, _): (&str, &str, &str)| {
        let id = format!("{cloud}.{name}");
        let (cloud, version) = (cloud.to_ascii_uppercase(), "tableflow/v1");
        let region = json!({ "api_version": version, "kind": "Region", "id": id, "cloud": cloud, "region": name });
        (id, region)
    };
    let items = REGIONS.into_iter().map(told).collect();
    Ok(Reply::ok(page.cut(call.request, ("tableflow/v1", "RegionList"), items)))
}

pub(super) fn environments(call: &mut Call<'_>) -> Answer {
    let page = Page::read(call.request, &[])?;
    call.caller()?;
    let ids: Vec<String> = call.organization.environments.keys().cloned().collect();
    let told = ids.into_iter().filter_map(|id| environment_told(call, &id).map(|told| (id, told)));
    let items = told.collect();
    Ok(Reply::ok(page.cut(call.request, ("org/v2", "EnvironmentList"), items)))
}

pub(super) fn environment(call: &mut Call<'_>, id: &str) -> Answer {
    call.caller()?;
    environment_told(call, id).map(Reply::ok).ok_or_else(Refusal::not_found)
}

pub(super) fn organizations(call: &mut Call<'_>) -> Answer {
    let page = Page::read(call.request, &[])?;
    call.caller()?;
    let items = vec![(call.organization.id.clone(), organization_told(call))];
    Ok(Reply::ok(page.cut(call.request, ("org/v2", "OrganizationList"), items)))
}

pub(super) fn organization(call: &mut Call<'_>, id: &str) -> Answer {
    call.caller()?;
    if call.organization.id != id {
        return Err(Refusal::not_found());
    }
    Ok(Reply::ok(organization_told(call)))
}

/// Users, or service accounts.
pub(super) fn principals(call: &mut Call<'_>, users: bool) -> Answer {
    let page = Page::read(call.request, &[])?;
    call.caller()?;
    let found = call.organization.principals.values().filter(|principal| principal.is_user() == users);
    let items = found.map(|principal| (principal.id.clone(), principal_told(call, principal))).collect();
    let kind = if users { "UserList" } else { "ServiceAccountList" };
    Ok(Reply::ok(page.cut(call.request, ("iam/v2", kind), items)))
}

pub(super) fn principal(call: &mut Call<'_>, id: &str, user: bool) -> Answer {
    call.about_owner(id);
    call.caller()?;
    let known = call.organization.principals.get(id).filter(|principal| principal.is_user() == user);
    let absent = || if user { Refusal::not_found() } else { Refusal::no_account(id) };
    Ok(Reply::ok(principal_told(call, known.ok_or_else(absent)?)))
}

/// The quotas of one scope, which must be named.
pub(super) fn quotas(call: &mut Call<'_>) -> Answer {
    let page = Page::read(call.request, &["scope", "kafka_cluster"])?;
    call.caller()?;
    let scope = page.filter(0).to_ascii_lowercase();
    let unknown = || Refusal::bad_parameter("scope", "scope is required and must be a known one");
    let mut quotas = quota::applied(call.organization, &scope).ok_or_else(unknown)?;
    let cluster = page.filter(1);
    quotas.retain(|quota| cluster.is_empty() || quota["kafka_cluster"]["id"] == cluster);
    let numbered = quotas.into_iter().enumerate().map(|(number, quota)| (format!("{number:09}"), quota));
    let items = numbered.collect();
    Ok(Reply::ok(page.cut(call.request, ("service-quota/v1", "AppliedQuotaList"), items)))
}

fn cluster_told(call: &Call<'_>, cluster: &Cluster) -> Value {
    let (id, group) = (&cluster.id, group(cluster.kind));
    let within = &cluster.environment;
    let crn = match cluster.kind {
        Kind::Kafka => crn(call, &format!("environment={within}/cloud-cluster={id}/kafka={id}")),
        Kind::SchemaRegistry => crn(call, &format!("environment={within}/schema-registry={id}")),
        _ => crn(call, &format!("environment={within}/cluster={id}")),
    };
    let address = format!("{}/{group}/clusters/{id}", call.request.base);
    let endpoint = cluster.endpoint.clone().unwrap_or_else(|| endpoint(call, id));
    let (cloud, region, _) = REGIONS[0];
    let environment = reference(call, &cluster.environment);
    let mut spec = json!({
        "display_name": id, "cloud": cloud.to_ascii_uppercase(), "environment": environment,
        "http_endpoint": endpoint,
    });
    match cluster.kind {
        Kind::Kafka => {
            let bootstrap = endpoint.split_once("://").map_or("", |(_, host)| host.split('/').next().unwrap_or(""));
            spec["availability"] = json!("SINGLE_ZONE");
            spec["config"] = json!({ "kind": "Basic" });
            spec["kafka_bootstrap_endpoint"] = json!(format!("SASL_SSL://{bootstrap}"));
            spec["region"] = json!(region);
            if let Some(private) = call.organization.private.get(id) {
                let point = json!({ "http_endpoint": private, "connection_type": "PRIVATE_LINK" });
                spec["endpoints"] = json!({ "ap-1": point });
            }
        }
        Kind::SchemaRegistry => {
            spec["package"] = json!("ESSENTIALS");
            spec["private_http_endpoint"] = json!(call.organization.private.get(id).map_or("", String::as_str));
            spec["region"] = json!(region);
        }
        _ => spec["csu"] = json!(1),
    }
    json!({
        "api_version": group,
        "kind": "Cluster",
        "id": id,
        "metadata": metadata(&address, &crn, (cluster.created, cluster.created)),
        "spec": spec,
        "status": { "phase": "PROVISIONED" },
    })
}

fn environment_told(call: &Call<'_>, id: &str) -> Option<Value> {
    let environment = call.organization.environments.get(id)?;
    let told = named(call, ("org/v2", "Environment", "environments"), (id, &environment.name), environment.created);
    Some(told)
}

fn organization_told(call: &Call<'_>) -> Value {
    let id = &call.organization.id;
    let created = call.organization.environments.values().map(|environment| environment.created).min();
    let words = ("org/v2", "Organization", "organizations");
    named(call, words, (id, "localcloud"), created.unwrap_or(call.now))
}

fn principal_told(call: &Call<'_>, principal: &Principal) -> Value {
    if !principal.is_user() {
        let words = ("iam/v2", "ServiceAccount", "service-accounts");
        return named(call, words, (&principal.id, &principal.name), principal.created);
    }
    let mut told = named(call, ("iam/v2", "User", "users"), (&principal.id, &principal.name), principal.created);
    told["email"] = json!(principal.name);
    told["full_name"] = json!(principal.name);
    told
}

fn named(
    call: &Call<'_>,
    (api_version, kind, collection): (&str, &str, &str),
    (id, name): (&str, &str),
    created: Timestamp,
) -> Value {
    let address = format!("{}/{api_version}/{collection}/{id}", call.request.base);
    let crn = crn(call, &format!("{}={id}", collection.trim_end_matches('s')));
    json!({
        "api_version": api_version,
        "kind": kind,
        "id": id,
        "metadata": metadata(&address, &crn, (created, created)),
        "display_name": name,
    })
}

fn reference(call: &Call<'_>, environment: &str) -> Value {
    json!({
        "api_version": "org/v2",
        "kind": "Environment",
        "id": environment,
        "related": format!("{}/org/v2/environments/{environment}", call.request.base),
        "resource_name": crn(call, &format!("environment={environment}")),
    })
}

/// Where the data plane of a cluster or region is: at the stand-in itself, since it has one host only.
fn endpoint(call: &Call<'_>, id: &str) -> String {
    format!("{}{DATA_PLANES}/{id}", call.request.base)
}

fn crn(call: &Call<'_>, rest: &str) -> String {
    format!("crn://confluent.cloud/organization={}/{rest}", call.organization.id)
}

fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::SchemaRegistry => "srcm/v3",
        Kind::Ksqldb => "ksqldbcm/v2",
        _ => "cmk/v2",
    }
}

fn no_environment() -> Refusal {
    Refusal::bad_parameter("environment", "environment is required")
}
