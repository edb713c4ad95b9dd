//! What machines of clouds log in with: stand-ins of the metadata services of Google Cloud and Azure, and of Vault's method `aws`, which OpenBao
//! does not have.
//!
//! Follow Google's "Verifying the identity of instances", Azure's "Managed identities: how to use a token" and "Instance metadata service", and
//! Vault's API documentation of the method `aws`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use localcloud::Server;
use serde_json::{Value, json};

use crate::admin::Admin;

/// Signs a token for this audience; none where the machine has no identity.
pub type Sign = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The metadata services of one machine. They end when this is dropped.
pub struct Machine {
    server: Server,
}

impl Machine {
    /// Listens on loopback.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(sign: Sign) -> std::io::Result<Self> {
        let app = Router::new()
            .route("/computeMetadata/v1/instance/service-accounts/default/identity", get(google))
            .route("/metadata/identity/oauth2/token", get(azure_token))
            .route("/metadata/instance/compute", get(azure_machine))
            .with_state(sign);
        Ok(Self { server: Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), app)? })
    }

    /// Host and port.
    pub fn host(&self) -> String {
        self.server.address.to_string()
    }
}

type Asked = Query<Vec<(String, String)>>;

fn parameter(asked: &[(String, String)], name: &str) -> String {
    let found = asked.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn has(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|found| found == value)
}

async fn google(State(sign): State<Sign>, headers: HeaderMap, Query(asked): Asked) -> Response {
    if !has(&headers, "metadata-flavor", "Google") {
        return (StatusCode::FORBIDDEN, "Missing Metadata-Flavor:Google header.").into_response();
    }
    let audience = parameter(&asked, "audience");
    if audience.is_empty() {
        return (StatusCode::BAD_REQUEST, "non-empty audience parameter required").into_response();
    }
    match sign(&audience) {
        Some(token) => token.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn azure_token(State(sign): State<Sign>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let refused = |code: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": code }))).into_response();
    if !has(&headers, "metadata", "true") || parameter(&asked, "api-version").is_empty() {
        return refused("bad_request_102");
    }
    match sign(&parameter(&asked, "resource")) {
        Some(token) => {
            Json(json!({ "access_token": token, "expires_in": "3599", "token_type": "Bearer" })).into_response()
        }
        None => refused("invalid_request"),
    }
}

async fn azure_machine(headers: HeaderMap) -> Response {
    if !has(&headers, "metadata", "true") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let machine =
        json!({"subscriptionId": "sub-1", "resourceGroupName": "ci", "name": "runner-1", "vmScaleSetName": ""});
    Json(machine).into_response()
}

/// What answers a login in place of the server: the status and the body, or nothing for the server to answer.
pub type Hook = Arc<dyn Fn(&str, &[u8]) -> Option<(u16, Value)> + Send + Sync>;

/// A role of Vault's method `aws`.
#[derive(Clone)]
pub struct AwsRole {
    /// Where the method is mounted.
    pub mount: String,
    /// What the ARN of the principal begins with.
    pub bound: String,
    /// The header that a request must be bound to, if the method is configured so.
    pub server_id: Option<String>,
    /// The policy of its tokens.
    pub policy: String,
}

/// The method with its one role `ci`. It asks STS at this address who signed, as Vault does.
pub fn aws_method(admin: Admin, sts: String, role: AwsRole) -> Hook {
    let path = format!("/v1/auth/{}/login", role.mount);
    Arc::new(move |asked, body| {
        (asked == path).then(|| match login(&admin, &sts, &role, body) {
            Ok(answer) => answer,
            Err(error) => (400, json!({ "errors": [format!("{error:#}")] })),
        })
    })
}

fn login(admin: &Admin, sts: &str, role: &AwsRole, body: &[u8]) -> Result<(u16, Value)> {
    let refused = |words: &str| Ok((400, json!({ "errors": [words] })));
    let asked: Value = serde_json::from_slice(body)?;
    let decoded = |name: &str| -> Result<String> {
        let text = asked[name].as_str().with_context(|| format!("missing {name}"))?;
        Ok(String::from_utf8(BASE64_STANDARD.decode(text)?)?)
    };
    if asked["role"] != "ci" {
        return refused("entry for role not found");
    }
    let (url, body) = (decoded("iam_request_url")?, decoded("iam_request_body")?);
    if asked["iam_http_request_method"] != "POST" || !body.contains("Action=GetCallerIdentity") {
        return refused("unexpected action");
    }
    if url.trim_end_matches('/') != sts.trim_end_matches('/') {
        return refused("the request is for another endpoint");
    }
    let headers: Value = serde_json::from_str(&decoded("iam_request_headers")?)?;
    let headers = headers.as_object().context("no headers")?;
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, values)| values[0].as_str())
    };
    if let Some(wanted) = &role.server_id {
        let signed =
            header("authorization").unwrap_or_default().to_ascii_lowercase().contains("x-vault-aws-iam-server-id");
        if header("x-vault-aws-iam-server-id") != Some(wanted) || !signed {
            return refused("error validating X-Vault-AWS-IAM-Server-ID header: expected another value");
        }
    }
    let mut request = admin.agent.post(&url);
    for (name, values) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        request = request.header(name, values[0].as_str().unwrap_or_default());
    }
    let mut answer = request.send(&body)?;
    let said = answer.body_mut().read_to_string()?;
    if answer.status() != 200 {
        return refused(&format!("error making upstream request: received error code {} from STS", answer.status()));
    }
    let arn = said.split_once("<Arn>").and_then(|(_, rest)| rest.split_once("</Arn>")).map(|(arn, _)| arn);
    if !arn.is_some_and(|arn| arn.starts_with(&role.bound)) {
        return refused("IAM Principal does not belong to the role \"ci\"");
    }
    let token = admin.make_token(&json!({"policies": [role.policy], "ttl": "30m", "renewable": false}))?;
    Ok((200, json!({"auth": {"client_token": token.token, "lease_duration": 1800, "renewable": false}})))
}
