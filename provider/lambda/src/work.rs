//! What a step does at the system: all of it is a run of the model.

use std::sync::Mutex;

use jiff::Timestamp;
use rotation::{
    Clock, Entry, Error, ErrorKind, Interrupted, KeyId, KeyIssuer, KeyState, Misplaced, Observed, OwnerId, Place,
    Retiring, RunContext, Stop, Store, Target, Verdict, Want, observe, run_until,
};
use system_aws::PREVIOUS;

use crate::goal::into_secret;
use crate::invocation::{Invocation, Subject};
use crate::keys::Keys;
use crate::scope::Scope;
use crate::state::{Ends, is_dated, with_seen};
use crate::store::SecretVersions;
use crate::version::Standing;

/// One invocation's dealings with the system.
pub(crate) struct Work<'a> {
    pub(crate) invocation: &'a Invocation<'a>,
    pub(crate) subject: &'a Subject,
    pub(crate) keys: &'a dyn Keys,
    pub(crate) issuer: &'a dyn KeyIssuer,
    pub(crate) stop: &'a dyn Stop,
}

impl Work<'_> {
    /// Does all that belongs to this invocation.
    ///
    /// # Errors
    /// Why it could not; what was begun is taken up by a repetition.
    pub(crate) async fn done(&self, scope: Scope, state: KeyState) -> Result<(), Error> {
        let new = state.pending.as_ref().map(|key| key.id.clone());
        let (state, observed) = self.seen(state).await?;
        let heals = scope == Scope::Make && self.counts() && !is_dated(&state, &observed);
        let state = if heals { self.healed(state).await? } else { state };
        let free_at = self.place_free_at(&state);
        let ended = self.run(scope, state, &self.invocation.event.token).await;
        self.must_have_gone_well(scope, new.as_ref(), &ended.map_err(|error| with_time(error, free_at))?).await
    }

    /// Whether it matters when a key was superseded.
    fn counts(&self) -> bool {
        self.subject.rules.overlap().is_some()
    }

    fn ends(&self) -> Ends {
        match self.subject.standing {
            _ if self.counts() => Ends::Counted,
            Standing::Pending => Ends::Next,
            Standing::Current => Ends::ButLast,
        }
    }

    fn clock(&self) -> &dyn Clock {
        &*self.invocation.settings.clock
    }

    /// The state with what stands on the principal, which nobody else may own.
    async fn seen(&self, mut state: KeyState) -> Result<(KeyState, Observed), Error> {
        if state.account.is_none() {
            // Nothing tells the place of the keys but the principal itself.
            self.observed().await?;
        }
        let place = Place { issuer: self.issuer, owner: &self.subject.owner, clock: self.clock(), accepts: &|_| false };
        let held = place.must_hold(&mut state, true).await;
        held.map_err(|misplaced| elsewhere(misplaced, &self.subject.label))?;
        let observed = self.observed().await?;
        self.must_be_ours(&observed)?;
        if observed.ledgers.own.is_none() {
            state.retiring.extend(self.previous(&state).await?);
        }
        Ok((with_seen(state, &observed, (self.clock().now(), self.ends())), observed))
    }

    async fn observed(&self) -> Result<Observed, Error> {
        let observed = observe(self.issuer, &self.subject.owner, self.clock()).await?;
        observed.ok_or_else(|| {
            let message = format!(
                "{} does not exist: create it, or correct its name in the JSON of {} [KR-LAMBDA-018]",
                self.issuer.principal(),
                self.subject.label
            );
            Error::new(ErrorKind::NotFound, "", message)
        })
    }

    /// A resource of a Pulumi program or another secret may rotate the same keys. Only one of them owns a principal, whichever was first.
    fn must_be_ours(&self, observed: &Observed) -> Result<(), Error> {
        let settle = self.issuer.capability().settle;
        let may_stand = |id: &KeyId, entry: &Entry| {
            let is_young = entry.since.saturating_add(settle).is_ok_and(|until| until > observed.at);
            observed.keys.contains_key(id) || is_young
        };
        let Some(other) = observed.ledgers.holder(may_stand) else { return Ok(()) };
        let OwnerId { hash, label } = &other.owner;
        let message = format!(
            "{}: {label} already manages its keys, and only one may. Rotate them there, or destroy that first; if it is lost, its keys may be in use: delete its mark {hash} only, and put the key in use into the JSON of {} [KR-LAMBDA-019]",
            self.issuer.principal(),
            self.subject.label
        );
        Err(Error::new(ErrorKind::Blocked, "", message))
    }

    /// Where somebody removed our mark, the version that consumers read before tells the previous key.
    async fn previous(&self, state: &KeyState) -> Result<Option<Retiring>, Error> {
        let Subject { described, label, .. } = self.subject;
        let held = self.invocation.held(described.holder(PREVIOUS), (PREVIOUS, label)).await?;
        let noted = held.filter(|held| held.account(self.keys) == state.account);
        let key = noted.and_then(|held| held.key(self.keys)).filter(|key| !state.knows(&key.id));
        Ok(key.map(|key| Retiring::new(key, self.clock().now())))
    }

    /// Lets the mark say when the current key was promoted: an overlap would be counted from another moment in each invocation.
    async fn healed(&self, state: KeyState) -> Result<KeyState, Error> {
        self.run(Scope::Heal, state.clone(), &self.subject.current.version).await?;
        let observed = self.observed().await?;
        Ok(with_seen(state, &observed, (self.clock().now(), self.ends())))
    }

    async fn run(&self, scope: Scope, state: KeyState, version: &str) -> Result<KeyState, Error> {
        let Subject { owner, label, current, rules, .. } = self.subject;
        let store = SecretVersions {
            secret: &self.invocation.secret,
            keys: self.keys,
            clock: self.clock(),
            owner,
            label,
            current,
            token: &self.invocation.event.token,
            account: state.account.clone(),
            known: Mutex::new(state.pending.as_ref().map(|key| key.id.clone())),
            read: Mutex::new(self.subject.read()),
        };
        let target = Target::of(&store);
        let mut goal = rules.goal((&owner.hash, version), self.clock().now());
        if !scope.tries() {
            goal.verification = None;
        }
        let want = Want::Current(into_secret(goal, &target));
        let note = |line: String| self.invocation.say(line);
        let stores: [&dyn Store; 1] = [&store];
        let context = RunContext {
            issuer: self.issuer,
            stores: &stores,
            readers: &[],
            derived: &std::convert::identity,
            clock: self.clock(),
            stop: self.stop,
            owner,
            want: &want,
            nonce: &outbound::nonce,
            note: &note,
            warn: &note,
        };
        let ended = run_until(context, state, &|step| scope.is_later(step)).await;
        ended.map_err(|Interrupted { error, .. }| error)
    }

    /// When the first of the superseded keys has had its overlap, if none has yet.
    fn place_free_at(&self, state: &KeyState) -> Option<Timestamp> {
        let overlap = self.subject.rules.overlap()?;
        let ends = state.retiring.iter().filter_map(|old| old.superseded_at.checked_add(overlap).ok());
        ends.min().filter(|at| *at > self.clock().now())
    }

    /// Whether the invocation has done what it was for.
    async fn must_have_gone_well(&self, scope: Scope, new: Option<&KeyId>, ended: &KeyState) -> Result<(), Error> {
        let is_lost = |key: &&KeyId| !ended.knows(key);
        if let Some(lost) = new.filter(is_lost) {
            self.invocation.secret.release(&self.invocation.event.token).await?;
            return Err(gone(lost, &self.invocation.event.token));
        }
        match scope {
            Scope::Make if ended.pending.is_none() => Err(no_key(&self.invocation.event.token, &self.subject.label)),
            Scope::Look => self.current_must_work(ended).await,
            _ => Ok(()),
        }
    }

    /// The test of a configuration, which has no new key to try.
    async fn current_must_work(&self, state: &KeyState) -> Result<(), Error> {
        let Some(current) = &state.current else {
            self.invocation.say("the secret has no key yet; its first rotation creates one".to_owned());
            return Ok(());
        };
        let Some(material) = &current.material else { return Ok(()) };
        match self.issuer.verify(material).await? {
            Verdict::NotYet => {
                let message = format!("the key {} of AWSCURRENT is refused by the system [KR-LAMBDA-020]", current.id);
                Err(Error::new(ErrorKind::Unverified, "", message))
            }
            _ => {
                self.invocation.say(format!("tested the configuration with the key {} of AWSCURRENT", current.id));
                Ok(())
            }
        }
    }
}

