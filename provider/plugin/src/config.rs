use pulumi_provider::{CheckFailure, Code, Error, Object, Value, decode};
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use system_aws::AwsConfig;
use system_confluent::ConfluentConfig;
use system_oci::OciConfig;
use system_vault::VaultConfig;

/// What the plugin is configured with: one object for each system. A system that no resource uses is never contacted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    /// How AWS is reached. What is absent comes from AWS's customary environment variables and files.
    #[serde(default)]
    pub(crate) aws: Option<AwsConfig>,
    /// How Confluent Cloud is reached. What is absent comes from Confluent's customary environment variables.
    #[serde(default)]
    pub(crate) confluent: Option<ConfluentConfig>,
    /// How OCI is reached. What is absent comes from the environment variables and the file that Oracle's tools read.
    #[serde(default)]
    pub(crate) oci: Option<OciConfig>,
    /// How Vault or OpenBao is reached. What is absent comes from the customary environment variables.
    #[serde(default)]
    pub(crate) vault: Option<VaultConfig>,
    /// Whether each preview, update and destroy first reads every key from its system, to see what others changed; it
    /// costs a few calls for each key. Absent: false, and `pulumi refresh` does it when asked.
    #[serde(default)]
    pub(crate) refresh_before_update: Option<bool>,
    /// Ids of accounts (AWS account, OCI tenancy, Confluent organization, Vault cluster), separated by commas, that may hold keys which the
    /// state remembers in another account; needed once, after a move that is meant. Default: none, or the environment variable
    /// `KEYROTATION_ACCEPT_ACCOUNT`.
    #[serde(default)]
    pub(crate) accept_account: Option<String>,
}

impl Config {
    /// What is wrong with a configuration, as far as it is known. An unknown name is: it may be a secret that is misspelt.
    pub(crate) fn failures(config: &Object) -> Vec<CheckFailure> {
        let decoded = decode::<Self>(config);
        let read = decoded.value.unwrap_or_default();
        let of_systems = [
            ("aws", read.aws.as_ref().map(AwsConfig::problems)),
            ("confluent", read.confluent.as_ref().map(ConfluentConfig::problems)),
            ("oci", read.oci.as_ref().map(OciConfig::problems)),
            ("vault", read.vault.as_ref().map(VaultConfig::problems)),
        ];
        let is_known = |name: &str| !config.get(name).is_some_and(Value::contains_unknown);
        let known = of_systems.into_iter().filter(|(name, _)| is_known(name));
        let problems = known.flat_map(|(name, problems)| failures(name, problems.unwrap_or_default()));
        decoded.failures.into_iter().chain(problems).collect()
    }

    pub(crate) fn read(config: &Object) -> Result<Self, Error> {
        let failures = Self::failures(config);
        let told = failures.iter().map(|failure| format!("{} {}", failure.property, failure.reason));
        let wrong = || Error::new(Code::InvalidArgument, told.collect::<Vec<_>>().join("; "));
        decode(config).value.filter(|_| failures.is_empty()).ok_or_else(wrong)
    }
}

fn failures(system: &str, problems: Vec<Problem>) -> Vec<CheckFailure> {
    let failure = |problem: Problem| CheckFailure::new(format!("{system}.{}", problem.property), problem.reason);
    problems.into_iter().map(failure).collect()
}
