//! The tenancy by HTTP, for tests in other processes: `/_localcloud/oci/…`.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Refusal;
use super::{Kind, Oci};

pub(crate) fn routes(oci: Oci) -> Router {
    Router::new()
        .route("/config", get(config))
        .route("/users", post(create_user))
        .route("/users/{user}", delete(delete_user))
        .route("/users/{user}/allow", put(allow))
        .route("/users/{user}/deny", put(deny))
        .route("/users/{user}/capabilities", put(set_capabilities))
        .route("/users/{user}/tags", put(set_tags))
        .route("/keys", post(add_key))
        .route("/users/{user}/keys/{fingerprint}", get(key_works).delete(delete_key))
        .route("/sessions", post(open_session))
        .route("/principals/policy", put(set_policy))
        .route("/principals/resource", post(resource_session))
        .route("/principals/service-account", post(service_account))
        .route("/principals/delegation", post(delegation))
        .route("/secrets", post(mint_secret))
        .route("/secrets/{id}", delete(delete_secret))
        .route("/vaults/{region}", get(vault))
        .route("/check", post(check))
        .with_state(oci)
}

#[derive(Deserialize)]
struct NewUser {
    name: String,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
}

#[derive(Deserialize)]
struct NewKey {
    user: String,
    /// The public half; without it a key is made up that nobody can sign with.
    key: Option<String>,
}

#[derive(Deserialize)]
struct NewSession {
    user: String,
    key: String,
    seconds: i64,
}

/// What ends after so many seconds.
#[derive(Deserialize)]
struct LifetimeRules {
    seconds: i64,
}

#[derive(Deserialize)]
struct NewSecret {
    user: String,
    kind: Kind,
    name: String,
}

#[derive(Deserialize)]
struct Pair {
    id: String,
    secret: String,
}

type Done = Result<Json<Value>, Refusal>;
type Here = State<Oci>;

async fn config(State(oci): Here) -> Json<Value> {
    Json(json!(oci.config()))
}

async fn create_user(State(oci): Here, Json(new): Json<NewUser>) -> Done {
    let id = oci.create_user(&new.name)?;
    oci.allow(&id, &borrowed(&new.allow))?;
    oci.deny(&id, &borrowed(&new.deny))?;
    Ok(Json(json!({ "id": id })))
}

async fn delete_user(State(oci): Here, Path(user): Path<String>) -> Done {
    done(oci.delete_user(&user))
}

async fn allow(State(oci): Here, Path(user): Path<String>, Json(operations): Json<Vec<String>>) -> Done {
    done(oci.allow(&user, &borrowed(&operations)))
}

async fn deny(State(oci): Here, Path(user): Path<String>, Json(operations): Json<Vec<String>>) -> Done {
    done(oci.deny(&user, &borrowed(&operations)))
}

async fn set_capabilities(
    State(oci): Here,
    Path(user): Path<String>,
    Json(capabilities): Json<BTreeMap<String, bool>>,
) -> Done {
    done(capabilities.iter().try_for_each(|(name, can)| oci.set_capability(&user, name, *can)))
}

async fn set_tags(State(oci): Here, Path(user): Path<String>, Json(tags): Json<BTreeMap<String, String>>) -> Done {
    done(oci.set_tags(&user, &tags))
}

async fn add_key(State(oci): Here, Json(new): Json<NewKey>) -> Done {
    let added = match &new.key {
        Some(pem) => oci.upload_key(&new.user, pem),
        None => oci.mint_key(&new.user),
    };
    added.map(|fingerprint| Json(json!({ "fingerprint": fingerprint })))
}

async fn key_works(State(oci): Here, Path((user, fingerprint)): Path<(String, String)>) -> Json<Value> {
    Json(json!({ "works": oci.works(&user, &fingerprint) }))
}

async fn delete_key(State(oci): Here, Path((user, fingerprint)): Path<(String, String)>) -> Done {
    done(oci.delete_key(&user, &fingerprint))
}

async fn open_session(State(oci): Here, Json(new): Json<NewSession>) -> Done {
    let token = oci.open_session(&new.user, &new.key, SignedDuration::from_secs(new.seconds))?;
    Ok(Json(json!({ "token": token })))
}

async fn set_policy(State(oci): Here, Json(operations): Json<Vec<String>>) -> Done {
    oci.set_policy(&borrowed(&operations));
    done(Ok(()))
}

async fn resource_session(State(oci): Here, Json(new): Json<LifetimeRules>) -> Json<Value> {
    let made = oci.resource_session(SignedDuration::from_secs(new.seconds));
    let (token, key) = made.unwrap_or_default();
    Json(json!({ "token": token, "key": key }))
}

async fn service_account(State(oci): Here, Json(new): Json<LifetimeRules>) -> Json<Value> {
    Json(json!({ "token": oci.service_account_token(SignedDuration::from_secs(new.seconds)) }))
}

async fn delegation(State(oci): Here, Json(new): Json<NewKey>) -> Done {
    oci.delegation_token(&new.user).map(|token| Json(json!({ "token": token })))
}

async fn mint_secret(State(oci): Here, Json(new): Json<NewSecret>) -> Done {
    oci.mint_secret(&new.user, new.kind, &new.name).map(|issued| Json(json!(issued)))
}

async fn delete_secret(State(oci): Here, Path(id): Path<String>) -> Done {
    done(oci.delete_secret(&id))
}

async fn vault(State(oci): Here, Path(region): Path<String>) -> Done {
    let vault = oci.vault(&region).ok_or_else(|| Refusal::not_found("the tenancy is not subscribed to this region"))?;
    Ok(Json(json!(vault)))
}

async fn check(State(oci): Here, Json(pair): Json<Pair>) -> Json<Value> {
    Json(json!({ "valid": oci.secret_is_right(&pair.id, &pair.secret) }))
}

fn borrowed(operations: &[String]) -> Vec<&str> {
    operations.iter().map(String::as_str).collect()
}

fn done(result: Result<(), Refusal>) -> Done {
    result.map(|()| Json(json!({})))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "code": self.code, "message": self.message }))).into_response()
    }
}