/// The version should hold a key by now.
pub(crate) fn no_key(token: &str, label: &str) -> Error {
    let message =
        format!("the version {token} of {label} holds no new key: createSecret has to come first [KR-LAMBDA-021]");
    Error::new(ErrorKind::Blocked, "", message)
}

fn gone(key: &KeyId, token: &str) -> Error {
    let message = format!(
        "the new key {key} of the version {token} is not there any more. AWSPENDING was taken off that version, so that the next rotation creates another key [KR-LAMBDA-022]"
    );
    Error::new(ErrorKind::Blocked, "", message)
}

fn elsewhere(misplaced: Misplaced, label: &str) -> Error {
    match misplaced {
        Misplaced::Failed(error) => error,
        Misplaced::Elsewhere { reached } => {
            let reached = reached
                .map(|account| format!("the account {account}"))
                .unwrap_or_else(|| "an unknown account".to_owned());
            let message = format!(
                "the credentials reach {reached}, and the key of {label} is noted to be in another one: correct the role or `adminSecret`, or put JSON without the key into the secret to begin anew [KR-LAMBDA-023]"
            );
            Error::new(ErrorKind::Blocked, "", message)
        }
    }
}

fn with_time(error: Error, free_at: Option<Timestamp>) -> Error {
    let (ErrorKind::Blocked, Some(at)) = (error.kind, free_at) else { return error };
    let message =
        format!("{}. The overlap of the previous key ends at {at}: rotations after that delete it", error.message);
    Error { message, ..error }
}
