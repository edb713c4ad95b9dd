//! The way of a request in the JSON protocol: past the faults, through authentication, to its action, and back.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::{actions, drive, error};
use crate::aws::Aws;
use crate::aws::auth::Signer;
use crate::aws::error::Refusal;
use crate::aws::query::Service;
use crate::aws::sigv4::{Claim, Request};
use crate::journal::Effect;
use crate::locked;
use crate::server::{cut, dropped};
use crate::turn::{Interruption, Turn};

/// Its endpoints stand in every region.
static SECRETS_MANAGER: Service =
    Service { name: "secretsmanager", version: "2017-10-17", region: None, namespace: "" };
const TARGET: &str = "secretsmanager.";

/// The action that a request asks Secrets Manager for.
pub(in crate::aws) fn target(request: &Request) -> Option<String> {
    let target = request.headers.get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix(TARGET).map(str::to_owned)
}

pub(in crate::aws) async fn serve(aws: &Aws, request: &Request, action: &str, id: &str) -> Response {
    let turn = Turn::open(&aws.inner.desk, action);
    match take_turn(aws, request, (action, id), &turn).await {
        Some(response) => turn.send(response),
        None => dropped(),
    }
}

/// The answer, or nothing if the client is to get none.
async fn take_turn(aws: &Aws, request: &Request, (action, id): (&str, &str), turn: &Turn) -> Option<Response> {
    if let Err(interruption) = turn.before().await {
        return interrupted(interruption, None, id).await;
    }
    let mut effect = Effect::default();
    let answer = act(aws, request, (action, turn), &mut effect).map_err(error::as_json);
    drive::begin(aws);
    effect.outcome = answer.as_ref().map_or_else(|refusal| refusal.code.clone(), |_| "OK".to_owned());
    turn.done(effect);
    let response = respond(&answer, id);
    match turn.after().await {
        Ok(()) => Some(response),
        Err(interruption) => interrupted(interruption, Some(response), id).await,
    }
}

fn act(aws: &Aws, request: &Request, (action, turn): (&str, &Turn), effect: &mut Effect) -> Answer {
    let now = aws.inner.desk.clock.now();
    let mut account = locked(&aws.inner.account);
    let signer = Signer::of(request, &SECRETS_MANAGER, &mut account, (turn.arrived, now))?;
    effect.signer = Some(signer.access_key_id.clone());
    let body: Map<String, Value> = serde_json::from_slice(&request.body)
        .map_err(|_| Refusal::new(400, "SerializationException", "The request body is not a JSON object."))?;
    let region = Claim::read(request)?.region;
    let mut call = Call { action, body: &body, account: &mut account, signer: &signer, region: &region, now, effect };
    actions::answer(&mut call).unwrap_or_else(|| Err(error::unknown_operation()))
}

fn respond(answer: &Answer, id: &str) -> Response {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body.clone()),
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, json!({ "__type": refusal.code, "Message": refusal.message }))
        }
    };
    let headers = [(CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"), ("x-amzn-requestid", id)];
    (status, headers, Json(body)).into_response()
}

async fn interrupted(interruption: Interruption, response: Option<Response>, id: &str) -> Option<Response> {
    match interruption {
        Interruption::Dropped => None,
        Interruption::Cut => Some(cut(response?).await),
        Interruption::Throttled => Some(respond(&Err(error::as_json(Refusal::throttled())), id)),
        Interruption::Error(error) => {
            let refusal = Refusal::new(error.status, &error.code, error.message);
            Some(respond(&Err(refusal), id))
        }
    }
}
