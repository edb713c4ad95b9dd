use pulumi_provider::{CheckFailure, Object, ObjectSchema, decode_beside};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the provider configuration says about every resource, beside one section for each cloud.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct General {
    /// Whether each preview, update and destroy first reads every key from its system, to see what others changed; it
    /// costs a few calls for each key. Default: false; `pulumi refresh` does it on request.
    #[serde(default)]
    pub(crate) refresh_before_update: Option<bool>,
    /// Ids of accounts (AWS account, OCI tenancy, Confluent organization, Vault cluster), separated by commas, that may hold keys which the
    /// state remembers in another account; needed once, after a move that is meant. Default: none, or the environment variable
    /// `KEYROTATION_ACCEPT_ACCOUNT`.
    #[serde(default)]
    pub(crate) accept_account: Option<String>,
}

impl General {
    pub(crate) fn schema() -> ObjectSchema {
        ObjectSchema::of::<Self>()
    }

    /// What is wrong with it; `sections` are the names that clouds read. An unknown name is wrong: it may be a secret that is misspelt.
    pub(crate) fn failures(config: &Object, sections: &[&'static str]) -> Vec<CheckFailure> {
        decode_beside::<Self>(config, sections).failures
    }

    /// A checked configuration.
    pub(crate) fn read(config: &Object, sections: &[&'static str]) -> Self {
        decode_beside(config, sections).value.unwrap_or_default()
    }
}
