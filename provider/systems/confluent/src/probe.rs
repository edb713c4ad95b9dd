//! How a new key of each kind is tried: with the key itself, where its users go.
//!
//! Statuses decide, not bodies: a Kafka broker that has not heard of a key answers 401 as a page of HTML.

use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Call, Url, could_not_try, origin, repeat};
use rotation::{Error, ErrorKind, Retry, Verdict};

use crate::error::incomplete;
use crate::session::{ATTEMPT, Pair, Request, Session, call};
use crate::target::{Kind, Target};
use crate::wire::{Addresses, Cluster};

/// Tries the key once, or says from when on it is taken to work.
///
/// # Errors
/// Only failures that a later try cannot fix.
pub(crate) async fn verify(session: &Session, target: &Target, key: &Pair, made: Timestamp) -> Result<Verdict, Error> {
    match target.kind {
        Kind::Cloud | Kind::Global => home(session, key, "org:ListEnvironments", &["org", "v2", "environments"]).await,
        Kind::Tableflow => home(session, key, "tableflow:ListRegions", &["tableflow", "v1", "regions"]).await,
        Kind::Kafka | Kind::SchemaRegistry | Kind::Flink => at_plane(session, target, key).await,
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

/// Asks each address of the data plane in turn, until one accepts the key. Where nobody can be asked, that is repeated a few times.
async fn at_plane(session: &Session, target: &Target, key: &Pair) -> Result<Verdict, Error> {
    let urls = repeat(session.clock(), || plane(session, target)).await.map_err(could_not_try)?;
    let probe = probe(target.kind);
    repeat(session.clock(), || ask_all(session, (&probe, target), key, &urls)).await.map_err(could_not_try)
}

async fn ask_all(
    session: &Session,
    (probe, target): (&Call, &Target),
    key: &Pair,
    urls: &[Url],
) -> Result<Verdict, Error> {
    let (mut seen, mut verdict, mut failure) = (Vec::new(), None, None);
    for url in urls {
        let answer = session.ask_plane(probe, key, url.clone()).await;
        seen.push(answer.as_ref().map_or_else(shown, |answer| status(url, answer.status)));
        match answer.and_then(|answer| judge(probe, &answer)) {
            // One refusal is enough: where the key is known, no address refuses it.
            Ok(Verdict::NotYet) => verdict = Some(Verdict::NotYet),
            Ok(Verdict::Unjudged) => verdict = verdict.or(Some(Verdict::Unjudged)),
            Ok(verdict) => return Ok(verdict),
            // One that wants to be asked later is there.
            Err(error) if error.kind == ErrorKind::Throttled => return Err(error),
            Err(error) => failure = Some(error),
        }
    }
    let is_judged = verdict == Some(Verdict::NotYet);
    session.note_try(if is_judged { seen.join("; ") } else { untried(target, &seen) });
    match (verdict, failure) {
        (None, Some(error)) => Err(Error { message: untried(target, &seen), ..error }),
        (verdict, _) => Ok(verdict.unwrap_or(Verdict::Unjudged)),
    }
}

fn shown(error: &Error) -> String {
    error.message.clone()
}

fn status(url: &Url, status: u16) -> String {
    format!("{} answered with status {status}", origin(url))
}

/// What is told where no address gave a verdict about the key: what was seen, and the two ways out.
fn untried(target: &Target, seen: &[String]) -> String {
    format!(
        "{} gave no verdict on the new key: {}. Run `pulumi up` where one of these addresses can be reached, such as within the private network, or set `verification: {{enabled: false}}`, which promotes new keys untried [KR-CONFLUENT-024]",
        reached(target),
        seen.join("; ").trim_end_matches('.')
    )
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

/// Confluent's own APIs, asked with the new key.
async fn home(session: &Session, key: &Pair, operation: &'static str, path: &[&str]) -> Result<Verdict, Error> {
    let probe = call(operation, ATTEMPT);
    let ask = || async {
        let (answer, wait) = session.answer(&probe, key, Request::get(path, &[("page_size", "1")])).await?;
        if answer.status == 429 {
            let error =
                probe.error(ErrorKind::Throttled, "Confluent Cloud's rate limit was reached [KR-CONFLUENT-011]");
            return Err(error.retry(Retry::After(wait)));
        }
        let verdict = judge(&probe, &answer);
        let hint = match verdict {
            Ok(Verdict::Unjudged) => ": check the IP filters of the organization and the rights of the owner",
            _ => "",
        };
        session.note_try(format!("{} answered with status {}{hint}", probe.service, answer.status));
        verdict
    };
    repeat(session.clock(), ask).await.map_err(could_not_try)
}

/// What the answer to a try means. Confluent's Terraform provider waits on 401 and 403 alike. Only 401 is about the key: Confluent Cloud answers it
/// to a key that it does not know, as JSON or as a page. A 403 is about rights, an IP filter or the network, which a key cannot help. Any other status
/// says nothing at all.
fn judge(probe: &Call, answer: &Answer) -> Result<Verdict, Error> {
    let failed = |kind| {
        probe.error(kind, format!("{} answered with status {} [KR-CONFLUENT-025]", probe.service, answer.status))
    };
    match answer.status {
        200..300 => Ok(Verdict::Accepted),
        401 if is_about_key(answer) => Ok(Verdict::NotYet),
        401 | 403 => Ok(Verdict::Unjudged),
        429 => Err(failed(ErrorKind::Throttled).retry(Retry::Backoff)),
        500.. => Err(failed(ErrorKind::Unexpected).retry(Retry::Backoff)),
        _ => Err(failed(ErrorKind::Unexpected)),
    }
}

/// Whether a 401 refuses the key: it asks for Basic authentication, if it says for which, and does not speak of the network.
fn is_about_key(answer: &Answer) -> bool {
    let asks = answer.header("www-authenticate").map(str::to_ascii_lowercase);
    let text = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    asks.is_none_or(|asks| asks.contains("basic")) && !OF_NETWORKS.iter().any(|words| text.contains(words))
}

/// Confluent publishes no text for what an IP filter refuses, so any mention counts: it keeps a key.
const OF_NETWORKS: [&str; 6] =
    ["ip filter", "ip_filter", "ip address", "ip_address", "private network", "public network"];

/// Where a key of these kinds is tried.
async fn plane(session: &Session, target: &Target) -> Result<Vec<Url>, Error> {
    let Target { resource, environment, .. } = target;
    let environment = environment.as_deref().unwrap_or_default();
    let end: Vec<&str> = match target.kind {
        Kind::SchemaRegistry => vec!["subjects"],
        Kind::Flink => {
            let organization = session.organization().await?;
            vec!["sql", "v1", "organizations", organization, "environments", environment, "statements"]
        }
        _ => vec!["kafka", "v3", "clusters", resource, "topics"],
    };
    let mut urls = session.endpoints(&format!("{environment}.{resource}"), || look_up(session, target)).await?;
    for url in &mut urls {
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&end);
        }
    }
    Ok(urls)
}

async fn look_up(session: &Session, target: &Target) -> Result<Vec<Url>, Error> {
    let Target { resource, environment, .. } = target;
    let environment = environment.as_deref().unwrap_or_default();
    let within = [("environment", environment)];
    let (call, found) = match target.kind {
        Kind::Flink => {
            let call = call("fcpm:ListRegions", ATTEMPT);
            let (cloud, name) = resource.split_once('.').unwrap_or_default();
            let cloud = cloud.to_ascii_uppercase();
            let query = [("cloud", cloud.as_str()), ("region_name", name)];
            let regions: Vec<Addresses> =
                session.list(&call, &target.words(), (&["fcpm", "v2", "regions"], &query)).await?;
            let none = || {
                call.error(
                    ErrorKind::Invalid,
                    format!("Flink has no region {resource}: correct managedResource.id [KR-CONFLUENT-026]"),
                )
            };
            (call, regions.into_iter().next().ok_or_else(none)?)
        }
        kind => {
            let (operation, group) = match kind {
                Kind::SchemaRegistry => ("srcm:GetCluster", ["srcm", "v3"]),
                _ => ("cmk:GetCluster", ["cmk", "v2"]),
            };
            let call = call(operation, ATTEMPT);
            let path = [group[0], group[1], "clusters", resource];
            let cluster = session.get::<Cluster>(&call, &target.words(), (&path, &within)).await;
            (call, cluster.map_err(|error| elsewhere(error, target))?.spec)
        }
    };
    let found = found.into_all();
    if found.is_empty() {
        let seen = ["Confluent Cloud names no address of it".to_owned()];
        return Err(call.error(ErrorKind::Unreachable, untried(target, &seen)));
    }
    let read = found.iter().map(|url| url.parse().map_err(|_| incomplete(&call, "http_endpoint")));
    read.collect()
}

/// A cluster that is not in the environment is not found.
fn elsewhere(error: Error, target: &Target) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let Target { resource, environment, .. } = target;
    let environment = environment.as_deref().unwrap_or_default();
    let message = format!(
        "{resource} (`managedResource.id`) is not in the environment {environment} (`managedResource.environment.id`), or does not exist: correct one of them [KR-CONFLUENT-027]"
    );
    Error { kind: ErrorKind::Invalid, message, ..error }
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
