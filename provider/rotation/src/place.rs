//! Where the keys are: the account that the state remembers, against the one that the credentials reach.

use crate::{Clock, Error, KeyIssuer, KeyState, Observed, OwnerId, observe};

/// How the recorded account compares with the reached one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The account that the state names is reached, or one that the user accepted.
    Same,
    /// Another one is reached.
    Other,
    /// The state or the system does not tell.
    Unknown,
}

impl Standing {
    /// `recorded` is from the state, `reached` by the credentials; `accepts` says which accounts the user accepted.
    pub fn of(recorded: Option<&str>, reached: Option<&str>, accepts: &dyn Fn(&str) -> bool) -> Self {
        match (recorded, reached) {
            (Some(recorded), Some(reached)) if recorded == reached => Self::Same,
            (_, Some(reached)) if accepts(reached) => Self::Same,
            (Some(_), Some(_)) => Self::Other,
            _ => Self::Unknown,
        }
    }
}

/// Why nothing may be done.
#[derive(Debug)]
pub enum Misplaced {
    /// The keys of the state are, or may be, elsewhere.
    Elsewhere {
        /// The account that the credentials reach; none if the system does not say.
        reached: Option<String>,
    },
    /// It could not be learned.
    Failed(Error),
}

/// The account that an issuer reaches, for one resource.
pub struct Place<'a> {
    /// The keys of one principal.
    pub issuer: &'a dyn KeyIssuer,
    /// The resource.
    pub owner: &'a OwnerId,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Whether the user said that this account may hold keys which the state remembers in another one.
    pub accepts: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Place<'_> {
    /// Checks, before any change, that this account holds the keys of the state, and stores the account in the state.
    /// `is_update`: if neither the state nor the system gives the account, an Update continues.
    ///
    /// # Errors
    /// As [`Misplaced`] says.
    pub async fn must_hold(&self, state: &mut KeyState, is_update: bool) -> Result<(), Misplaced> {
        let (reached, unanswered) = reach(self.issuer).await;
        let standing = self.standing(state, reached.as_deref());
        if standing != Standing::Same {
            let observed = self.seen_at(standing).await?;
            let goes_on = is_update && reached.is_none() && state.account.is_none();
            if !is_proven(standing, state, observed.as_ref()) {
                return if goes_on { Ok(()) } else { Err(refusal(reached, unanswered)) };
            }
        }
        state.account = reached.or(state.account.take());
        Ok(())
    }

    /// What stands on the principal, for a refresh, and notes in the state where that is. None if the principal is gone from the place where it
    /// was.
    ///
    /// # Errors
    /// As [`Misplaced`] says.
    pub async fn look(&self, state: &mut KeyState) -> Result<Option<Observed>, Misplaced> {
        let (reached, unanswered) = reach(self.issuer).await;
        let standing = self.standing(state, reached.as_deref());
        let observed = self.seen_at(standing).await?;
        if !is_proven(standing, state, observed.as_ref()) {
            return Err(refusal(reached, unanswered));
        }
        state.account = reached.or(state.account.take());
        Ok(observed)
    }

    fn standing(&self, state: &KeyState, reached: Option<&str>) -> Standing {
        Standing::of(state.account.as_deref(), reached, self.accepts)
    }

    /// What stands on the principal. In another account a failure says nothing but that our mark was not found there.
    async fn seen_at(&self, standing: Standing) -> Result<Option<Observed>, Misplaced> {
        match observe(self.issuer, self.owner, self.clock).await {
            Err(_) if standing == Standing::Other => Ok(None),
            seen => seen.map_err(Misplaced::Failed),
        }
    }
}

/// The account that the credentials reach, or why that could not be learned: then the keys themselves have to prove the place.
pub async fn reach(issuer: &dyn KeyIssuer) -> (Option<String>, Option<Error>) {
    match issuer.account().await {
        Ok(reached) => (reached, None),
        Err(error) => (None, Some(error)),
    }
}

fn refusal(reached: Option<String>, unanswered: Option<Error>) -> Misplaced {
    unanswered.map_or(Misplaced::Elsewhere { reached }, Misplaced::Failed)
}

/// Whether what was seen proves that the keys of the state are there: our own mark, made by this instance. Where no other account is known, a
/// key of the state proves it too, and a state that knows neither keys nor an account has nothing to lose.
fn is_proven(standing: Standing, state: &KeyState, observed: Option<&Observed>) -> bool {
    let is_empty = state.keys().next().is_none() && state.account.is_none();
    let Some(observed) = observed else { return standing == Standing::Same };
    let is_marked = observed.ledgers.name_instance(&state.instance);
    match standing {
        Standing::Same => true,
        Standing::Other => is_marked,
        Standing::Unknown => is_marked || is_empty || state.keys().any(|key| observed.keys.contains_key(&key.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_b1_another_account_is_told_from_an_unknown_one() {
        let accepted = |account: &str| account == "3";
        for (recorded, reached, standing) in [
            (Some("1"), Some("1"), Standing::Same),
            (Some("1"), Some("2"), Standing::Other),
            (Some("1"), Some("3"), Standing::Same),
            (None, Some("1"), Standing::Unknown),
            (None, Some("3"), Standing::Same),
            (Some("1"), None, Standing::Unknown),
            (None, None, Standing::Unknown),
        ] {
            assert_eq!(Standing::of(recorded, reached, &accepted), standing, "{recorded:?} {reached:?}");
        }
    }

    #[test]
    fn lesson_b1_a_state_that_forgot_its_keys_still_knows_its_account() {
        let (keys, ledgers) = Default::default();
        let seen = Observed { keys, ledgers, at: jiff::Timestamp::UNIX_EPOCH, ahead: Default::default() };
        let mut state = KeyState::new("one".to_owned());
        assert!(is_proven(Standing::Unknown, &state, Some(&seen)), "it has nothing to lose");
        state.account = Some("one".to_owned());
        assert!(!is_proven(Standing::Unknown, &state, Some(&seen)), "its keys may be elsewhere");
    }
}
