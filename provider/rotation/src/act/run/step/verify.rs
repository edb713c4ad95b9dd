//! The proof of a new key: it is tried until it is accepted often enough in a row.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::act::run::actor::{Act, Happened, REMINDER, Run, RunContext, pause};
use crate::decide::ATTEMPTS;
use crate::time::later;
use crate::{Cause, Error, ErrorKind, Event, Goal, HistoryAction, Proof, Retry, Verdict, Verification, View, Want};

/// Tries the new key until it is accepted often enough.
pub(super) struct Verify;

#[async_trait]
impl Act for Verify {
    fn line(&self, _: Cause) -> Option<String> {
        Some("verifying the new key".to_owned())
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Verified(view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Want::Current(Goal { verification: Some(rules), .. }) = run.context.want else { return Ok(()) };
        match run.prove(*rules).await {
            Ok(told) => {
                (run.context.note)(format!("the new key was {told}"));
                run.fold_assumed(self);
                let key = run.world.state.pending.as_ref().map(|key| (key.id.clone(), Some(key.generation)));
                key.into_iter().for_each(|key| run.remember(Happened::to(key, HistoryAction::Verified), told.clone()));
            }
            Err(Unproven::NotAsked(error)) if !run.may_be_unpublished(&error) => return Err(error),
            Err(Unproven::Refused(error)) if !run.may_be_unpublished(&error) => return run.give_up(error),
            Err(_) => run.not_published(),
        }
        Ok(())
    }
}

/// Why a new key is not proven.
enum Unproven {
    /// The system did not accept it.
    Refused(Error),
    /// It could not be asked, which refuses nothing.
    NotAsked(Error),
}

impl From<Error> for Unproven {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Unverified => Self::Refused(error),
            _ => Self::NotAsked(error),
        }
    }
}

impl Run<'_> {
    /// Whether a key that is not accepted may only not be published yet.
    fn may_be_unpublished(&self, error: &Error) -> bool {
        let is_published = self.context.issuer.capability().proof == Proof::OncePublished;
        is_published && error.kind != ErrorKind::Stopped && error.retry != Retry::Never
    }

    /// That is no failure: only when this run has ended well, users publish what it says.
    fn not_published(&mut self) {
        let Some(id) = self.world.state.pending.as_ref().map(|key| &key.id) else { return };
        (self.context.note)(format!("the new key {id} is not accepted yet: publish it, and run `pulumi up` again"));
        self.fold(Event::NotPublished);
    }

    /// Counts a run in which the key was refused. After the last one what is left is to remove it.
    fn give_up(&mut self, error: Error) -> Result<(), Error> {
        self.fold(Event::NotVerified);
        let attempts = self.world.state.pending.as_ref().map_or(0, |pending| pending.attempts);
        if attempts < ATTEMPTS {
            return Err(error);
        }
        self.failure = Some(error);
        Ok(())
    }

    /// Tries the new key, and gives what came of it in words.
    async fn prove(&self, rules: Verification) -> Result<String, Unproven> {
        let pending = self.world.state.pending.as_ref().and_then(|key| key.material.as_ref());
        let material = pending.ok_or_else(|| {
            Error::new(ErrorKind::Unverified, "", "the secret of the new key is not known [KR-ROTATION-008]")
        })?;
        let until = later(self.context.clock.now(), rules.timeout);
        let mut progress = Progress { refused: 0, until, told: self.context.clock.now() };
        let (mut in_a_row, mut misses, mut unanswered, mut is_judged) = (0, 0, 0, true);
        loop {
            let verdict = self.context.issuer.verify(material).await;
            is_judged = verdict.as_ref().map_or(is_judged, |verdict| *verdict != Verdict::Unjudged);
            match verdict {
                Ok(Verdict::Accepted) => (in_a_row, misses, unanswered) = (in_a_row + 1, 0, 0),
                Ok(Verdict::NotYet | Verdict::Unjudged) => (in_a_row, misses, unanswered) = (0, misses + 1, 0),
                Ok(Verdict::NotBefore(time)) => return Ok(self.trust(time, rules).await?),
                Err(error) if error.retry == Retry::Never => return Err(error.into()),
                Err(error) => {
                    (in_a_row, misses, unanswered) = (0, misses + 1, unanswered + 1);
                    if unanswered >= UNANSWERED || later(self.context.clock.now(), LONGEST_PAUSE) > until {
                        return Err(error.into());
                    }
                }
            }
            if in_a_row >= rules.successes {
                return Ok(format!("accepted {}", times(in_a_row)));
            }
            if in_a_row == 0 {
                progress.missed(&self.context);
            }
            let pause = pause(Retry::Backoff, misses).min(LONGEST_PAUSE);
            if later(self.context.clock.now(), pause) > until {
                let last_try = self.context.issuer.last_try();
                let error = if is_judged { never_accepted(rules, last_try) } else { never_judged(rules, last_try) };
                return Err(error.into());
            }
            self.wait(pause).await?;
        }
    }

    /// Nothing can try the key, so time alone has to do.
    async fn trust(&self, time: Timestamp, rules: Verification) -> Result<String, Error> {
        let now = self.world.observed.now(self.context.clock.now());
        // A clock that is wrong must not let us wait for long.
        let longest = rules.timeout.max(self.context.issuer.capability().settle);
        let (rest, most) = (time.duration_since(now), longest.saturating_add(ROUNDING));
        self.wait_aloud(rest.min(most), Cause::Untried).await?;
        if rest > most {
            return Err(still_untried(time, rules));
        }
        Ok("given the time after which the system accepts it; nothing can try it".to_owned())
    }
}

