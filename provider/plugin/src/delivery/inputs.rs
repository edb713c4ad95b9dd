use cloud::Deliverable;
use pulumi_provider::{Decoded, Object, Value, decode};
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use system_aws::SecretsManagerDelivery;
use system_oci::OciVaultDelivery;
use system_vault::VaultKvDelivery;

/// The input.
pub(crate) const DELIVERIES: &str = "deliveries";
/// The input.
pub(crate) const KEEP_SECRET: &str = "keepSecretInState";

/// The input of every resource that has a key to hand over.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryInputs {
    /// Secret managers that receive each generation of the key, staged in all of them before consumers of any read it. Default: none.
    #[serde(default)]
    pub(crate) deliveries: Option<Vec<Delivery>>,
    /// Whether the state keeps the secret of the key. With false the secret goes to `deliveries` only, of which one must give it back (`format: json` with every secret field, or `raw` with the
    /// only one), and the secret outputs are null. Default: true.
    #[serde(default)]
    pub(crate) keep_secret_in_state: Option<bool>,
}

impl DeliveryInputs {
    /// The names of all of them.
    pub(crate) const NAMES: [&'static str; 2] = [DELIVERIES, KEEP_SECRET];
}

/// Whether the state is to keep secrets that a store holds.
pub(crate) fn keeps_secret(inputs: &Object) -> bool {
    let own: Object = inputs
        .iter()
        .filter(|(name, _)| *name == KEEP_SECRET)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    decode::<DeliveryInputs>(&own).value.and_then(|inputs| inputs.keep_secret_in_state).unwrap_or(true)
}

/// A store that receives the key: exactly one of its properties is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Delivery {
    /// A secret of AWS Secrets Manager.
    #[serde(default)]
    pub(crate) aws_secrets_manager: Option<SecretsManagerDelivery>,
    /// A path of a KV engine of version 2 in Vault or OpenBao.
    #[serde(default)]
    pub(crate) vault_kv: Option<VaultKvDelivery>,
    /// A secret of an OCI Vault.
    #[serde(default)]
    pub(crate) oci_vault: Option<OciVaultDelivery>,
}

/// The properties of [`Delivery`].
pub(super) const KINDS: [&str; 3] = ["awsSecretsManager", "vaultKv", "ociVault"];

impl Delivery {
    /// The store that is set, if it is one alone.
    pub(crate) fn one(&self) -> Option<Kind<'_>> {
        match (&self.aws_secrets_manager, &self.vault_kv, &self.oci_vault) {
            (Some(secret), None, None) => Some(Kind::AwsSecretsManager(secret)),
            (None, Some(path), None) => Some(Kind::VaultKv(path)),
            (None, None, Some(secret)) => Some(Kind::OciVault(secret)),
            _ => None,
        }
    }
}

/// One of the stores that there are.
pub(crate) enum Kind<'a> {
    AwsSecretsManager(&'a SecretsManagerDelivery),
    VaultKv(&'a VaultKvDelivery),
    OciVault(&'a OciVaultDelivery),
}

impl Kind<'_> {
    /// The property that sets it.
    pub(super) fn property(&self) -> &'static str {
        let [aws, vault, oci] = KINDS;
        match self {
            Self::AwsSecretsManager(_) => aws,
            Self::VaultKv(_) => vault,
            Self::OciVault(_) => oci,
        }
    }

    /// What is wrong with it for keys like `of`.
    pub(super) fn problems(&self, of: &Deliverable) -> Vec<Problem> {
        match self {
            Self::AwsSecretsManager(secret) => secret.problems(of),
            Self::VaultKv(path) => path.problems(of),
            Self::OciVault(secret) => secret.problems(of),
        }
    }
}

/// The deliveries that inputs hold, as far as they are known.
pub(super) fn read(inputs: &Object) -> Decoded<DeliveryInputs> {
    let own = inputs.iter().filter(|(name, _)| DeliveryInputs::NAMES.contains(&name.as_str()));
    decode(&own.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// One delivery as it stands in the inputs, or in the state.
pub(crate) fn read_one(given: &Value) -> Option<Delivery> {
    given.as_object().and_then(|given| decode(given).value)
}
