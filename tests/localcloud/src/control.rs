//! The stand-in by HTTP, for tests in other processes: `/_localcloud/…`. The README lists the routes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::{self, Act};
use crate::cloud::Shared;
use crate::confluent;
use crate::fault::Fault;
use crate::oci;
use crate::rule::{Rule, When};

pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    let aws = aws::control(shared.aws.clone());
    let oci = oci::control(shared.oci.clone());
    let confluent = confluent::control(shared.confluent.clone());
    Router::new()
        .route("/snapshot", get(snapshot))
        .route("/journal", get(journal))
        .route("/reset", post(reset))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/held", get(held))
        .route("/release", post(release))
        .route("/clock", get(clock))
        .route("/clock/advance", post(advance))
        .route("/leaks", post(leaks))
        .with_state(shared)
        .nest("/aws", aws)
        .nest("/oci", oci)
        .nest("/confluent", confluent)
        .fallback(|| async { StatusCode::NOT_FOUND })
}

type Cloud = State<Arc<Shared>>;

#[derive(Deserialize)]
struct NewRule {
    #[serde(flatten)]
    when: When,
    #[serde(flatten)]
    what: What,
}

/// The key of the last part of a rule: `fault`, `stranger`, `oci_stranger` or `confluent_stranger`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Fault(Fault),
    Stranger(Act),
    OciStranger(oci::Act),
    ConfluentStranger(confluent::Act),
}

#[derive(Deserialize)]
struct Release {
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct Advance {
    seconds: f64,
}

async fn snapshot(State(cloud): Cloud) -> Json<Value> {
    Json(json!({
        "now": cloud.desk.clock.now(),
        "calls": cloud.desk.faults.calls(),
        "hangs": *cloud.desk.faults.hangs().borrow(),
        "aws": cloud.aws.snapshot(),
        "oci": cloud.oci.snapshot(),
        "confluent": cloud.confluent.snapshot(),
    }))
}

async fn journal(State(cloud): Cloud) -> Json<Value> {
    Json(json!(cloud.desk.journal.entries()))
}

async fn reset(State(cloud): Cloud) -> Json<Value> {
    cloud.reset();
    Json(json!({}))
}

async fn faults(State(cloud): Cloud) -> Json<Value> {
    let faults = &cloud.desk.faults;
    Json(json!({ "calls": faults.calls(), "unfired": faults.unfired() }))
}

async fn add_fault(State(cloud): Cloud, Json(new): Json<NewRule>) -> Json<Value> {
    let fault = match new.what {
        What::Fault(fault) => fault,
        What::Stranger(stranger) => {
            let aws = cloud.aws.clone();
            // A stranger who is refused, by the quota say, has simply done nothing.
            Fault::stranger(move || drop(stranger.perform(&aws)))
        }
        What::OciStranger(stranger) => {
            let oci = cloud.oci.clone();
            Fault::stranger(move || drop(stranger.perform(&oci)))
        }
        What::ConfluentStranger(stranger) => {
            let confluent = cloud.confluent.clone();
            Fault::stranger(move || drop(stranger.perform(&confluent)))
        }
    };
    cloud.desk.faults.add(Rule::of(new.when, fault));
    Json(json!({}))
}

/// Withdraws every rule and counts from 1 again.
async fn clear_faults(State(cloud): Cloud) -> Json<Value> {
    cloud.desk.faults.clear();
    cloud.desk.faults.restart_count();
    Json(json!({}))
}

async fn held(State(cloud): Cloud) -> Json<Value> {
    Json(json!(cloud.desk.faults.held()))
}

async fn release(State(cloud): Cloud, Json(release): Json<Release>) -> Json<Value> {
    let faults = &cloud.desk.faults;
    let released = match release.seq {
        Some(seq) => usize::from(faults.release(seq)),
        None => faults.release_all(),
    };
    Json(json!({ "released": released }))
}

async fn clock(State(cloud): Cloud) -> Json<Value> {
    Json(json!({ "now": cloud.desk.clock.now() }))
}

async fn advance(State(cloud): Cloud, Json(by): Json<Advance>) -> Response {
    let Ok(by) = SignedDuration::try_from_secs_f64(by.seconds) else {
        return (StatusCode::BAD_REQUEST, "seconds is too large").into_response();
    };
    cloud.desk.clock.advance(by);
    clock(State(cloud)).await.into_response()
}

/// Takes any text; names the keys whose secrets occur in it.
async fn leaks(State(cloud): Cloud, text: axum::body::Bytes) -> Json<Value> {
    let text = String::from_utf8_lossy(&text);
    let all = [cloud.aws.leaks(&text), cloud.oci.leaks(&text), cloud.confluent.leaks(&text)];
    Json(json!(all.concat()))
}