/// What a verification says while it goes on.
struct Progress {
    refused: u32,
    until: Timestamp,
    told: Timestamp,
}

impl Progress {
    /// Counts a try that was not accepted, and every 15 seconds says what was seen and for how long it may go on.
    fn missed(&mut self, context: &RunContext<'_>) {
        self.refused += 1;
        let now = context.clock.now();
        if later(self.told, REMINDER) > now {
            return;
        }
        self.told = now;
        let seen = context.issuer.last_try().map(|seen| format!(": {seen}")).unwrap_or_default();
        let left = crate::format_duration(self.until.duration_since(now).max(SignedDuration::ZERO));
        (context.note)(format!(
            "verifying the new key: refused {} so far{seen}; up to {left} more",
            times(self.refused)
        ));
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// A system tells times in whole seconds, and how far its clock is ahead is known no better.
const ROUNDING: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// So many tries in a row that had no answer, half a minute of them, end a run: waiting longer would teach nothing.
const UNANSWERED: u32 = 8;

/// Nothing can try the key, and the time after which it works has not come: the next run goes on.
fn still_untried(time: Timestamp, rules: Verification) -> Error {
    let text = format!(
        "the new key is known to work from {} on, which is later than `verification.timeout` ({}) allows to wait: it is kept; the current key is untouched. Run `pulumi up` after that, and check the clock of this machine [KR-ROTATION-009]",
        crate::time::seconds(time),
        crate::format_duration(rules.timeout)
    );
    Error::new(ErrorKind::Unreachable, "", text)
}

/// The last answers said nothing about the key: that is no refusal, so the key is kept however many runs meet it.
fn never_judged(rules: Verification, last_try: Option<String>) -> Error {
    let seen = last_try.map(|seen| format!(" (last answer: {seen})")).unwrap_or_default();
    let text = format!(
        "the new key could not be tried within verification.timeout ({}){seen}, which says nothing about the key: it is kept; the current key is untouched [KR-ROTATION-010]",
        crate::format_duration(rules.timeout)
    );
    Error::new(ErrorKind::Unreachable, "", text)
}

fn never_accepted(rules: Verification, last_try: Option<String>) -> Error {
    let seen = last_try.map(|seen| format!(" (last answer: {seen})")).unwrap_or_default();
    let text = format!(
        "the new key was not accepted {} times in a row within verification.timeout ({}){seen}; the current key is untouched [KR-ROTATION-011]",
        rules.successes,
        crate::format_duration(rules.timeout)
    );
    Error::new(ErrorKind::Unverified, "", text).retry(Retry::Backoff)
}

/// Every way in which a verification ends without a proof, for whoever reads the sentences.
#[cfg(test)]
pub(super) fn errors(rules: Verification, at: Timestamp) -> [(&'static str, Error); 3] {
    let last_try = || Some("401 InvalidClientTokenId".to_owned());
    [
        ("refused", never_accepted(rules, last_try())),
        ("not judged", never_judged(rules, Some("503 Service Unavailable".to_owned()))),
        ("not tried", still_untried(at, rules)),
    ]
}
