//! The ways to log in as a machine or a job of a cloud.

use schemars::JsonSchema;
use serde::Deserialize;

/// A login as an AWS principal (Vault's method `aws`, type `iam`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginAws"))]
pub struct AuthLoginAws {
    /// The role to log in as.
    pub role: String,
    /// The value of the header `X-Vault-AWS-IAM-Server-ID`, if the method requires one. It is part of what is signed.
    #[serde(default)]
    pub header_value: Option<String>,
    /// The region of the STS endpoint that the server asks. Default: the global endpoint, which is signed for in `us-east-1`.
    #[serde(default)]
    pub aws_region: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"aws"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A login with an identity token of Google Cloud (Vault's method `gcp`, type `gce`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginGcp"))]
pub struct AuthLoginGcp {
    /// The role to log in as.
    pub role: String,
    /// The file that holds the identity token, read at each login. Default: the metadata server of the machine, which is asked for a token with the audience `http://vault/ROLE`.
    #[serde(default)]
    pub jwt_file: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"gcp"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A login with the token of a managed identity of Azure (Vault's method `azure`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginAzure"))]
pub struct AuthLoginAzure {
    /// The role to log in as.
    pub role: String,
    /// The file that holds the token, read at each login. Default: the metadata service of the machine.
    #[serde(default)]
    pub jwt_file: Option<String>,
    /// The resource that the token is for. Default: `"https://management.azure.com/"`.
    #[serde(default)]
    pub scope: Option<String>,
    /// The client id of the managed identity, if the machine has several.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The subscription of the machine. Default: what the metadata service says, unless `jwtFile` is set; the same holds for the three names below.
    #[serde(default)]
    pub subscription_id: Option<String>,
    /// The resource group of the machine.
    #[serde(default)]
    pub resource_group_name: Option<String>,
    /// The name of the machine.
    #[serde(default)]
    pub vm_name: Option<String>,
    /// The name of the scale set that the machine is in.
    #[serde(default)]
    pub vmss_name: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"azure"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}
