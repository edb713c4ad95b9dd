//! How a new key of each kind is tried: with the key itself, where its users go.
//!
//! Statuses decide, not bodies: a Kafka broker that has not heard of a key answers 401 as a page of HTML.

use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Call, Url, repeat};
use rotation::{Effect, Error, ErrorKind, Retry, Verdict};

use crate::error::incomplete;
use crate::session::{ATTEMPT, Pair, Request, Session, call};
use crate::target::{Kind, Target};
use crate::wire::{Cluster, Named, Region};

/// Tries the key once, or says from when on it is taken to work.
///
/// # Errors
/// Only what waiting cannot cure.
pub(crate) async fn verify(session: &Session, target: &Target, key: &Pair, made: Timestamp) -> Result<Verdict, Error> {
    match target.kind {
        Kind::Cloud | Kind::Global => home(session, key, "org:ListEnvironments", &["org", "v2", "environments"]).await,
        Kind::Tableflow => home(session, key, "tableflow:ListRegions", &["tableflow", "v1", "regions"]).await,
        Kind::Kafka | Kind::SchemaRegistry | Kind::Flink => {
            let url = plane(session, target).await?;
            let probe = probe(target.kind);
            let once = || async {
                session.ask_plane(&probe, key, url.clone()).await.and_then(|answer| judge(&probe, &answer))
            };
            match repeat_lost(session, once).await {
                Err(error) if error.kind == ErrorKind::Unreachable && error.effect == Effect::None => {
                    Err(out_of_reach(&probe, target))
                }
                verdict => verdict,
            }
        }
        Kind::Ksqldb => Ok(Verdict::NotBefore(made.checked_add(KSQLDB).unwrap_or(Timestamp::MAX))),
    }
}

/// Whether what the inputs name is there, as far as a look-up tells that. What it finds is kept for [`verify`].
///
/// # Errors
/// It is not there. Any other failure is left to whoever needs the look-up.
pub(crate) async fn is_there(session: &Session, target: &Target) -> Result<(), Error> {
    if !matches!(target.kind, Kind::Kafka | Kind::SchemaRegistry | Kind::Flink) {
        return Ok(());
    }
    match plane(session, target).await {
        Err(error) if error.kind == ErrorKind::Invalid => Err(error),
        _ => Ok(()),
    }
}

/// No address is known where a ksqlDB key could be tried; Confluent's own provider waits so long after making one.
const KSQLDB: SignedDuration = SignedDuration::from_mins(5);
/// Longer than it takes to find that nobody answers, so that this is what is told.
const PROBE: SignedDuration = SignedDuration::from_secs(15);

fn probe(kind: Kind) -> Call {
    let (operation, service) = match kind {
        Kind::SchemaRegistry => ("schemaregistry:ListSubjects", "the Schema Registry"),
        Kind::Flink => ("flink:ListStatements", "Flink"),
        _ => ("kafka:ListTopics", "the Kafka cluster"),
    };
    Call { operation, service, setting: "managedResource", limit: PROBE }
}

/// A connection that cannot be made is tried again a few times; everything else is for the run to repeat.
async fn repeat_lost<F>(session: &Session, once: impl Fn() -> F) -> Result<Verdict, Error>
where
    F: Future<Output = Result<Verdict, Error>>,
{
    let kept = repeat(session.clock(), || async {
        match once().await {
            Err(error) if error.kind == ErrorKind::Unreachable && error.effect == Effect::None => Err(error),
            other => Ok(other),
        }
    });
    kept.await?
}

/// Confluent's own APIs, asked with the new key.
async fn home(session: &Session, key: &Pair, operation: &'static str, path: &[&str]) -> Result<Verdict, Error> {
    let probe = call(operation, ATTEMPT);
    let (answer, wait) = session.answer(&probe, key, Request::get(path, &[("page_size", "1")])).await?;
    if answer.status == 429 {
        let error = probe.error(ErrorKind::Throttled, "Confluent Cloud takes no more calls for now");
        return Err(error.retry(Retry::After(wait)));
    }
    judge(&probe, &answer)
}

