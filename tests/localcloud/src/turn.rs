//! One request's way past the faults, the same for every cloud.

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::fault::{ErrorAnswer, Fault};
use crate::journal::{Effect, Journal};
use crate::rule::{Faults, Held};

/// What all clouds of one stand-in share.
pub struct Desk {
    /// The time it lives in.
    pub clock: Arc<dyn Clock>,
    /// What is to go wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    /// How far the clock moves whenever a request begins to hang.
    pub hang_advances: SignedDuration,
}

impl Desk {
    /// A desk without rules and entries.
    pub fn new(clock: Arc<dyn Clock>, hang_advances: SignedDuration) -> Self {
        Self { clock, faults: Faults::new(), journal: Journal::default(), hang_advances }
    }
}

/// Why a request does not get its ordinary answer.
pub enum Interruption {
    /// It gets this error.
    Error(ErrorAnswer),
    /// It is told that it is one too many.
    Throttled,
    /// It gets none; see [`crate::dropped`].
    Dropped,
    /// It gets half of it; see [`crate::cut`].
    Cut,
}

/// A request from its arrival to its answer.
pub struct Turn {
    desk: Arc<Desk>,
    seq: u64,
    action: String,
    fault: Option<Fault>,
    /// When it arrived, by the desk's clock.
    pub arrived: Timestamp,
}

impl Turn {
    /// Counts and records the request, and finds the fault that befalls it.
    pub fn open(desk: &Arc<Desk>, action: &str) -> Self {
        let arrived = desk.clock.now();
        let (call, fault) = desk.faults.strike(action);
        let name = fault.as_ref().map(Fault::name);
        let seq = desk.journal.arrived(arrived, call, action, name);
        Self { desk: Arc::clone(desk), seq, action: action.to_owned(), fault, arrived }
    }

    /// Whatever has to happen before the request takes effect.
    ///
    /// # Errors
    /// The request is not to take effect.
    pub async fn before(&self) -> Result<(), Interruption> {
        match &self.fault {
            Some(Fault::ErrorBefore(error)) => return Err(Interruption::Error(error.clone())),
            Some(Fault::Throttle) => return Err(Interruption::Throttled),
            Some(Fault::DropBefore) => return Err(Interruption::Dropped),
            Some(Fault::Hang) => self.hang().await,
            Some(Fault::HoldBefore) => self.hold(false).await,
            Some(Fault::MoveClockBefore { seconds }) => self.move_clock(*seconds),
            Some(Fault::Stranger(hook)) => hook.act(),
            _ => {}
        }
        Ok(())
    }

    /// Records what the request did.
    pub fn done(&self, effect: Effect) {
        self.desk.journal.done(self.seq, effect);
    }

    /// Whatever has to happen between the effect and the answer.
    ///
    /// # Errors
    /// The ordinary answer is not to be sent.
    pub async fn after(&self) -> Result<(), Interruption> {
        match &self.fault {
            Some(Fault::ErrorAfter(error)) => return Err(Interruption::Error(error.clone())),
            Some(Fault::DropAfter) => return Err(Interruption::Dropped),
            Some(Fault::CutBody) => return Err(Interruption::Cut),
            Some(Fault::HangAfter) => self.hang().await,
            Some(Fault::HoldAfter) => self.hold(true).await,
            Some(Fault::MoveClockAfter { seconds }) => self.move_clock(*seconds),
            _ => {}
        }
        Ok(())
    }

    /// Records what the client is sent, and gives it the date that the cloud's own clock shows.
    pub fn send(&self, mut response: Response) -> Response {
        self.answered(response.status().as_u16());
        let date = self.desk.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        response.headers_mut().extend(HeaderValue::from_str(&date).ok().map(|date| (DATE, date)));
        response
    }

    /// Records the status that the client is sent.
    pub fn answered(&self, status: u16) {
        self.desk.journal.answered(self.seq, status);
    }

    async fn hang(&self) {
        self.desk.faults.hang_begins();
        self.desk.clock.advance(self.desk.hang_advances);
        std::future::pending().await
    }

    async fn hold(&self, done: bool) {
        let held = Held { seq: self.seq, action: self.action.clone(), done };
        self.desk.faults.hold(held).await;
    }

    fn move_clock(&self, seconds: i64) {
        self.desk.clock.advance(SignedDuration::from_secs(seconds));
    }
}
