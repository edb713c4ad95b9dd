//! What is said where the keys of the state are, or may be, in another account. Pure.

use pulumi_provider::{Code, Error};

use crate::switches::ACCEPT;

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
    /// Nothing was done, because the keys are, or may be, elsewhere.
    pub(crate) fn refusal(&self) -> Error {
        let Self { noun, principal, .. } = self;
        let message = match (self.recorded, self.reached) {
            (Some(recorded), Some(reached)) => format!(
                "{principal}: the state says that the keys are in the {noun} {recorded}, and the plugin's credentials reach the {noun} {reached}. Nothing was changed. Configure the plugin for {recorded}; or, if the keys are in {reached} now, run once with {ACCEPT}={reached} or the provider configuration `acceptAccount` [KR-PLUGIN-015]"
            ),
            (None, Some(reached)) => format!(
                "{principal}: no key of this resource was found in the {noun} {reached}, and the state does not say which {noun} holds them, so they may be elsewhere. Nothing was changed. Configure the plugin for the {noun} that holds the keys; or, if that is {reached} and the keys were deleted there, run once with {ACCEPT}={reached} or the provider configuration `acceptAccount` [KR-PLUGIN-016]"
            ),
            (Some(recorded), None) => format!(
                "{principal}: the state says that the keys are in the {noun} {recorded}. The system does not say which {noun} the plugin's credentials reach, and no mark of this resource was found there. Nothing was changed. Check the plugin's configuration; if the keys were deleted, remove the resource with `pulumi state delete` [KR-PLUGIN-017]"
            ),
            (None, None) => format!(
                "{principal}: no key of this resource was found, and neither the state nor the system says which {noun} this is, so the keys may be elsewhere. Nothing was changed. Check the plugin's configuration; if the keys were deleted, remove the resource with `pulumi state delete` [KR-PLUGIN-018]"
            ),
        };
        Error::new(Code::FailedPrecondition, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(recorded: Option<&'static str>, reached: Option<&'static str>) -> Accounts<'static> {
        Accounts { noun: "AWS account", principal: "IAM user \"ci\" (`user`)", recorded, reached }
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
