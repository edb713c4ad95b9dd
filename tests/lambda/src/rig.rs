use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, Result};
use conformance::Pool;
use futures::FutureExt;
use futures::future::{Either, select};
use jiff::SignedDuration;
use lambda::{Function, Settings};
use localcloud::{Consistency, Invocations, LocalCloud, Options, locked};
use outbound::Client;
use rotation::testing::{Fault, ManualClock, NeverStop};
use serde_json::{Value, json};
use system_oci::Parts;
use vault_servers::{SharedClock, plain_fault};

use crate::system::{System, Used};

/// The secret that is rotated.
pub const SECRET: &str = "ci/key";
/// The function that rotates it.
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotation";
const START: &str = "2026-01-01T12:00:00Z";

/// A principal, the secret that names it, and the function, on a clock that only moves by hand.
pub struct Rig {
    /// The clouds.
    pub cloud: LocalCloud,
    /// Their time and the function's.
    pub clock: ManualClock,
    /// Whose keys are rotated.
    pub system: System,
    settings: Settings,
    lines: Arc<Mutex<Vec<String>>>,
    pairs: Arc<Pool>,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Well.
    Done,
    /// With this line.
    Failed(String),
    /// The process died.
    Died,
}

impl Rig {
    /// A fresh one on clouds that lag moderately, whose secret has these fields beside those that name the principal.
    ///
    /// # Errors
    /// When the stand-in cannot listen.
    pub fn new(system: System, fields: &Value) -> Result<Self> {
        Self::lagging(system, fields, Consistency::default())
    }

    /// The same on an AWS that lags as is said.
    ///
    /// # Errors
    /// When the stand-in cannot listen.
    pub fn lagging(system: System, fields: &Value, lags: Consistency) -> Result<Self> {
        let clock = ManualClock::new(START.parse()?);
        let mut options = Options::new(SharedClock::new(&clock).shared());
        options.hang_advances = SignedDuration::from_secs(31);
        options.aws.consistency = lags;
        let cloud = LocalCloud::start(options)?;
        let mut json = system.prepare(&cloud)?;
        let own = json.as_object_mut().context("an object")?;
        own.extend(fields.as_object().cloned().unwrap_or_default());
        cloud.aws().create_secret(SECRET, Some(&json.to_string()))?;
        cloud.aws().set_rotation(SECRET, Some(FUNCTION))?;
        // What was made by hand has settled.
        clock.advance(SignedDuration::from_mins(10));
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&lines);
        let admin = cloud.aws().admin_credentials();
        let endpoint = cloud.endpoint();
        let aws = json!({
            "region": "us-east-1",
            "accessKey": admin.access_key_id,
            "secretKey": admin.secret_access_key,
            "endpoints": {"iam": endpoint, "sts": endpoint, "secretsManager": endpoint},
        });
        let settings = Settings {
            aws: serde_json::from_value(aws)?,
            ..Settings::new(Arc::new(clock.clone()), Arc::new(move |line| locked(&log).push(line)))
        };
        Ok(Self { cloud, clock, system, settings, lines, pairs: Arc::default() })
    }

    /// Lets the function sign as somebody else.
    ///
    /// # Errors
    /// The credentials are no configuration.
    pub fn sign_as(&mut self, key: &localcloud::Credentials) -> Result<()> {
        let endpoint = self.cloud.endpoint();
        let aws = json!({
            "region": "us-east-1",
            "accessKey": key.access_key_id,
            "secretKey": key.secret_access_key,
            "endpoints": {"iam": endpoint, "sts": endpoint, "secretsManager": endpoint},
        });
        self.settings.aws = serde_json::from_value(aws)?;
        Ok(())
    }

    /// Invokes a newly started function once.
    pub async fn invoke(&self, payload: &Value) -> Ended {
        let oci = Parts { pairs: self.pairs.clone(), client: client(&self.settings).ok(), variables: None };
        let function = Function::new(Settings { oci: Some(oci), ..self.settings.clone() });
        let handled = function.handle(payload, &NeverStop).boxed_local();
        let death = std::pin::pin!(self.cloud.faults().death());
        match select(handled, death).await {
            Either::Left((Ok(()), _)) => Ended::Done,
            Either::Left((Err(failure), _)) => Ended::Failed(failure.to_string()),
            Either::Right(_) => Ended::Died,
        }
    }

    /// Begins a rotation, or takes up one that is not complete.
    ///
    /// # Errors
    /// As the stand-in refuses.
    pub fn begin(&self) -> Result<Invocations> {
        Ok(self.cloud.aws().begin_rotation(SECRET)?)
    }

    /// Rotates once, without a fault.
    ///
    /// # Errors
    /// The line of the step that failed.
    pub async fn rotate(&self) -> Result<(), String> {
        let invocations = self.begin().map_err(|error| error.to_string())?;
        self.steps(&invocations.payloads).await
    }

    /// Rotates so often, with an hour after each rotation.
    ///
    /// # Errors
    /// As [`Self::rotate`].
    pub async fn rotate_hourly(&self, times: usize) -> Result<(), String> {
        for _ in 0..times {
            self.rotate().await?;
            self.clock.advance(SignedDuration::from_hours(1));
        }
        Ok(())
    }

    /// Invokes the function for each of these steps.
    ///
    /// # Errors
    /// The line of the step that failed.
    pub async fn steps(&self, payloads: &[Value]) -> Result<(), String> {
        for payload in payloads {
            match self.invoke(payload).await {
                Ended::Done => {}
                ended => return Err(format!("{ended:?}")),
            }
        }
        Ok(())
    }

    /// Lets the call with this number, counted from 0 over all, fail.
    pub fn inject(&self, call: usize, fault: Fault) {
        let is_of_oci = self.system == System::Oci;
        let fault = match fault {
            Fault::Before if is_of_oci => localcloud::Fault::error_before(409, "IncorrectState"),
            Fault::Before => localcloud::Fault::error_before(400, "InvalidInput"),
            Fault::After => localcloud::Fault::error_after(500, "InternalServiceError"),
            other => plain_fault(other),
        };
        self.cloud.faults().strike_call(call, fault);
    }

    /// The names of all calls so far.
    pub fn calls(&self) -> Vec<String> {
        self.cloud.journal().into_iter().map(|entry| entry.action).collect()
    }

    /// The key that a version of the secret hands over; none if it hands over none.
    pub fn read(&self, stage: &str) -> Option<Used> {
        self.system.used(&self.cloud.aws().secret_value(SECRET, stage)?)
    }

    /// The key that consumers read.
    pub fn current(&self) -> Option<Used> {
        self.read("AWSCURRENT")
    }

    /// Whether consumers who read this work.
    pub fn works(&self, key: &Used) -> bool {
        self.system.works(&self.cloud, key)
    }

    /// The ids of the keys that exist.
    pub fn keys(&self) -> Vec<String> {
        self.system.keys(&self.cloud)
    }

    /// What was said so far.
    pub fn lines(&self) -> Vec<String> {
        locked(&self.lines).clone()
    }

    /// The keys whose secrets occur in anything that was said.
    pub fn leaks(&self) -> Vec<String> {
        let all = self.lines().join("\n");
        self.cloud.aws().leaks(&all)
    }
}

/// One for the whole process: each would read the machine's certificates anew.
fn client(settings: &Settings) -> Result<Client> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let clock = Arc::clone(&settings.clock);
    if let Some(client) = CLIENT.get() {
        return Ok(client.at(clock));
    }
    let made = Client::new(&outbound::Settings::default(), Arc::clone(&clock))?;
    Ok(CLIENT.get_or_init(|| made).at(clock))
}
