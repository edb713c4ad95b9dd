//! A hundred keys of Confluent Cloud made at once, where five calls a second are taken.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use localcloud::confluent::RateLimit;
use localcloud::{LocalCloud, Options};
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use pulumi_proto::pulumirpc::{CheckRequest, ConfigureRequest, CreateRequest};

use crate::plugin::{Client, Plugin};
use crate::table::Figure;

const TYPE: &str = "keyrotation:confluent:RotatingApiKey";
const KEYS: usize = 100;
const A_SECOND: u32 = 5;
/// How much longer it may take than the limit itself dictates for the calls that were made.
const SLOWER: f64 = 1.2;

/// The time that all take, beside what the limit itself dictates for the calls that were made, and how many calls were refused.
///
/// # Errors
/// When a key is not made.
pub(crate) async fn hundred(program: &Path) -> Result<Vec<Figure>> {
    let cloud = LocalCloud::start(Options::default().immediate()).context("cannot start the stand-in")?;
    let confluent = cloud.confluent();
    let owners = (0..KEYS).map(|number| confluent.create_service_account(&format!("ci-{number}")));
    let owners = owners.collect::<Result<Vec<_>, _>>().map_err(|refusal| anyhow!("{refusal}"))?;
    confluent.change_settings(|settings| settings.rate_limit = Some(RateLimit::per_second(A_SECOND)));
    let mut plugin = Plugin::start(program, &[]).await?;
    let request = ConfigureRequest {
        args: Some(config(&cloud)),
        accept_secrets: true,
        accept_resources: true,
        ..ConfigureRequest::default()
    };
    plugin.client.configure(request).await.context("Configure failed")?;
    let begun = Instant::now();
    let made: Vec<_> = owners.into_iter().map(|owner| tokio::spawn(create(plugin.client.clone(), owner))).collect();
    for key in made {
        key.await.context("a caller ended early")??;
    }
    let took = begun.elapsed().as_secs_f64();
    let journal = cloud.journal();
    let refused = journal.iter().filter(|entry| entry.answered == Some(429)).count();
    let dictated = (journal.len() - refused) as f64 / f64::from(A_SECOND);
    let figure = |name, measured, target, unit| Figure { name, measured, target, unit, reference: None };
    let times = Figure {
        reference: Some((dictated, "what the limit dictates")),
        ..figure("100 keys where 5 calls a second are taken", took, Some(dictated * SLOWER), "s")
    };
    Ok(vec![times, figure("calls refused for being too many", refused as f64, Some(5.0), "calls")])
}

async fn create(mut client: Client, owner: String) -> Result<()> {
    let urn = format!("urn:pulumi:dev::bench::{TYPE}::{owner}");
    let news = object([("owner", object_value([("id", text(&owner))]))]);
    let check =
        CheckRequest { urn: urn.clone(), news: Some(news), olds: Some(Struct::default()), ..CheckRequest::default() };
    let checked = client.check(check).await.context("Check failed")?.into_inner();
    ensure!(checked.failures.is_empty(), "Check refuses the inputs: {}", checked.failures[0].reason);
    let create = CreateRequest { urn, properties: checked.inputs, ..CreateRequest::default() };
    client.create(create).await.context("Create failed")?;
    Ok(())
}

fn config(cloud: &LocalCloud) -> Struct {
    let admin = cloud.confluent().admin_credentials();
    let confluent = object_value([
        ("cloudApiKey", text(&admin.api_key)),
        ("cloudApiSecret", text(&admin.api_secret)),
        ("endpoint", text(cloud.endpoint())),
    ]);
    object([("confluent", confluent)])
}

fn text(value: &str) -> Value {
    Value { kind: Some(Kind::StringValue(value.to_owned())) }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Struct {
    Struct { fields: fields.map(|(name, value)| (name.to_owned(), value)).into() }
}

fn object_value<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value { kind: Some(Kind::StructValue(object(fields))) }
}
