//! One resource in a stack. Each run is a process of its own, which a held call kills.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use plugin::KeyRotation;
use pulumi_provider::testing::{Action, Harness, Managed, Problem, Saved, Step, object};
use pulumi_provider::{Object, Value};
use rotation::testing::{Fault, ManualClock};
use vault_servers::Proxy;

pub(crate) const TOKEN: &str = "keyrotation:vault:RotatingRoot";
pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
const HANG: SignedDuration = SignedDuration::from_secs(31);

pub(crate) struct Stack {
    /// The type of the resource.
    pub(crate) resource: &'static str,
    pub(crate) clock: ManualClock,
    pub(crate) proxy: Proxy,
    pub(crate) config: Object,
    pub(crate) saved: Option<Saved>,
    /// What the user was told so far.
    pub(crate) logged: Vec<String>,
}

/// What became of a run: none if its process died.
pub(crate) type Ran<T> = Option<Result<T, Problem>>;

impl Stack {
    /// Nothing in it yet, and a server behind a proxy.
    pub(crate) fn new(server: SocketAddr, token: &str, now: Timestamp) -> Self {
        Self::at(ManualClock::new(now), server, token)
    }

    /// The same with a clock that others share.
    pub(crate) fn at(clock: ManualClock, server: SocketAddr, token: &str) -> Self {
        let proxy = Proxy::start(server, &clock, HANG).unwrap();
        let vault = object([
            ("address", proxy.endpoint().into()),
            ("token", Value::secret(token)),
            // There is no TLS on the way, and reading the machine's certificates would cost more than all calls.
            ("skipTlsVerify", true.into()),
        ]);
        let config = object([("vault", vault.into())]);
        Self { resource: TOKEN, clock, proxy, config, saved: None, logged: Vec::new() }
    }

    fn run<T>(&mut self, work: impl AsyncFnOnce(&mut Managed) -> Result<T, Problem>) -> Ran<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // With the runtime end all tasks of the process, wherever they are.
        runtime.block_on(async {
            let harness = Harness::start(KeyRotation::new(Arc::new(self.clock.clone()))).await.unwrap();
            harness.configure(self.config.clone()).await.unwrap();
            let mut root = harness.resource(self.resource, "root");
            root.saved = self.saved.clone();
            let ran = tokio::select! {
                biased;
                ran = work(&mut root) => Some(ran),
                () = self.proxy.faults().death() => None,
            };
            if ran.is_some() {
                self.saved = root.saved.clone();
            }
            self.logged.extend(harness.logged().into_iter().map(|line| format!("{}: {}", line.severity, line.message)));
            ran
        })
    }

    pub(crate) fn up(&mut self, inputs: &Object) -> Ran<Step> {
        self.run(async |root| root.up(inputs).await)
    }

    /// An `up` that does this.
    pub(crate) fn does(&mut self, inputs: &Object, action: Action) -> Step {
        let step = self.up(inputs).expect("nobody died").unwrap();
        assert_eq!(step.action, action, "{:?}", step.changed);
        step
    }

    /// What a failed `up` tells.
    pub(crate) fn fails(&mut self, inputs: &Object) -> String {
        match self.up(inputs).expect("nobody died") {
            Ok(step) => panic!("it did not fail: {:?}", step.action),
            Err(problem) => problem.texts().join("\n"),
        }
    }

    pub(crate) fn preview(&mut self, inputs: &Object) -> Step {
        self.run(async |root| root.preview(inputs).await).expect("nobody died").unwrap()
    }

    pub(crate) fn refresh(&mut self) -> Ran<()> {
        self.run(async |root| root.refresh().await)
    }

    pub(crate) fn import(&mut self, id: &str) -> Ran<()> {
        self.run(async |root| root.import(id).await)
    }

    pub(crate) fn destroy(&mut self) {
        self.run(async |root| root.destroy().await).expect("nobody died").unwrap();
    }

    pub(crate) fn output(&self, name: &str) -> Option<Value> {
        let value = self.saved.as_ref().and_then(|saved| saved.outputs.get(name).cloned());
        value.filter(|value| !value.is_null())
    }

    pub(crate) fn generation(&self) -> f64 {
        self.output("generation").and_then(|value| value.as_number()).expect("a generation")
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Lets a call of the next run fail, by its number in that run.
    pub(crate) fn inject(&self, call: usize, fault: Fault) {
        self.proxy.inject(self.proxy.calls().len() + call, fault);
    }

    /// How many orders the server carried out, as the proxy saw it.
    pub(crate) fn orders(&self) -> usize {
        let journal = self.proxy.journal();
        let done = journal.iter().filter(|entry| is_order(&entry.action));
        done.filter(|entry| entry.outcome.as_deref().is_some_and(|status| status.starts_with('2'))).count()
    }
}

pub(crate) fn is_order(call: &str) -> bool {
    call.starts_with("POST ") && call.contains("/rotate-ro")
}

/// Inputs with one keeper and whatever else.
pub(crate) fn inputs<const N: usize>(path: &str, keeper: &str, more: [(&str, Value); N]) -> Object {
    let mut inputs = object([("path", path.into()), ("keepers", object([("release", keeper.into())]).into())]);
    inputs.extend(object(more));
    inputs
}
