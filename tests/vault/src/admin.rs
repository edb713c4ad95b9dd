use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use ureq::http::{Method, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::database::{Database, Login};

/// No call of an administrator takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// A client for what tests set up and look at: plain calls, and the few things that every test needs. Paths are without `/v1/`.
#[derive(Clone)]
pub struct Admin {
    pub(crate) agent: ureq::Agent,
    pub(crate) endpoint: String,
    token: String,
    namespace: Option<String>,
}

/// What the server said.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null if there is none.
    pub body: Value,
}

/// A token.
#[derive(Clone)]
pub struct Token {
    /// The token itself.
    pub token: String,
    /// Its accessor.
    pub accessor: String,
}

/// What a machine logs in with.
#[derive(Clone)]
pub struct AppRole {
    /// The role's id.
    pub role_id: String,
    /// A secret-id of it.
    pub secret_id: String,
    /// That secret-id's accessor.
    pub accessor: String,
}

impl Admin {
    /// A client with this token; for TLS, it trusts the certificates in this file alone.
    pub(crate) fn new(endpoint: &str, token: &str, ca_file: Option<&Path>) -> Self {
        let certificate = ca_file.and_then(|file| std::fs::read(file).ok());
        let roots: Vec<_> = certificate.and_then(|pem| Certificate::from_pem(&pem).ok()).into_iter().collect();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .proxy(None)
            .tls_config(tls.root_certs(RootCerts::new_with_certs(&roots)).build());
        let agent = config.build().new_agent();
        Self { agent, endpoint: endpoint.to_owned(), token: token.to_owned(), namespace: None }
    }

