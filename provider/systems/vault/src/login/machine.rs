//! Logins as a machine or a job of a cloud: the proof is asked for, or signed, at each login.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloud::CallerIdentity;
use jiff::SignedDuration;
use outbound::{Answer, Call, Client, HeaderMap, HeaderName, HeaderValue, Method, Peer, Url, repeat};
use rotation::{Error, ErrorKind, Retry};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::secret::{OPERATION, open};
use crate::config::{AuthLoginAws, AuthLoginAzure, AuthLoginGcp, VaultConfig, filled};
use crate::settings::{AZURE_METADATA, GCP_METADATA, Sources, read};

/// Whose word the server takes.
pub(crate) enum Machine {
    Aws(AuthLoginAws),
    Gcp { login: AuthLoginGcp, host: String },
    Azure { login: AuthLoginAzure, address: String },
}

/// What a proof is asked for with.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) client: &'a Client,
    /// AWS, as the plugin has it.
    pub(crate) aws: Option<&'a Arc<dyn CallerIdentity>>,
}

#[derive(Deserialize)]
struct Given {
    access_token: SecretString,
}

/// The part of what Azure says about a machine that a login names.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Compute {
    subscription_id: String,
    resource_group_name: String,
    name: String,
    vm_scale_set_name: String,
}

impl Machine {
    /// The login that this property configures; none if it is another kind.
    pub(super) fn new(sources: Sources<'_>, property: &str) -> Option<Self> {
        let VaultConfig { auth_login_aws, auth_login_gcp, auth_login_azure, .. } = sources.config;
        let text = |setting, unset: &str| {
            sources.find(setting).map_or_else(|| unset.to_owned(), |found| found.text.to_string())
        };
        Some(match property {
            "authLoginAws" => Self::Aws(auth_login_aws.clone()?),
            "authLoginGcp" => Self::Gcp { login: auth_login_gcp.clone()?, host: text(&GCP_METADATA, LINK_LOCAL) },
            "authLoginAzure" => {
                let address = text(&AZURE_METADATA, &format!("http://{LINK_LOCAL}"));
                Self::Azure { login: auth_login_azure.clone()?, address }
            }
            _ => return None,
        })
    }

    /// What to send to the server.
    pub(crate) async fn body(&self, means: Means<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let body = match self {
            Self::Aws(login) => aws(login, means).await?,
            Self::Gcp { login, host } => gcp(login, host, means).await?,
            Self::Azure { login, address } => azure(login, address, means).await?,
        };
        let written = serde_json::to_vec(&body).map(Zeroizing::new);
        written
            .map_err(|_| Error::new(ErrorKind::Unexpected, OPERATION, "the login could not be written [KR-VAULT-101]"))
    }
}

/// Where clouds hand tokens to their machines.
const LINK_LOCAL: &str = "169.254.169.254";
/// The header that binds a signed request to one server.
const SERVER_ID: &str = "X-Vault-AWS-IAM-Server-ID";

async fn aws(login: &AuthLoginAws, means: Means<'_>) -> Result<Value, Error> {
    let none = || Error::new(ErrorKind::Unexpected, OPERATION, "this plugin has no AWS to log in with [KR-VAULT-181]");
    let (region, header) = (filled(&login.aws_region), filled(&login.header_value));
    let header = header.as_deref().map(|value| (SERVER_ID, value));
    let signed = means.aws.ok_or_else(none)?.caller_identity(region.as_deref(), header).await?;
    let headers: BTreeMap<&str, [&str; 1]> =
        signed.headers.iter().map(|(name, value)| (name.as_str(), [open(value)])).collect();
    let headers = Zeroizing::new(serde_json::to_string(&headers).unwrap_or_default());
    Ok(json!({
        "role": login.role,
        "iam_http_request_method": signed.method,
        "iam_request_url": BASE64_STANDARD.encode(signed.url),
        "iam_request_body": BASE64_STANDARD.encode(signed.body),
        "iam_request_headers": BASE64_STANDARD.encode(headers.as_bytes()),
    }))
}

