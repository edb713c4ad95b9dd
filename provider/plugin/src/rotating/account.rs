//! Whose keys they are: the account that the state remembers, against the one that the plugin's credentials reach. Pure.

use pulumi_provider::{Code, Error};
use rotation::{KeyState, Observed};

use crate::switches::{ACCEPT, Switches};

/// What two account ids say of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The plugin reaches the account that the state names, or one that the user accepted.
    Same,
    /// It reaches another one.
    Other,
    /// The state or the system does not tell.
    Unknown,
}

/// What the state remembers and what is reached, as messages name it.
#[derive(Debug)]
pub(crate) struct Accounts<'a> {
    /// What an account is called in the system.
    pub(crate) noun: &'static str,
    /// The principal, as messages name it.
    pub(crate) principal: &'a str,
    /// From the state.
    pub(crate) recorded: Option<&'a str>,
    /// By the credentials of the plugin.
    pub(crate) reached: Option<&'a str>,
}

impl Accounts<'_> {
    pub(crate) fn standing(&self, switches: &Switches) -> Standing {
        match (self.recorded, self.reached) {
            (Some(recorded), Some(reached)) if recorded == reached => Standing::Same,
            (_, Some(reached)) if switches.accepts(reached) => Standing::Same,
            (Some(_), Some(_)) => Standing::Other,
            _ => Standing::Unknown,
        }
    }

    /// Nothing was done, because the keys are, or may be, elsewhere.
    pub(crate) fn refusal(&self) -> Error {
        let Self { noun, principal, .. } = self;
        let message = match (self.recorded, self.reached) {
            (Some(recorded), Some(reached)) => format!(
                "{principal}: the state says that the keys are in the {noun} {recorded}, and the plugin's credentials reach the {noun} {reached}. Nothing was changed. Configure the plugin for {recorded}; or, if the keys are in {reached} now, run once with {ACCEPT}={reached} or the provider configuration `acceptAccount`"
            ),
            (None, Some(reached)) => format!(
                "{principal}: no key of this resource was found in the {noun} {reached}, and the state does not say which {noun} holds them, so they may be elsewhere. Nothing was changed. Configure the plugin for the {noun} that holds the keys; or, if that is {reached} and the keys were deleted there, run once with {ACCEPT}={reached} or the provider configuration `acceptAccount`"
            ),
            (Some(recorded), None) => format!(
                "{principal}: the state says that the keys are in the {noun} {recorded}. The system does not say which {noun} the plugin's credentials reach, and no mark of this resource was found there. Nothing was changed. Check the plugin's configuration; if the keys were deleted, remove the resource by `pulumi state delete`"
            ),
            (None, None) => format!(
                "{principal}: no key of this resource was found, and neither the state nor the system says which {noun} this is, so the keys may be elsewhere. Nothing was changed. Check the plugin's configuration; if the keys were deleted, remove the resource by `pulumi state delete`"
            ),
        };
        Error::new(Code::FailedPrecondition, message)
    }
}

/// Whether what was seen proves that the keys of the state are there: our own mark, made by this instance. Where no other account is known, a
/// key of the state proves it too, and a state that knows neither keys nor an account has nothing to lose.
pub(crate) fn is_proven(standing: Standing, state: &KeyState, observed: Option<&Observed>) -> bool {
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

    fn accounts(recorded: Option<&'static str>, reached: Option<&'static str>) -> Accounts<'static> {
        Accounts { noun: "AWS account", principal: "IAM user \"ci\" (`user`)", recorded, reached }
    }

    #[test]
    fn lesson_b1_another_account_is_told_from_an_unknown_one() {
        let switches = Switches::default();
        for (recorded, reached, standing) in [
            (Some("1"), Some("1"), Standing::Same),
            (Some("1"), Some("2"), Standing::Other),
            (None, Some("1"), Standing::Unknown),
            (Some("1"), None, Standing::Unknown),
            (None, None, Standing::Unknown),
        ] {
            assert_eq!(accounts(recorded, reached).standing(&switches), standing, "{recorded:?} {reached:?}");
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

    #[test]
    fn lesson_b1_a_refusal_names_both_accounts_and_what_to_do() {
        let text = accounts(Some("111"), Some("222")).refusal().message;
        for part in ["111", "222", "AWS account", "`user`", "KEYROTATION_ACCEPT_ACCOUNT=222", "acceptAccount"] {
            assert!(text.contains(part), "{text}");
        }
        for (recorded, reached) in [(None, Some("222")), (Some("111"), None), (None, None)] {
            let text = accounts(recorded, reached).refusal().message;
            assert!(text.contains("Nothing was changed"), "{text}");
            let ids: Vec<_> = recorded.into_iter().chain(reached).collect();
            assert!(ids.iter().all(|id| text.contains(id)), "{text}");
        }
    }
}
