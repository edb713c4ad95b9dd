use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString;
use rotation::Problem;
use schemars::JsonSchema;
use secrecy::SecretString as SecretText;
use serde::Deserialize;

use crate::ocid::{fingerprint_problem, ocid_problem};
use crate::region::region_problem;
use crate::service::Service;

/// How the plugin reaches OCI: the provider configuration `keyrotation:oci`. Unset values fall back to the environment variables that
/// Oracle's CLI and Terraform provider read, and to `~/.oci/config`, at the first call. None of it is ever written to state.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "OciConfig"))]
pub struct OciConfig {
    /// The way to log in, as in Oracle's provider: `"ApiKey"`, `"InstancePrincipal"`, `"ResourcePrincipal"`, `"OKEWorkloadIdentity"` or `"SecurityToken"`. Default: `OCI_CLI_AUTH`, `TF_VAR_auth`, the profile's `authentication_type`, or a key, and the session if the profile has one.
    #[serde(default)]
    pub auth: Option<String>,
    /// The tenancy's OCID. Default: `OCI_CLI_TENANCY`, `TF_VAR_tenancy_ocid`, the profile's `tenancy`, or what the token of a principal says.
    #[serde(default)]
    pub tenancy_ocid: Option<String>,
    /// The OCID of the user whose API key the plugin signs with. Default: `OCI_CLI_USER`, `TF_VAR_user_ocid`, or the profile's `user`.
    #[serde(default)]
    pub user_ocid: Option<String>,
    /// The fingerprint of the API key. It follows from the private key; one that is given is compared with it.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// The private key in PEM, PKCS#8 or PKCS#1. Default: `privateKeyPath`, the environment, or the profile's `key_file`.
    #[serde(default)]
    pub private_key: Option<SecretString>,
    /// The path of a file with the private key.
    #[serde(default)]
    pub private_key_path: Option<String>,
    /// The passphrase of the private key, if that is encrypted.
    #[serde(default)]
    pub private_key_password: Option<SecretString>,
    /// A region that the tenancy is subscribed to, such as `"eu-frankfurt-1"` or, by its short name, `"fra"`; the plugin finds the home region
    /// from there. Default: `OCI_CLI_REGION`, `OCI_REGION`, `TF_VAR_region`, the profile's `region`, or the region of the principal.
    #[serde(default)]
    pub region: Option<String>,
    /// The profile in Oracle's configuration file, which then stands above the environment. Default: `OCI_CLI_PROFILE`, or `DEFAULT`.
    #[serde(default)]
    pub config_file_profile: Option<String>,
    /// Addresses to use in place of OCI's own.
    #[serde(default)]
    pub endpoints: Option<Endpoints>,
}

/// Addresses to use in place of OCI's own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "OciEndpoints")]
pub struct Endpoints {
    /// The URL of the Identity service, without the version. `{region}` in it stands for the region's name; without it every call goes
    /// there, and no home region is looked for. Default: OCI's own.
    #[serde(default)]
    pub identity: Option<String>,
    /// The URL of the service that manages secrets of vaults, without the version. `{region}` in it stands for the region's name. Default: OCI's own.
    #[serde(default)]
    pub vaults: Option<String>,
    /// The URL of the service that secrets of vaults are read from, without the version. `{region}` in it stands for the region's name. Default: OCI's own.
    #[serde(default)]
    pub secrets: Option<String>,
}

impl OciConfig {
    /// What is wrong with it, as far as that shows without a call; properties are relative to `keyrotation:oci`. An empty text is what a
    /// missing variable of CI leaves, and the same as none.
    pub fn problems(&self) -> Vec<Problem> {
        let ocids = [("tenancyOcid", &self.tenancy_ocid, "tenancy"), ("userOcid", &self.user_ocid, "user")];
        let ocids = ocids
            .into_iter()
            .filter_map(|(property, ocid, kind)| Some(problem(property, ocid_problem(given(ocid)?, kind)?)));
        let fingerprint = given(&self.fingerprint).and_then(fingerprint_problem);
        let fingerprint = fingerprint.map(|reason| problem("fingerprint", reason));
        let region = given(&self.region).and_then(region_problem);
        let both = self.text("privateKey").is_some() && self.text("privateKeyPath").is_some();
        let both =
            both.then(|| problem("privateKeyPath", "conflicts with privateKey: set one of the two [KR-OCI-005]"));
        let endpoints = [("identity", Service::Identity), ("vaults", Service::Vaults), ("secrets", Service::Secrets)];
        let endpoints =
            endpoints.into_iter().filter(|(_, service)| self.endpoint(*service).is_some_and(|url| !is_url(url)));
        let endpoints = endpoints.map(|(name, _)| {
            let reason = format!("is not a URL: write one such as \"https://{name}.{{region}}.example\" [KR-OCI-006]");
            problem(&format!("endpoints.{name}"), reason)
        });
        let auth = self.auth_problem();
        ocids.chain(auth).chain(fingerprint).chain(region).chain(both).chain(endpoints).collect()
    }

