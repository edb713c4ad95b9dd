//! The figures of a plugin, each with its target.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use pulumi_proto::pulumirpc::{CheckRequest, CreateRequest, DiffRequest};

use crate::cloud::Cloud;
use crate::confluent;
use crate::keypair;
use crate::lambda;
use crate::plugin::{Client, Plugin};
use crate::table::{self, Figure};
use crate::usage;

const TYPE: &str = "keyrotation:aws:RotatingApiKey";
const NAME: &str = "key";
const URN: &str = "urn:pulumi:dev::bench::keyrotation:aws:RotatingApiKey::key";
const STARTS: usize = 51;
const SINGLE_CALLS: usize = 2000;
const CALLERS: usize = 16;
const CALLS_EACH: usize = 1500;
const MIB: f64 = 1024.0;

/// Measures every group of figures, or one, and prints them.
///
/// # Errors
/// When something cannot be measured. A missed target is an exit code.
pub(crate) async fn run(program: &Path, group: Option<&str>) -> Result<ExitCode> {
    let mut figures = Vec::new();
    let wanted = |name: &str| group.is_none_or(|group| group == name);
    if wanted("size") {
        figures.push(size(program)?);
    }
    if wanted("start") {
        figures.push(start(program).await?);
    }
    if wanted("memory") {
        figures.extend(memory(program).await?);
    }
    if wanted("cpu") {
        figures.extend(cpu(program).await?);
    }
    if wanted("latency") {
        figures.extend(latency(program).await?);
    }
    if wanted("keypair") {
        figures.extend(keypair::figures()?);
    }
    if wanted("lambda") {
        figures.extend(lambda::figures()?);
    }
    // It takes minutes, so it is measured when asked for.
    if group == Some("confluent") {
        figures.extend(confluent::hundred(program).await?);
    }
    if figures.is_empty() {
        bail!(
            "no such group of figures: {}; there are size, start, memory, cpu, latency, keypair, lambda, confluent",
            group.unwrap_or_default()
        );
    }
    table::print(&figures);
    Ok(if figures.iter().any(Figure::missed) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn size(program: &Path) -> Result<Figure> {
    let bytes = program.metadata().with_context(|| format!("cannot read {}", program.display()))?.len();
    let megabytes = bytes as f64 / 1e6;
    Ok(Figure { name: "stripped binary", measured: megabytes, target: Some(18.0), unit: "MB", reference: None })
}

async fn start(program: &Path) -> Result<Figure> {
    let mut starts = Vec::with_capacity(STARTS);
    let mut spawns = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut plugin = Plugin::start(program, &[]).await?;
        plugin.client.get_plugin_info(()).await.context("GetPluginInfo failed")?;
        starts.push(begun.elapsed());
        drop(plugin);
        let begun = Instant::now();
        tokio::process::Command::new("/bin/true").status().await.context("cannot start /bin/true")?;
        spawns.push(begun.elapsed());
    }
    let reference = Some((milliseconds(median(spawns)), "start and end of /bin/true"));
    Ok(Figure {
        name: "start to the answer of GetPluginInfo, median",
        measured: milliseconds(median(starts)),
        target: Some(6.0),
        unit: "ms",
        reference,
    })
}

async fn memory(program: &Path) -> Result<Vec<Figure>> {
    let cloud = Cloud::start()?;
    let mut plugin = Plugin::start(program, &cloud.environment()).await?;
    plugin.schema().await?;
    plugin.configure().await?;
    let configured = usage::resident(plugin.pid()?)? as f64 / MIB;
    let mut lived = Resource::create(plugin.client.clone()).await?;
    let called = usage::resident(plugin.pid()?)? as f64 / MIB;
    lived.calls(SINGLE_CALLS).await?;
    let later = usage::resident(plugin.pid()?)? as f64 / MIB;
    let figure = |name, measured, target| Figure { name, measured, target, unit: "MiB", reference: None };
    Ok(vec![
        figure("resident after GetSchema and Configure", configured, Some(10.0)),
        figure("resident after the calls of one Create", called, Some(16.0)),
        figure("resident after 2000 Checks and Diffs more", later, None),
    ])
}

async fn cpu(program: &Path) -> Result<Vec<Figure>> {
    let cloud = Cloud::start()?;
    let mut plugin = Plugin::start(program, &cloud.environment()).await?;
    plugin.configure().await?;
    let resource = Resource::create(plugin.client.clone()).await?;
    let pid = plugin.pid()?;
    let bare = per_call(pid, &resource, Call::Bare).await?;
    let mut figures = Vec::new();
    for (name, call) in
        [("processor time of a Check, 16 callers", Call::Check), ("processor time of a Diff, 16 callers", Call::Diff)]
    {
        let measured = per_call(pid, &resource, call).await?;
        figures.push(Figure {
            name,
            measured,
            target: Some(45.0),
            unit: "us",
            reference: Some((bare, "a bare GetPluginInfo")),
        });
    }
    Ok(figures)
}

async fn latency(program: &Path) -> Result<Vec<Figure>> {
    let cloud = Cloud::start()?;
    let mut plugin = Plugin::start(program, &cloud.environment()).await?;
    plugin.configure().await?;
    let mut resource = Resource::create(plugin.client.clone()).await?;
    let bare = resource.median_of(Call::Bare).await?;
    let mut figures = Vec::new();
    let calls = [
        ("latency of a Check, one caller, median", Call::Check, Some(0.5)),
        ("latency of a Diff, one caller, median", Call::Diff, Some(0.5)),
        ("latency of GetSchema, one caller, median", Call::Schema, None),
    ];
    for (name, call, target) in calls {
        let measured = resource.median_of(call).await?;
        figures.push(Figure { name, measured, target, unit: "ms", reference: Some((bare, "a bare GetPluginInfo")) });
    }
    Ok(figures)
}

/// What is called over and over.
#[derive(Clone, Copy)]
enum Call {
    Bare,
    Schema,
    Check,
    Diff,
}

/// A resource that exists, and the requests an engine sends about it when nothing has changed.
#[derive(Clone)]
struct Resource {
    client: Client,
    check: CheckRequest,
    diff: DiffRequest,
}

impl Resource {
    async fn create(mut client: Client) -> Result<Self> {
        let program = inputs();
        let first = CheckRequest { news: Some(program.clone()), ..Self::check_request() };
        let checked = client.check(first).await.context("Check failed")?.into_inner();
        ensure!(checked.failures.is_empty(), "Check refuses the inputs: {}", checked.failures[0].reason);
        let inputs = checked.inputs.context("Check answered no inputs")?;
        let create = CreateRequest {
            urn: URN.into(),
            name: NAME.into(),
            r#type: TYPE.into(),
            properties: Some(inputs.clone()),
            ..CreateRequest::default()
        };
        let created = client.create(create).await.context("Create failed")?.into_inner();
        let check = CheckRequest { olds: Some(inputs.clone()), news: Some(program), ..Self::check_request() };
        let diff = DiffRequest {
            id: created.id,
            urn: URN.into(),
            name: NAME.into(),
            r#type: TYPE.into(),
            olds: created.properties,
            news: Some(inputs.clone()),
            old_inputs: Some(inputs),
            ..DiffRequest::default()
        };
        let answer = client.diff(diff.clone()).await.context("Diff failed")?.into_inner();
        ensure!(answer.changes == 1, "an unchanged resource has a difference: {:?}", answer.diffs);
        Ok(Self { client, check, diff })
    }

    fn check_request() -> CheckRequest {
        CheckRequest {
            urn: URN.into(),
            name: NAME.into(),
            r#type: TYPE.into(),
            olds: Some(Struct::default()),
            ..CheckRequest::default()
        }
    }

    async fn call(&mut self, call: Call) -> Result<()> {
        match call {
            Call::Bare => self.client.get_plugin_info(()).await.map(drop),
            Call::Schema => {
                self.client.get_schema(pulumi_proto::pulumirpc::GetSchemaRequest::default()).await.map(drop)
            }
            Call::Check => self.client.check(self.check.clone()).await.map(drop),
            Call::Diff => self.client.diff(self.diff.clone()).await.map(drop),
        }
        .context("a call failed while it was measured")
    }

    async fn calls(&mut self, pairs: usize) -> Result<()> {
        for _ in 0..pairs {
            self.call(Call::Check).await?;
            self.call(Call::Diff).await?;
        }
        Ok(())
    }

    async fn median_of(&mut self, call: Call) -> Result<f64> {
        let mut times = Vec::with_capacity(SINGLE_CALLS);
        for _ in 0..SINGLE_CALLS {
            let begun = Instant::now();
            self.call(call).await?;
            times.push(begun.elapsed());
        }
        Ok(milliseconds(median(times)))
    }
}

/// Microseconds of the plugin's processor time for one call, with all callers busy on one connection
/// as they are in an engine. A first round that is not counted warms it up.
async fn per_call(pid: u32, resource: &Resource, call: Call) -> Result<f64> {
    callers(resource, call, CALLS_EACH / 10).await?;
    let before = usage::processor(pid)?;
    callers(resource, call, CALLS_EACH).await?;
    let used = usage::processor(pid)? - before;
    Ok(used.as_secs_f64() * 1e6 / (CALLERS * CALLS_EACH) as f64)
}

async fn callers(resource: &Resource, call: Call, each: usize) -> Result<()> {
    let tasks: Vec<_> = (0..CALLERS)
        .map(|_| {
            let mut resource = resource.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    resource.call(call).await?;
                }
                Ok::<_, anyhow::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.context("a caller ended early")??;
    }
    Ok(())
}

/// What a program declares.
fn inputs() -> Struct {
    let text = |value: &str| Value { kind: Some(Kind::StringValue(value.to_owned())) };
    let keepers = Struct { fields: [("release".to_owned(), text("1"))].into() };
    let keepers = Value { kind: Some(Kind::StructValue(keepers)) };
    let fields = [
        ("user", text(crate::cloud::USER)),
        ("keepers", keepers),
        ("rotationPeriod", text("90d")),
        ("overlap", text("1d")),
    ];
    Struct { fields: fields.map(|(name, value)| (name.to_owned(), value)).into() }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
