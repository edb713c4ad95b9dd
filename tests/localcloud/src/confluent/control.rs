//! The organisation by HTTP, for tests in other processes: `/_localcloud/confluent/…`.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Refusal;
use super::kind::{Kind, Resource};
use super::organization::Role;
use super::settings::Settings;
use super::{Confluent, Credentials};

pub(crate) fn routes(confluent: Confluent) -> Router {
    Router::new()
        .route("/admin", get(admin))
        .route("/settings", get(settings).put(change_settings))
        .route("/service-accounts", post(create_service_account))
        .route("/users", post(create_user))
        .route("/owners/{id}", axum::routing::delete(delete_owner))
        .route("/owners/{id}/roles", put(set_roles))
        .route("/owners/{id}/deny", put(deny))
        .route("/environments", post(create_environment))
        .route("/clusters", post(create_cluster))
        .route("/clusters/{id}", axum::routing::delete(delete_cluster))
        .route("/clusters/{id}/endpoint", put(set_endpoint))
        .route("/keys", get(keys).post(mint_key))
        .route("/keys/{id}", put(describe_key).delete(delete_key))
        .route("/check", post(check))
        .with_state(confluent)
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct NewCluster {
    kind: Kind,
    environment: Option<String>,
}

#[derive(Deserialize)]
struct NewKey {
    owner: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Description {
    display_name: String,
    description: String,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    owner: String,
    #[serde(default)]
    resource: String,
}

#[derive(Deserialize)]
struct Pair {
    api_key: String,
    api_secret: String,
}

type Cloud = State<Confluent>;
type Done = Result<Json<Value>, Refusal>;

async fn admin(State(confluent): Cloud) -> Json<Value> {
    let Credentials { api_key, api_secret } = confluent.admin_credentials();
    Json(json!({
        "api_key": api_key,
        "api_secret": api_secret,
        "user": confluent.admin_user(),
        "organization": confluent.organization(),
        "environment": confluent.environment(),
    }))
}

async fn settings(State(confluent): Cloud) -> Json<Value> {
    Json(json!(confluent.settings()))
}

/// Takes the settings that are to change; what is not named stays.
async fn change_settings(State(confluent): Cloud, Json(changes): Json<Value>) -> Response {
    let mut merged = json!(confluent.settings());
    merge(&mut merged, changes);
    match serde_json::from_value::<Settings>(merged) {
        Ok(settings) => {
            confluent.change_settings(|known| *known = settings);
            Json(json!({})).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn create_service_account(State(confluent): Cloud, Json(new): Json<Named>) -> Done {
    confluent.create_service_account(&new.name).map(|id| Json(json!({ "id": id })))
}

async fn create_user(State(confluent): Cloud, Json(new): Json<Named>) -> Done {
    confluent.create_user(&new.name).map(|id| Json(json!({ "id": id })))
}

async fn delete_owner(State(confluent): Cloud, Path(id): Path<String>) -> Done {
    done(confluent.delete_owner(&id))
}

async fn set_roles(State(confluent): Cloud, Path(id): Path<String>, Json(roles): Json<Vec<Role>>) -> Done {
    done(confluent.set_roles(&id, &roles))
}

async fn deny(State(confluent): Cloud, Path(id): Path<String>, Json(actions): Json<Vec<String>>) -> Done {
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    done(confluent.deny(&id, &actions))
}

async fn create_environment(State(confluent): Cloud, Json(new): Json<Named>) -> Json<Value> {
    Json(json!({ "id": confluent.create_environment(&new.name) }))
}

async fn create_cluster(State(confluent): Cloud, Json(new): Json<NewCluster>) -> Done {
    let environment = new.environment.as_deref().unwrap_or(confluent.environment());
    confluent.create_cluster_in(new.kind, environment).map(|resource| Json(json!(resource)))
}

async fn delete_cluster(State(confluent): Cloud, Path(id): Path<String>) -> Done {
    done(confluent.delete_cluster(&id))
}

/// Takes a text, or null for the stand-in's own address.
async fn set_endpoint(State(confluent): Cloud, Path(id): Path<String>, Json(url): Json<Option<String>>) -> Done {
    done(confluent.set_endpoint(&id, url.as_deref()))
}

async fn keys(State(confluent): Cloud, Query(wanted): Query<Wanted>) -> Json<Value> {
    Json(json!(confluent.keys(&wanted.owner, &wanted.resource)))
}

async fn mint_key(State(confluent): Cloud, Json(new): Json<NewKey>) -> Done {
    confluent.mint_key(&new.owner, &new.resource).map(|key| Json(json!(key)))
}

async fn describe_key(State(confluent): Cloud, Path(id): Path<String>, Json(new): Json<Description>) -> Done {
    done(confluent.describe_key(&id, &new.display_name, &new.description))
}

async fn delete_key(State(confluent): Cloud, Path(id): Path<String>) -> Done {
    done(confluent.delete_key(&id))
}

async fn check(State(confluent): Cloud, Json(pair): Json<Pair>) -> Json<Value> {
    let valid = confluent.secret_is_right(&pair.api_key, &pair.api_secret);
    let works = valid && confluent.works(&pair.api_key);
    Json(json!({ "valid": valid, "works": works }))
}

fn done(result: Result<(), Refusal>) -> Done {
    result.map(|()| Json(json!({})))
}

/// Puts `changes` over `known`, object into object.
fn merge(known: &mut Value, changes: Value) {
    match (known, changes) {
        (Value::Object(known), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(known.entry(name).or_insert(Value::Null), change);
            }
        }
        (known, change) => *known = change,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "code": self.code(), "message": self.message() });
        (status, Json(body)).into_response()
    }
}
