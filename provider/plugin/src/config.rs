use pulumi_provider::{Code, Error, Object, decode};
use schemars::JsonSchema;
use serde::Deserialize;
use system_aws::AwsConfig;

/// What the plugin is configured with: one object for each system. A system that no resource uses is never contacted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    /// How AWS is reached. What is absent comes from AWS's customary environment variables and files.
    #[serde(default)]
    pub(crate) aws: Option<AwsConfig>,
    /// Whether each preview, update and destroy first reads every key from its system, to see what others changed; it
    /// costs a few calls for each key. Absent: false, and `pulumi refresh` does it when asked.
    #[serde(default)]
    pub(crate) refresh_before_update: Option<bool>,
}

impl Config {
    pub(crate) fn read(config: &Object) -> Result<Self, Error> {
        let decoded = decode(config);
        let wrong: Vec<_> =
            decoded.failures.iter().map(|failure| format!("{} {}", failure.property, failure.reason)).collect();
        decoded.value.ok_or_else(|| Error::new(Code::InvalidArgument, wrong.join("; ")))
    }
}
