//! The list of everything that settings of OCI are read from. `docs/settings/oci.md` shows it, and a test compares the two.

/// One setting, and where it is read from. In each list what stands first is taken first.
pub(crate) struct Setting {
    /// What it is, as messages and the documentation call it.
    pub(crate) name: &'static str,
    /// The property of the provider configuration, below `keyrotation:oci`.
    pub(crate) property: Option<&'static str>,
    /// Variables of the environment.
    pub(crate) variables: &'static [&'static str],
    /// Options of the profile.
    pub(crate) options: &'static [&'static str],
    /// Files, where `~` is the home folder.
    pub(crate) files: &'static [&'static str],
}

const NOWHERE: Setting = Setting { name: "", property: None, variables: &[], options: &[], files: &[] };

pub(crate) const AUTH: Setting = Setting {
    name: "way to log in",
    property: Some("auth"),
    variables: &["OCI_CLI_AUTH", "TF_VAR_auth"],
    options: &["authentication_type"],
    ..NOWHERE
};
pub(crate) const METADATA: Setting =
    Setting { name: "address of the metadata service", variables: &["OCI_METADATA_BASE_URL"], ..NOWHERE };
pub(crate) const AUTH_ADDRESS: Setting =
    Setting { name: "address of the token service", variables: &["OCI_SDK_AUTH_CLIENT_REGION_URL"], ..NOWHERE };
pub(crate) const RESOURCE_VERSION: Setting =
    Setting { name: "version of resource principals", variables: &["OCI_RESOURCE_PRINCIPAL_VERSION"], ..NOWHERE };
pub(crate) const RESOURCE_TOKEN: Setting =
    Setting { name: "resource principal's token", variables: &["OCI_RESOURCE_PRINCIPAL_RPST"], ..NOWHERE };
pub(crate) const RESOURCE_KEY: Setting =
    Setting { name: "resource principal's key", variables: &["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"], ..NOWHERE };
pub(crate) const RESOURCE_PASSPHRASE: Setting = Setting {
    name: "passphrase of that key",
    variables: &["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE"],
    ..NOWHERE
};
pub(crate) const RESOURCE_REGION: Setting = Setting {
    name: "region of a resource principal or of an OKE cluster",
    variables: &["OCI_RESOURCE_PRINCIPAL_REGION"],
    ..NOWHERE
};
pub(crate) const CLUSTER: Setting =
    Setting { name: "address of the OKE cluster", variables: &["KUBERNETES_SERVICE_HOST"], ..NOWHERE };
pub(crate) const CLUSTER_AUTHORITY: Setting = Setting {
    name: "file of the OKE cluster's authority",
    variables: &["OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"],
    files: &["/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"],
    ..NOWHERE
};
pub(crate) const SERVICE_ACCOUNT: Setting = Setting {
    name: "file of the service account's token",
    variables: &["KEYROTATION_OCI_SERVICE_ACCOUNT_TOKEN_FILE"],
    files: &["/var/run/secrets/kubernetes.io/serviceaccount/token"],
    ..NOWHERE
};
pub(crate) const TENANCY: Setting = Setting {
    name: "tenancy",
    property: Some("tenancyOcid"),
    variables: &["OCI_CLI_TENANCY", "TF_VAR_tenancy_ocid"],
    options: &["tenancy"],
    ..NOWHERE
};
pub(crate) const USER: Setting = Setting {
    name: "user",
    property: Some("userOcid"),
    variables: &["OCI_CLI_USER", "TF_VAR_user_ocid"],
    options: &["user"],
    ..NOWHERE
};
pub(crate) const FINGERPRINT: Setting = Setting {
    name: "fingerprint",
    property: Some("fingerprint"),
    variables: &["OCI_CLI_FINGERPRINT", "TF_VAR_fingerprint"],
    options: &["fingerprint"],
    ..NOWHERE
};
pub(crate) const KEY_TEXT: Setting = Setting {
    name: "private key",
    property: Some("privateKey"),
    variables: &["OCI_CLI_KEY_CONTENT", "TF_VAR_private_key"],
    ..NOWHERE
};
pub(crate) const KEY_FILE: Setting = Setting {
    name: "file of the private key",
    property: Some("privateKeyPath"),
    variables: &["OCI_CLI_KEY_FILE", "TF_VAR_private_key_path"],
    options: &["key_file"],
    ..NOWHERE
};
pub(crate) const PASSPHRASE: Setting = Setting {
    name: "passphrase of the private key",
    property: Some("privateKeyPassword"),
    variables: &["OCI_CLI_PASSPHRASE", "TF_VAR_private_key_password"],
    options: &["pass_phrase", "passphrase"],
    ..NOWHERE
};
pub(crate) const TOKEN_FILE: Setting = Setting {
    name: "file of the session token",
    variables: &["OCI_CLI_SECURITY_TOKEN_FILE"],
    options: &["security_token_file"],
    ..NOWHERE
};
pub(crate) const DELEGATION_FILE: Setting = Setting {
    name: "file of the delegation token",
    variables: &["OCI_CLI_DELEGATION_TOKEN_FILE"],
    options: &["delegation_token_file"],
    ..NOWHERE
};
pub(crate) const REGION: Setting = Setting {
    name: "region",
    property: Some("region"),
    variables: &["OCI_CLI_REGION", "OCI_REGION", "TF_VAR_region"],
    options: &["region"],
    ..NOWHERE
};
pub(crate) const PROFILE: Setting =
    Setting { name: "profile", property: Some("configFileProfile"), variables: &["OCI_CLI_PROFILE"], ..NOWHERE };
pub(crate) const CONFIG_FILE: Setting = Setting {
    name: "configuration file",
    variables: &["OCI_CLI_CONFIG_FILE", "OCI_CONFIG_FILE"],
    files: &["~/.oci/config", "~/.oraclebmc/config"],
    ..NOWHERE
};
pub(crate) const ENDPOINT: Setting =
    Setting { name: "address of the Identity service", property: Some("endpoints.identity"), ..NOWHERE };
pub(crate) const REGIONS_FILE: Setting =
    Setting { name: "further regions", files: &["~/.oci/regions-config.json"], ..NOWHERE };
pub(crate) const REGION_METADATA: Setting =
    Setting { name: "one further region", variables: &["OCI_REGION_METADATA"], ..NOWHERE };
pub(crate) const REALM_DOMAIN: Setting =
    Setting { name: "realm domain of an unknown region", variables: &["OCI_DEFAULT_REALM"], ..NOWHERE };
pub(crate) const HOME: Setting = Setting { name: "home folder", variables: &["HOME", "USERPROFILE"], ..NOWHERE };

/// All of them.
#[cfg(test)]
pub(crate) const ALL: [&Setting; 27] = [
    &AUTH,
    &TENANCY,
    &USER,
    &FINGERPRINT,
    &KEY_TEXT,
    &KEY_FILE,
    &PASSPHRASE,
    &TOKEN_FILE,
    &DELEGATION_FILE,
    &REGION,
    &PROFILE,
    &CONFIG_FILE,
    &ENDPOINT,
    &REGIONS_FILE,
    &REGION_METADATA,
    &REALM_DOMAIN,
    &HOME,
    &METADATA,
    &AUTH_ADDRESS,
    &RESOURCE_VERSION,
    &RESOURCE_TOKEN,
    &RESOURCE_KEY,
    &RESOURCE_PASSPHRASE,
    &RESOURCE_REGION,
    &CLUSTER,
    &CLUSTER_AUTHORITY,
    &SERVICE_ACCOUNT,
];