    /// The same client with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same client in a namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self.clone() }
    }

    /// The same client by another way, [`crate::Proxy::endpoint`] for example.
    pub fn by(&self, endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), ..self.clone() }
    }

    /// The namespace that it works in, if it is not the root.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The token that it sends.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sends one request and gives the answer, whatever it is. A PATCH is a merge patch.
    ///
    /// # Errors
    /// There is no answer, or its body is no JSON.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        self.call_with(None, method, path, body)
    }

    /// What a POST answers, behind a response-wrapping token of a minute, which is given.
    ///
    /// # Errors
    /// As [`Admin::get`].
    pub fn wrapped(&self, path: &str, body: &Value) -> Result<String> {
        let answer = self.call_with(Some(("X-Vault-Wrap-TTL", "60s")), "POST", path, Some(body))?;
        text(&well("POST", path, answer)?["wrap_info"]["token"])
    }

    fn call_with(
        &self,
        header: Option<(&str, &str)>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes())?)
            .uri(format!("{}/v1/{path}", self.endpoint))
            .header("X-Vault-Token", &self.token)
            .header("X-Vault-Request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let sent = match body {
            Some(body) => self.agent.run(request.header("Content-Type", kind).body(body.to_string())?),
            None => self.agent.run(request.body(())?),
        };
        let mut response = sent.with_context(|| format!("{method} {path}"))?;
        let text = response.body_mut().read_to_string().with_context(|| format!("{method} {path}"))?;
        let body = if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        Ok(Answer { status: response.status().as_u16(), body })
    }

    /// Reads.
    ///
    /// # Errors
    /// Any status from 400 on, with the server's words.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.good("GET", path, None)
    }

    /// Writes by POST.
    ///
    /// # Errors
    /// As [`Admin::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.good("POST", path, Some(body))
    }

    /// Writes by PUT.
    ///
    /// # Errors
    /// As [`Admin::get`].
    pub fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.good("PUT", path, Some(body))
    }

    /// Deletes.
    ///
    /// # Errors
    /// As [`Admin::get`].
    pub fn delete(&self, path: &str) -> Result<Value> {
        self.good("DELETE", path, None)
    }

    /// The names below a path; none if there is nothing.
    ///
    /// # Errors
    /// As [`Admin::get`], but for 404.
    pub fn list(&self, path: &str) -> Result<Vec<String>> {
        let path = format!("{path}?list=true");
        let answer = self.call("GET", &path, None)?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let body = well("GET", &path, answer)?;
        let names = body["data"]["keys"].as_array().into_iter().flatten();
        Ok(names.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    fn good(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        well(method, path, self.call(method, path, body)?)
    }
}

/// What tests set up.
impl Admin {
    /// Mounts a secrets engine, `kv` or `database` for example, at a path of its own and gives the path.
    ///
    /// # Errors
    /// The server refuses.
    pub fn mount(&self, engine: &str, options: &Value) -> Result<String> {
        let path = crate::unique(engine);
        self.post(&format!("sys/mounts/{path}"), &json!({"type": engine, "options": options}))?;
        Ok(path)
    }

    /// Mounts a key-value engine of this version and gives its path.
    ///
    /// # Errors
    /// The server refuses.
    pub fn mount_kv(&self, version: u8) -> Result<String> {
        self.mount("kv", &json!({"version": version.to_string()}))
    }

    /// Mounts a way to log in, `approle` or `jwt` for example, at a path of its own and gives the path without `auth/`.
    ///
    /// # Errors
    /// The server refuses.
    pub fn mount_auth(&self, kind: &str) -> Result<String> {
        let path = crate::unique(kind);
        self.post(&format!("sys/auth/{path}"), &json!({"type": kind}))?;
        Ok(path)
    }

    /// Writes a policy with these rules under a name of its own and gives the name.
    ///
    /// # Errors
    /// The server refuses.
    pub fn policy(&self, rules: &str) -> Result<String> {
        let name = crate::unique("policy");
        self.put(&format!("sys/policies/acl/{name}"), &json!({"policy": rules}))?;
        Ok(name)
    }

    /// Makes a token as `request` says: `policies`, `ttl`, `period`, `num_uses` and so on.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_token(&self, request: &Value) -> Result<Token> {
        let made = self.post("auth/token/create", request)?;
        login_of(&made)
    }

    /// Makes a role on an AppRole mount with these settings, and one secret-id.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_app_role(&self, mount: &str, role: &str, settings: &Value) -> Result<AppRole> {
        let path = format!("auth/{mount}/role/{role}");
        self.post(&path, settings)?;
        let id = self.get(&format!("{path}/role-id"))?;
        let secret = self.post(&format!("{path}/secret-id"), &json!({}))?;
        Ok(AppRole {
            role_id: text(&id["data"]["role_id"])?,
            secret_id: text(&secret["data"]["secret_id"])?,
            accessor: text(&secret["data"]["secret_id_accessor"])?,
        })
    }

    /// Logs in at `auth/MOUNT/login` with this body.
    ///
    /// # Errors
    /// The server refuses.
    pub fn log_in(&self, mount: &str, body: &Value) -> Result<Token> {
        login_of(&self.post(&format!("auth/{mount}/login"), body)?)
    }

    /// Tells a database engine how to reach a database as `root`, a user of it, under this name.
    ///
    /// # Errors
    /// The server refuses; it tries the connection.
    pub fn connect(&self, mount: &str, name: &str, database: &dyn Database, root: &Login) -> Result<()> {
        self.post(&format!("{mount}/config/{name}"), &database.connection(root)).map(drop)
    }

    /// Makes a role of dynamic users who may log in for `ttl`.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_database_role(&self, mount: &str, role: &str, database: &dyn Database, body: &Value) -> Result<()> {
        let mut settings = json!({"creation_statements": database.creation()});
        for (name, value) in body.as_object().into_iter().flatten() {
            settings[name] = value.clone();
        }
        self.post(&format!("{mount}/roles/{role}"), &settings).map(drop)
    }

    /// A new user of a database, by its role.
    ///
    /// # Errors
    /// The server refuses.
    pub fn database_login(&self, mount: &str, role: &str) -> Result<(Login, String)> {
        let made = self.get(&format!("{mount}/creds/{role}"))?;
        let login = Login { user: text(&made["data"]["username"])?, password: text(&made["data"]["password"])? };
        Ok((login, text(&made["lease_id"])?))
    }

    /// Makes a namespace and gives a client in it. Only OpenBao and Vault Enterprise have them.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_namespace(&self) -> Result<Self> {
        let name = crate::unique("namespace");
        self.post(&format!("sys/namespaces/{name}"), &json!({}))?;
        Ok(self.in_namespace(&name))
    }
}

fn well(method: &str, path: &str, answer: Answer) -> Result<Value> {
    if answer.status >= 400 {
        bail!("{method} {path}: {} {}", answer.status, answer.body["errors"]);
    }
    Ok(answer.body)
}

fn login_of(answer: &Value) -> Result<Token> {
    Ok(Token { token: text(&answer["auth"]["client_token"])?, accessor: text(&answer["auth"]["accessor"])? })
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("the server's answer lacks a text")
}
