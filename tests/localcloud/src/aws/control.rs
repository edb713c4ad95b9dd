//! The account by HTTP, for tests in other processes: `/_localcloud/aws/…`.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Aws;
use super::error::Refusal;
use super::federation::{RoleTrust, TokenClaims};

pub(crate) fn routes(aws: Aws) -> Router {
    Router::new()
        .route("/users", post(create_user))
        .route("/users/{name}", axum::routing::delete(delete_user))
        .route("/users/{name}/deny", put(deny))
        .route("/users/{name}/tags", put(set_tags))
        .route("/keys", post(mint_key))
        .route("/keys/{id}", put(set_key).delete(delete_key))
        .route("/check", post(check))
        .route("/roles/{name}", put(trust))
        .route("/tokens", post(identity_token))
        .route("/secrets", post(create_secret))
        .route("/secrets/value", post(secret_value))
        .route("/secrets/edit", post(edit_secret))
        .with_state(aws)
}

#[derive(Deserialize)]
struct NewUser {
    name: String,
    #[serde(default)]
    deny: Vec<String>,
}

#[derive(Deserialize)]
struct NewKey {
    user: String,
}

#[derive(Deserialize)]
struct Status {
    active: bool,
}

#[derive(Deserialize)]
struct Pair {
    access_key_id: String,
    secret_access_key: String,
}

/// A secret's name, with a value or a staging label.
#[derive(Deserialize)]
struct Named {
    name: String,
    value: Option<String>,
    stage: Option<String>,
}

type Done = Result<Json<Value>, Refusal>;

async fn create_user(State(aws): State<Aws>, Json(new): Json<NewUser>) -> Done {
    aws.create_user(&new.name)?;
    take_from(&aws, &new.name, &new.deny)
}

async fn delete_user(State(aws): State<Aws>, Path(name): Path<String>) -> Done {
    done(aws.delete_user(&name))
}

async fn deny(State(aws): State<Aws>, Path(name): Path<String>, Json(actions): Json<Vec<String>>) -> Done {
    take_from(&aws, &name, &actions)
}

async fn set_tags(
    State(aws): State<Aws>,
    Path(name): Path<String>,
    Json(tags): Json<BTreeMap<String, String>>,
) -> Done {
    done(aws.set_tags(&name, &tags))
}

async fn mint_key(State(aws): State<Aws>, Json(new): Json<NewKey>) -> Done {
    aws.mint_key(&new.user).map(|key| Json(json!(key)))
}

async fn set_key(State(aws): State<Aws>, Path(id): Path<String>, Json(status): Json<Status>) -> Done {
    done(aws.set_key_active(&id, status.active))
}

async fn delete_key(State(aws): State<Aws>, Path(id): Path<String>) -> Done {
    done(aws.delete_key(&id))
}

async fn trust(State(aws): State<Aws>, Path(name): Path<String>, Json(trust): Json<RoleTrust>) -> Done {
    aws.trust(&name, trust);
    done(Ok(()))
}

async fn identity_token(State(aws): State<Aws>, Json(claims): Json<TokenClaims>) -> Json<Value> {
    Json(json!({ "token": aws.identity_token(&claims) }))
}

async fn create_secret(State(aws): State<Aws>, Json(new): Json<Named>) -> Done {
    done(aws.create_secret(&new.name, new.value.as_deref()))
}

async fn secret_value(State(aws): State<Aws>, Json(asked): Json<Named>) -> Json<Value> {
    let value = aws.secret_value(&asked.name, asked.stage.as_deref().unwrap_or("AWSCURRENT"));
    Json(json!({ "value": value }))
}

async fn edit_secret(State(aws): State<Aws>, Json(edit): Json<Named>) -> Done {
    done(aws.edit_secret(&edit.name, edit.value.as_deref().unwrap_or_default()))
}

async fn check(State(aws): State<Aws>, Json(pair): Json<Pair>) -> Json<Value> {
    let valid = aws.secret_is_right(&pair.access_key_id, &pair.secret_access_key);
    let works = valid && aws.works(&pair.access_key_id);
    Json(json!({ "valid": valid, "works": works }))
}

fn take_from(aws: &Aws, user: &str, actions: &[String]) -> Done {
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    done(aws.deny(user, &actions))
}

fn done(result: Result<(), Refusal>) -> Done {
    result.map(|()| Json(json!({})))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "code": self.code, "message": self.message });
        (status, Json(body)).into_response()
    }
}