/// What the answer to a try means (Confluent's Terraform provider: 401 and 403 are "not yet", anything else is a failure).
fn judge(probe: &Call, answer: &Answer) -> Result<Verdict, Error> {
    match answer.status {
        200..300 => Ok(Verdict::Accepted),
        401 | 403 => Ok(Verdict::NotYet),
        429 | 500.. => {
            let message = format!("{} answered with status {}", probe.service, answer.status);
            Err(probe.error(ErrorKind::Unexpected, message).retry(Retry::Backoff))
        }
        status => Err(probe.error(
            ErrorKind::Unverified,
            format!(
                "the new key cannot be tried: {} answered with status {status}; correct managedResource, or set verification: {{enabled: false}}",
                probe.service
            ),
        )),
    }
}

/// Where a key of these kinds is tried.
async fn plane(session: &Session, target: &Target) -> Result<Url, Error> {
    let Target { resource, environment, .. } = target;
    let environment = environment.as_deref().unwrap_or_default();
    let end: Vec<&str> = match target.kind {
        Kind::SchemaRegistry => vec!["subjects"],
        Kind::Flink => {
            let organization = session.organization.get_or_try_init(|| organization(session)).await?;
            vec!["sql", "v1", "organizations", organization, "environments", environment, "statements"]
        }
        _ => vec!["kafka", "v3", "clusters", resource, "topics"],
    };
    let mut url = session.endpoint(&format!("{environment}.{resource}"), || look_up(session, target)).await?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(end);
    }
    Ok(url)
}

async fn look_up(session: &Session, target: &Target) -> Result<Url, Error> {
    let Target { resource, environment, .. } = target;
    let environment = environment.as_deref().unwrap_or_default();
    let within = [("environment", environment)];
    let (call, found) = match target.kind {
        Kind::Flink => {
            let call = call("fcpm:ListRegions", ATTEMPT);
            let (cloud, name) = resource.split_once('.').unwrap_or_default();
            let cloud = cloud.to_ascii_uppercase();
            let query = [("cloud", cloud.as_str()), ("region_name", name)];
            let regions: Vec<Region> =
                session.list(&call, &target.words(), (&["fcpm", "v2", "regions"], &query)).await?;
            let none = || {
                call.error(ErrorKind::Invalid, format!("Flink has no region {resource}: correct managedResource.id"))
            };
            (call, regions.into_iter().next().ok_or_else(none)?.http_endpoint)
        }
        kind => {
            let (operation, group) = match kind {
                Kind::SchemaRegistry => ("srcm:GetCluster", ["srcm", "v3"]),
                _ => ("cmk:GetCluster", ["cmk", "v2"]),
            };
            let call = call(operation, ATTEMPT);
            let path = [group[0], group[1], "clusters", resource];
            let cluster = session.get::<Cluster>(&call, &target.words(), (&path, &within)).await;
            (call, cluster.map_err(|error| elsewhere(error, target))?.spec.http_endpoint)
        }
    };
    let found = found.filter(|url| !url.is_empty()).ok_or_else(|| out_of_reach(&call, target))?;
    found.parse().map_err(|_| incomplete(&call, "http_endpoint"))
}

/// The organization of the plugin's own key.
///
/// # Errors
/// Anything but a definite answer.
pub(crate) async fn organization(session: &Session) -> Result<String, Error> {
    let call = call("org:ListOrganizations", ATTEMPT);
    let found: Vec<Named> = session.list(&call, "organization", (&["org", "v2", "organizations"], &[])).await?;
    found.into_iter().next().map(|named| named.id).ok_or_else(|| incomplete(&call, "organization"))
}

/// A cluster that is not in the environment is not found.
fn elsewhere(error: Error, target: &Target) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let Target { resource, environment, .. } = target;
    let environment = environment.as_deref().unwrap_or_default();
    let message = format!(
        "{resource} (`managedResource.id`) is not in the environment {environment} (`managedResource.environment.id`), or does not exist: correct one of them"
    );
    Error { kind: ErrorKind::Invalid, message, ..error }
}

fn out_of_reach(call: &Call, target: &Target) -> Error {
    let what = reached(target);
    let message = format!(
        "{what} cannot be reached from here, so the new key cannot be tried: run where it can, or set verification: {{enabled: false}} for a private network"
    );
    call.error(ErrorKind::Unreachable, message)
}

/// What is tried, as messages name it.
fn reached(target: &Target) -> String {
    let resource = &target.resource;
    match target.kind {
        Kind::SchemaRegistry => format!("the Schema Registry {resource}"),
        Kind::Flink => format!("Flink in {resource}"),
        _ => format!("the Kafka cluster {resource}"),
    }
}