async fn gcp(login: &AuthLoginGcp, host: &str, means: Means<'_>) -> Result<Value, Error> {
    let role = &login.role;
    if let Some(token) = in_file(&login.jwt_file, "authLoginGcp")? {
        return Ok(json!({"role": role, "jwt": open(&token)}));
    }
    let mut url =
        url(&format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/identity"), &GOOGLE)?;
    url.query_pairs_mut().append_pair("audience", &format!("http://vault/{role}")).append_pair("format", "full");
    let answer = ask(means, &GOOGLE, (url, ("metadata-flavor", "Google"))).await?;
    let token = std::str::from_utf8(&answer.body).map(str::trim).ok().filter(|token| !token.is_empty());
    Ok(json!({"role": role, "jwt": token.ok_or_else(|| unreadable(&GOOGLE))?}))
}

async fn azure(login: &AuthLoginAzure, address: &str, means: Means<'_>) -> Result<Value, Error> {
    let (token, compute) = match in_file(&login.jwt_file, "authLoginAzure")? {
        Some(token) => (token, Compute::default()),
        None => (azure_token(login, address, means).await?, machine(login, address, means).await?),
    };
    let or = |own: &Option<String>, said: String| filled(own).unwrap_or(said);
    let mut body = json!({
        "role": login.role,
        "jwt": open(&token),
        "subscription_id": or(&login.subscription_id, compute.subscription_id),
        "resource_group_name": or(&login.resource_group_name, compute.resource_group_name),
        "vm_name": or(&login.vm_name, compute.name),
        "vmss_name": or(&login.vmss_name, compute.vm_scale_set_name),
    });
    if let Some(body) = body.as_object_mut() {
        body.retain(|_, value| value != "");
    }
    Ok(body)
}

async fn azure_token(login: &AuthLoginAzure, address: &str, means: Means<'_>) -> Result<SecretString, Error> {
    let mut url = url(&format!("{}/metadata/identity/oauth2/token", address.trim_end_matches('/')), &AZURE)?;
    let scope = filled(&login.scope).unwrap_or_else(|| "https://management.azure.com/".to_owned());
    url.query_pairs_mut().append_pair("api-version", "2018-02-01").append_pair("resource", &scope);
    if let Some(client) = filled(&login.client_id) {
        url.query_pairs_mut().append_pair("client_id", &client);
    }
    let answer = ask(means, &AZURE, (url, ("metadata", "true"))).await?;
    serde_json::from_slice::<Given>(&answer.body).map(|given| given.access_token).map_err(|_| unreadable(&AZURE))
}

/// What the machine says about itself, unless the configuration says all of it.
async fn machine(login: &AuthLoginAzure, address: &str, means: Means<'_>) -> Result<Compute, Error> {
    let named = [&login.subscription_id, &login.resource_group_name].into_iter().all(|name| filled(name).is_some());
    if named && (filled(&login.vm_name).is_some() || filled(&login.vmss_name).is_some()) {
        return Ok(Compute::default());
    }
    let mut url = url(&format!("{}/metadata/instance/compute", address.trim_end_matches('/')), &AZURE)?;
    url.query_pairs_mut().append_pair("api-version", "2021-02-01").append_pair("format", "json");
    let answer = ask(means, &AZURE, (url, ("metadata", "true"))).await?;
    serde_json::from_slice(&answer.body).map_err(|_| unreadable(&AZURE))
}

const GOOGLE: Call = metadata("the metadata server of Google Cloud", "GCE_METADATA_HOST");
const AZURE: Call = metadata("the metadata service of Azure", "AZURE_POD_IDENTITY_AUTHORITY_HOST");

const fn metadata(service: &'static str, setting: &'static str) -> Call {
    Call { operation: OPERATION, service, setting, limit: SignedDuration::from_secs(10) }
}

async fn ask(
    means: Means<'_>,
    call: &Call,
    (url, (name, value)): (Url, (&'static str, &'static str)),
) -> Result<Answer, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    let client =
        means.client.to(Peer { from: "where the machines of that cloud find it".to_owned(), ..Peer::default() });
    let once = || async {
        let answer = client.send(call, (Method::GET, url.clone()), headers.clone(), Zeroizing::default()).await?;
        match answer.status {
            200 => Ok(answer),
            status => {
                let message = format!(
                    "{} answered with status {status}: check that this machine has an identity there, and that {} leads to it [KR-VAULT-182]",
                    call.service, call.setting
                );
                let retry = if status >= 500 || status == 429 { Retry::Backoff } else { Retry::Never };
                Err(call.error(ErrorKind::Unauthenticated, message).retry(retry))
            }
        }
    };
    let asked = repeat(client.clock(), once).await;
    // Nothing but a token was asked for.
    asked.map_err(|error| error.effect(rotation::Effect::None))
}

fn in_file(file: &Option<String>, property: &str) -> Result<Option<SecretString>, Error> {
    let Some(file) = filled(file) else { return Ok(None) };
    let setting = format!("keyrotation:vault.{property}.jwtFile");
    let bytes = read(Path::new(&file), &setting)?;
    let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    if text.is_empty() {
        let message =
            format!("{setting}: the file {file} is empty or is not text; write the token into it [KR-VAULT-183]");
        return Err(Error::new(ErrorKind::Invalid, OPERATION, message));
    }
    Ok(Some(text.into()))
}

fn url(text: &str, call: &Call) -> Result<Url, Error> {
    text.parse().map_err(|_| {
        call.error(ErrorKind::Invalid, format!("{} does not make an address [KR-VAULT-184]", call.setting))
    })
}

fn unreadable(call: &Call) -> Error {
    call.error(ErrorKind::Unauthenticated, format!("{} did not answer with a token [KR-VAULT-185]", call.service))
}
