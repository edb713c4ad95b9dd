//! Faults on demand: the ways in which a request can fail.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

/// What goes wrong with a request.
///
/// "Before" means before the request has had any effect, "after" means that it took effect in full
/// and only the answer is at fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Refused with this error; nothing was done.
    ErrorBefore(ErrorAnswer),
    /// Done, and yet answered with this error.
    ErrorAfter(ErrorAnswer),
    /// Refused as one request too many, in the words of the API at hand.
    Throttle,
    /// The connection is closed without an answer; nothing was done.
    DropBefore,
    /// Done, and the connection is closed without an answer.
    DropAfter,
    /// Done; the answer announces its full length, ends in the middle, and the connection closes.
    CutBody,
    /// Never answered; nothing was done. The clock moves by `Options::hang_advances`.
    Hang,
    /// Done, and never answered. The clock moves by `Options::hang_advances`.
    HangAfter,
    /// Held back until released (`Faults::release`), and only then done and answered. A client that
    /// goes away meanwhile takes its request with it.
    HoldBefore,
    /// Done, and the answer held back until released.
    HoldAfter,
    /// The clock moves before the request is done. The age of its signature is judged by its arrival.
    MoveClockBefore {
        /// By how much the clock moves.
        seconds: i64,
    },
    /// Done; the clock moves before the answer leaves.
    MoveClockAfter {
        /// By how much the clock moves.
        seconds: i64,
    },
    /// Somebody else acts just before the request is done.
    #[serde(skip)]
    Stranger(Hook),
}

impl Fault {
    /// Refuses with HTTP `status` and the API's error `code`; nothing is done.
    pub fn error_before(status: u16, code: &str) -> Self {
        Self::ErrorBefore(ErrorAnswer::new(status, code))
    }

    /// Does what is asked and answers HTTP `status` with the API's error `code`.
    pub fn error_after(status: u16, code: &str) -> Self {
        Self::ErrorAfter(ErrorAnswer::new(status, code))
    }

    /// Runs `act` just before the request is done. `act` usually owns a clone of a handle such as
    /// [`crate::Aws`]; it runs on the stand-in's thread and must not wait for the stand-in.
    pub fn stranger(act: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Stranger(Hook(Arc::new(act)))
    }

    /// The name under which the journal shows this kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ErrorBefore(_) => "error_before",
            Self::ErrorAfter(_) => "error_after",
            Self::Throttle => "throttle",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::CutBody => "cut_body",
            Self::Hang => "hang",
            Self::HangAfter => "hang_after",
            Self::HoldBefore => "hold_before",
            Self::HoldAfter => "hold_after",
            Self::MoveClockBefore { .. } => "move_clock_before",
            Self::MoveClockAfter { .. } => "move_clock_after",
            Self::Stranger(_) => "stranger",
        }
    }
}

/// An error in place of an answer.
#[derive(Clone, Debug, Deserialize)]
pub struct ErrorAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The API's error code, `ServiceFailure` for example.
    pub code: String,
    /// The API's message.
    #[serde(default)]
    pub message: String,
}

impl ErrorAnswer {
    fn new(status: u16, code: &str) -> Self {
        Self { status, code: code.to_owned(), message: "A fault that a test asked for.".to_owned() }
    }
}

/// What somebody else does; made by [`Fault::stranger`].
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn() + Send + Sync>);

impl Hook {
    pub(crate) fn act(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
