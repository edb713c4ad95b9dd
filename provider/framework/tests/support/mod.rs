//! A provider that does what its inputs say, also what no provider should do.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic, reason = "shared by several test files")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub use pulumi_provider::testing::object;
use pulumi_provider::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const THING: &str = "test:index:Thing";
pub const PASSWORD: &str = "hunter2-hunter2";
pub const TOKEN: &str = "t0ken-t0ken";

/// What a program gives.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Args {
    /// Its identity.
    #[schemars(extend("x-replace" = true))]
    name: String,
    /// What to do.
    act: Option<String>,
    /// A secret.
    #[expect(dead_code, reason = "only passed through")]
    password: Option<SecretString>,
    /// Texts, any of which may be secret.
    #[expect(dead_code, reason = "only passed through")]
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// What it gets.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct State {
    token: SecretString,
    note: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its shape is used")]
pub struct Config {
    /// Where to work.
    region: String,
    #[schemars(extend("x-replace" = true))]
    tenancy: Option<String>,
    api_token: Option<SecretString>,
    cloud: Option<Cloud>,
    debug: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its shape is used")]
pub struct Cloud {
    secret_key: Option<SecretString>,
    host: Option<String>,
}

/// What a thing was asked and did.
#[derive(Default)]
pub struct Traces {
    pub made: AtomicUsize,
    /// Calls that lingered until they were told to end.
    pub finished: AtomicUsize,
    pub refreshes: AtomicBool,
    pub checked: Mutex<Option<CheckRequest>>,
    pub diffed: Mutex<Option<DiffRequest>>,
}

struct Thing(Arc<Traces>);

/// A call that goes on until it is told to end, and then says why it did.
async fn linger(traces: &Traces, context: &Context) -> Object {
    let outputs = until_stopped(context).await;
    traces.finished.fetch_add(1, Ordering::SeqCst);
    outputs
}

fn state(note: Option<&str>) -> Object {
    to_object(&State { token: SecretString::new(TOKEN), note: note.map(str::to_owned) }).unwrap()
}

fn act(inputs: &Object) -> &str {
    inputs.get("act").and_then(Value::as_str).unwrap_or_default()
}

fn failing(code: Code) -> Error {
    Error::new(code, format!("no luck with {PASSWORD} and {TOKEN}"))
}

/// Outputs that cannot be saved.
fn spoiled(act: &str) -> Object {
    let mut outputs = state(None);
    let bad = if act == "nan" { Value::Number(f64::NAN) } else { Value::Unknown };
    outputs.insert("note".into(), Value::Array(vec!["kept".into(), bad]));
    outputs
}

async fn until_stopped(context: &Context) -> Object {
    let why = context.stop().cancelled().await;
    assert!(context.stopped());
    state(Some(&format!("{why:?}")))
}

#[async_trait]
impl Resource for Thing {
    fn spec(&self) -> ResourceSpec {
        let mut spec = ResourceSpec::new("Thing", "A thing.", ObjectSchema::of::<Args>(), ObjectSchema::of::<State>());
        spec.list_inputs = Some(ObjectSchema::default());
        spec
    }

    fn check(&self, request: &CheckRequest) -> Result<Checked, Error> {
        *self.0.checked.lock().unwrap() = Some(request.clone());
        assert_ne!(act(&request.inputs), "check-panic", "{PASSWORD}");
        let failures = decode::<Args>(&request.inputs).failures;
        let warnings = match act(&request.inputs) {
            "warn" => vec![format!("careful with {PASSWORD}")],
            _ => Vec::new(),
        };
        let mut inputs = request.inputs.clone();
        if act(&request.inputs) == "strip" {
            inputs.insert("tags".into(), request.inputs["tags"].unwrapped().clone());
        }
        inputs.insert("fresh".into(), request.old_inputs.is_none().into());
        Ok(Checked { inputs, failures, warnings })
    }

    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error> {
        *self.0.diffed.lock().unwrap() = Some(request.clone());
        let (mut old, mut new) = (request.old_inputs.clone(), request.inputs.clone());
        old.remove("fresh");
        new.remove("fresh");
        Ok(Diff::of(diff::inputs(&old, &new, &ObjectSchema::of::<Args>())))
    }

    async fn create(&self, request: CreateRequest, context: &Context) -> Result<Created, Failure> {
        if request.preview {
            return Ok(Created::default());
        }
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let id = "thing-1".to_owned();
        let outputs = match act(&request.inputs) {
            "error" => return Err(Error::new(Code::Unavailable, format!("no luck with {PASSWORD}")).into()),
            "partial" => return Err(Failure::partial(id, state(None), failing(Code::Unavailable))),
            "partial-spoiled" => return Err(Failure::partial(id, spoiled("unknown"), failing(Code::Unavailable))),
            "partial-silent" => {
                let error = Error::new(Code::DeadlineExceeded, "too late");
                let partial = Partial { reasons: vec![], ..partial_of(id, error) };
                return Err(Failure::Partial(Box::new(partial)));
            }
            "no-id" => return Ok(Created { outputs: state(None), ..Created::default() }),
            "panic" => panic!("{PASSWORD}"),
            spoil @ ("unknown" | "nan") => spoiled(spoil),
            "slow" => linger(&self.0, context).await,
            "log" => {
                context.log().info("first");
                context.log().warning(format!("second, not {PASSWORD}"));
                state(None)
            }
            _ => state(None),
        };
        Ok(Created { id, outputs, ..Created::default() })
    }

