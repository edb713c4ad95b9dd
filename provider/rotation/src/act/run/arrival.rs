//! The first look of a run. What was created a moment ago may not be visible yet.

use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};

use super::actor::{REMINDER, RunContext, stopped};
use crate::time::later;
use crate::{Error, ErrorKind, KeyState, Observed, Want, observe};

/// The longest wait for a principal.
const LONGEST: SignedDuration = SignedDuration::from_mins(1);
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// What stands on the principal. A principal that is not there is looked for again while the system may still be catching up: for a
/// Create, because the program may have created it just now; otherwise while a key of the state is that young.
pub(super) async fn first_look(context: &RunContext<'_>, state: &KeyState) -> Result<Option<Observed>, Error> {
    let start = context.clock.now();
    let until = believable_at(context, state, start);
    let mut announced: Option<Timestamp> = None;
    loop {
        let looked = observe(context.issuer, context.owner, context.clock).await;
        let is_missing = match &looked {
            Ok(observed) => observed.is_none(),
            Err(error) => error.kind == ErrorKind::NotFound,
        };
        let now = context.clock.now();
        if !is_missing || now >= until {
            return looked;
        }
        if announced.is_none_or(|at| later(at, REMINDER) <= now) {
            announced = Some(now);
            (context.note)(waiting(context, until.duration_since(now)));
        }
        let pause = PAUSE.min(until.duration_since(now));
        if let Either::Right(_) = select(context.clock.wait(pause), context.stop.stopped()).await {
            return Err(stopped());
        }
    }
}

/// From when on "not there" is believed. The wait is bounded by our own clock, whatever times the state holds.
fn believable_at(context: &RunContext<'_>, state: &KeyState, now: Timestamp) -> Timestamp {
    let longest = context.issuer.capability().settle.min(LONGEST);
    let latest = later(now, longest);
    if state.claim_open || (*context.want != Want::Gone && !state.has_begun()) {
        return latest;
    }
    let youngest = state.keys().map(|key| later(key.created_at, longest)).max();
    youngest.map_or(now, |at| at.min(latest))
}

fn waiting(context: &RunContext<'_>, left: SignedDuration) -> String {
    let (principal, seconds) = (context.issuer.principal(), left.as_secs().max(1));
    format!("waiting up to {seconds} s for {principal}: it was not found and may have been created just now")
}
