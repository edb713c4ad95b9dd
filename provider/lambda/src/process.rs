//! The process that Lambda starts: it polls for invocations until it is stopped.

use std::process::ExitCode;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use outbound::SystemClock;
use rotation::{Clock, Stop};
use serde_json::Value;

use crate::failure::Failure;
use crate::function::Function;
use crate::settings::Settings;

/// What Lambda says an invocation may take ends it without a word; so long before that, no new step is begun.
const RESERVE: SignedDuration = SignedDuration::from_secs(5);
/// Lambda lets no invocation take longer.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Serves invocations: what `main` does.
pub fn run() -> ExitCode {
    if std::env::var_os(RUNTIME_API).is_none() {
        say(&format!("{RUNTIME_API} is not set: this program is the rotation function that AWS Lambda starts"));
        return ExitCode::FAILURE;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        say("no runtime could be started");
        return ExitCode::FAILURE;
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let function = Arc::new(Function::new(Settings::new(Arc::clone(&clock), Arc::new(|line: String| say(&line)))));
    let served = runtime.block_on(lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (function, clock) = (Arc::clone(&function), Arc::clone(&clock));
        async move {
            let (payload, context) = event.into_parts();
            let stop = Deadline::of(&context, clock);
            // Secrets Manager reads nothing of an answer.
            function.handle(&payload, &stop).await.map(|()| Value::Null)
        }
    })));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => {
            say("the Lambda Runtime API cannot be reached");
            ExitCode::FAILURE
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: "RotationFailed".to_owned(), error_message: failure.to_string() }
    }
}

/// The end of an invocation.
struct Deadline {
    at: Timestamp,
    clock: Arc<dyn Clock>,
}

impl Deadline {
    fn of(context: &Context, clock: Arc<dyn Clock>) -> Self {
        let at = i64::try_from(context.deadline).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        // One that was over before the invocation began is none: emulators send a duration.
        let at = at.filter(|at| *at > clock.now()).and_then(|at| at.checked_sub(RESERVE).ok());
        let at = at.unwrap_or(Timestamp::MAX);
        Self { at, clock }
    }
}

impl Stop for Deadline {
    fn is_stopped(&self) -> bool {
        self.clock.now() >= self.at
    }

    fn stopped(&self) -> BoxFuture<'_, ()> {
        let left = self.at.duration_since(self.clock.now());
        if left > LONGEST {
            std::future::pending().boxed()
        } else {
            self.clock.timer(left.max(SignedDuration::ZERO)).boxed()
        }
    }
}

#[expect(clippy::print_stderr, reason = "CloudWatch keeps what a function prints, a line as an entry")]
fn say(line: &str) {
    eprintln!("{line}");
}