    async fn update(&self, request: UpdateRequest, context: &Context) -> Result<Object, Failure> {
        match act(&request.inputs) {
            _ if request.preview => Ok(request.state),
            "slow" => Ok(linger(&self.0, context).await),
            "error" => Err(failing(Code::Unavailable).into()),
            "partial" => Err(Failure::partial("another", state(Some("half")), failing(Code::Unavailable))),
            spoil @ ("unknown" | "nan") => Ok(spoiled(spoil)),
            _ => Ok(state(Some("updated"))),
        }
    }

    async fn read(&self, request: ReadRequest, context: &Context) -> Result<Option<Found>, Failure> {
        let (Some(inputs), Some(outputs)) = (request.inputs, request.state) else {
            let inputs: Object = [("name".to_owned(), request.id.as_str().into())].into();
            return Ok(Some(Found { id: request.id, inputs, outputs: state(None), ..Found::default() }));
        };
        match act(&inputs) {
            "gone" => Ok(None),
            "slow" => {
                let outputs = linger(&self.0, context).await;
                Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() }))
            }
            "refused" => Err(failing(Code::PermissionDenied).into()),
            "partial" => Err(Failure::partial(request.id, state(Some("half")), failing(Code::Unavailable))),
            "reread" => {
                let tags = inputs["tags"].as_object().unwrap();
                let plain = tags.iter().map(|(key, value)| (key.clone(), value.unwrapped().clone()));
                let tags = Value::Object(plain.collect());
                let mut outputs = state(None);
                outputs.insert("tags".into(), tags.clone());
                let inputs = [("name".to_owned(), inputs["name"].clone()), ("tags".to_owned(), tags)].into();
                Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() }))
            }
            _ => Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() })),
        }
    }

    async fn delete(&self, request: DeleteRequest, context: &Context) -> Result<(), Failure> {
        match act(&request.old_inputs) {
            "slow" => {
                linger(&self.0, context).await;
                Ok(())
            }
            "stuck" => Err(failing(Code::FailedPrecondition).into()),
            "stuck-half" => Err(Failure::partial(request.id, state(None), failing(Code::FailedPrecondition))),
            _ => Ok(()),
        }
    }

    fn refreshes_before_update(&self) -> bool {
        self.0.refreshes.load(Ordering::SeqCst)
    }

    async fn list(&self, request: ListRequest, context: &Context) -> Result<Listed, Error> {
        if act(&request.query) == "slow" {
            linger(&self.0, context).await;
        }
        let all = ["a", "b", "c"].map(|name| (name.to_owned(), format!("id-{name}")));
        let rest = request.continuation.is_none().then(|| "more".to_owned());
        Ok(Listed { resources: all.into(), continuation: rest })
    }
}

fn partial_of(id: String, error: Error) -> Partial {
    let Failure::Partial(partial) = Failure::partial(id, state(None), error) else {
        unreachable!("a partial failure is one");
    };
    *partial
}

/// Gives its arguments back.
struct Echo(Arc<Traces>);

#[async_trait]
impl Function for Echo {
    fn spec(&self) -> FunctionSpec {
        FunctionSpec::new("echo", "Gives back.", ObjectSchema::of::<Args>(), ObjectSchema::of::<State>())
    }

    async fn invoke(&self, request: InvokeRequest, context: &Context) -> Result<Object, InvokeFailure> {
        match request.arguments.get("act").and_then(Value::as_str) {
            Some("slow") => Ok(linger(&self.0, context).await),
            Some("error") => Err(failing(Code::NotFound).into()),
            Some("unknown") => Ok(spoiled("unknown")),
            Some("arguments") => {
                let failure = CheckFailure::new("password", format!("not {PASSWORD}"));
                Err(InvokeFailure::Arguments(vec![failure]))
            }
            _ => Ok(request.arguments),
        }
    }
}

#[derive(Default)]
pub struct Things {
    pub traces: Arc<Traces>,
    pub configured: Arc<Mutex<Vec<Object>>>,
}

impl Provider for Things {
    fn name(&self) -> &str {
        "test"
    }
    fn version(&self) -> &str {
        "1.2.3"
    }
    fn config(&self) -> ObjectSchema {
        ObjectSchema::of::<Config>()
    }
    fn check_config(&self, config: &Object) -> Vec<CheckFailure> {
        decode::<Config>(config).failures
    }
    fn configure(&self, config: Object) -> Result<(), ConfigureError> {
        if config.contains_key("bad") {
            return Err(failing(Code::InvalidArgument).into());
        }
        self.configured.lock().unwrap().push(config);
        Ok(())
    }
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![Arc::new(Thing(Arc::clone(&self.traces)))]
    }
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        vec![Arc::new(Echo(Arc::clone(&self.traces)))]
    }
    fn schema(&self) -> Cow<'static, str> {
        build_schema(self).unwrap().into()
    }
}

/// Inputs of a thing that is to do something, with a secret at the top and one inside a map.
pub fn inputs(act: &str) -> Object {
    let tags = object([("open", "x".into()), ("a.b", Value::secret(PASSWORD))]);
    object([("name", "n".into()), ("act", act.into()), ("password", Value::secret(PASSWORD)), ("tags", tags.into())])
}