    fn auth_problem(&self) -> Option<Problem> {
        let auth = given(&self.auth)?;
        if !AUTHS.contains(&auth) {
            return Some(problem(
                "auth",
                format!("is not a way to log in: write one of {} [KR-OCI-063]", AUTHS.join(", ")),
            ));
        }
        let keys = ["privateKey", "privateKeyPath", "userOcid"].into_iter();
        let key = keys.filter(|_| !matches!(auth, API_KEY | SECURITY_TOKEN)).find(|name| self.text(name).is_some());
        key.map(|name| {
            problem("auth", format!("is {auth}, which uses no `{name}`: remove one of the two [KR-OCI-064]"))
        })
    }

    pub(crate) fn endpoint(&self, service: Service) -> Option<&str> {
        let endpoints = self.endpoints.as_ref()?;
        given(match service {
            Service::Identity => &endpoints.identity,
            Service::Vaults => &endpoints.vaults,
            Service::Secrets => &endpoints.secrets,
        })
    }

    /// This configuration, with what it leaves unset from another one. Credentials are not mixed: who names some of its own takes none of the other's.
    #[must_use]
    pub(crate) fn over(self, base: &Self) -> Self {
        let has_own = OF_CREDENTIALS.iter().any(|property| self.text(property).is_some());
        let credentials = if has_own { self.clone() } else { base.clone() };
        let (ours, theirs) = (self.endpoints.unwrap_or_default(), base.endpoints.clone().unwrap_or_default());
        let endpoints = Endpoints {
            identity: ours.identity.or(theirs.identity),
            vaults: ours.vaults.or(theirs.vaults),
            secrets: ours.secrets.or(theirs.secrets),
        };
        let region = self.region.filter(|region| !region.is_empty()).or_else(|| base.region.clone());
        Self { region, endpoints: Some(endpoints), ..credentials }
    }

    /// The value of a property that is set and not empty.
    pub(crate) fn text(&self, property: &str) -> Option<SecretText> {
        let plain = |text: &Option<String>| given(text).map(SecretText::from);
        let secret = |text: &Option<SecretString>| {
            text.as_ref().filter(|text| !text.is_empty()).map(|text| text.as_secrecy().clone())
        };
        match property {
            "auth" => plain(&self.auth),
            "tenancyOcid" => plain(&self.tenancy_ocid),
            "userOcid" => plain(&self.user_ocid),
            "fingerprint" => plain(&self.fingerprint),
            "privateKey" => secret(&self.private_key),
            "privateKeyPath" => plain(&self.private_key_path),
            "privateKeyPassword" => secret(&self.private_key_password),
            "region" => plain(&self.region),
            "configFileProfile" => plain(&self.config_file_profile),
            "endpoints.identity" => self.endpoint(Service::Identity).map(SecretText::from),
            _ => None,
        }
    }
}

/// The properties that say who the plugin is.
const OF_CREDENTIALS: [&str; 8] = [
    "auth",
    "tenancyOcid",
    "userOcid",
    "fingerprint",
    "privateKey",
    "privateKeyPath",
    "privateKeyPassword",
    "configFileProfile",
];

pub(crate) const API_KEY: &str = "ApiKey";
pub(crate) const SECURITY_TOKEN: &str = "SecurityToken";
/// The ways to log in, as Oracle's provider for Terraform names them.
pub(crate) const AUTHS: [&str; 5] =
    [API_KEY, "InstancePrincipal", "ResourcePrincipal", "OKEWorkloadIdentity", SECURITY_TOKEN];

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(config: Value) -> Vec<String> {
        let config: OciConfig = serde_json::from_value(config).unwrap();
        config.problems().into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn a_whole_configuration_is_accepted() {
        let config = json!({
            "tenancyOcid": "ocid1.tenancy.oc1..aaaa",
            "userOcid": "ocid1.user.oc1..aaaa",
            "fingerprint": "12:34:56:78:90:ab:cd:ef:12:34:56:78:90:ab:cd:ef",
            "privateKey": "hidden",
            "privateKeyPassword": "hidden",
            "region": "eu-frankfurt-1",
            "configFileProfile": "OPS",
            "endpoints": {"identity": "http://127.0.0.1:1/oci/{region}"},
        });
        assert!(properties(config).is_empty());
        assert!(properties(json!({})).is_empty());
        assert!(properties(json!({"privateKey": "", "privateKeyPath": "~/.oci/key.pem"})).is_empty());
    }

    #[test]
    fn each_problem_names_its_property() {
        for (property, value) in [
            ("tenancyOcid", "ocid1.user.oc1..aaaa"),
            ("userOcid", "ci"),
            ("fingerprint", "12:34"),
            ("region", "Frankfurt"),
        ] {
            assert_eq!(properties(json!({property: value})), [property]);
        }
        assert_eq!(properties(json!({"auth": "instance_principal"})), ["auth"]);
        assert_eq!(properties(json!({"auth": "InstancePrincipal", "privateKey": "x"})), ["auth"]);
        assert!(properties(json!({"auth": "ApiKey", "privateKey": "x"})).is_empty());
        assert_eq!(properties(json!({"privateKey": "x", "privateKeyPath": "y"})), ["privateKeyPath"]);
        assert_eq!(properties(json!({"endpoints": {"identity": "127.0.0.1"}})), ["endpoints.identity"]);
    }

    #[test]
    fn a_misspelt_name_is_refused_and_a_secret_not_shown() {
        assert!(serde_json::from_value::<OciConfig>(json!({"privatKey": "x"})).is_err());
        let config: OciConfig = serde_json::from_value(json!({"privateKey": "hidden"})).unwrap();
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
