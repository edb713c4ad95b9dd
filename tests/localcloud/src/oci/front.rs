//! The way of a request: past the faults, through authentication, to its operation, and back.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::Oci;
use super::auth::Signer;
use super::call::{Answer, Call, Reply};
use super::error::Refusal;
use super::limits;
use super::operation::{Api, Operation, find};
use super::retry::Asked as Repeatable;
use super::signature::Request;
use super::tenancy::Tenancy;
use crate::journal::Effect;
use crate::locked;
use crate::server::{cut, dropped};
use crate::turn::{Interruption, Turn};

/// The most that a request may hold. Far more than any of these operations takes.
const BODY: usize = 256 * 1024;
const REQUEST_ID: &str = "opc-request-id";
const NEXT_PAGE: &str = "opc-next-page";

/// A request and what it asks for.
struct Asked {
    request: Request,
    /// The region that the path begins with; without one it is the home region.
    region: Option<String>,
    /// The API that the path's version belongs to.
    api: Option<Api>,
    /// The parts of the path below the version.
    path: Vec<String>,
    operation: Result<Operation, Refusal>,
    id: String,
}

pub(crate) async fn serve(State(oci): State<Oci>, request: axum::extract::Request) -> Response {
    let own = locked(&oci.inner.requests).hex(64);
    let (first, second) = own.split_at(32);
    let Some(request) = read(request).await else {
        return respond(&Err(Refusal::too_large()), &own);
    };
    let sent = request.header(REQUEST_ID).filter(|sent| !sent.is_empty());
    let id = sent.map_or_else(|| own.clone(), |sent| format!("{sent}/{first}/{second}"));
    let (region, api, path) = parts(&request.target);
    let operation = match api {
        Some(api) => find(&request.method, api, &path),
        None => Err(Refusal::no_such_path()),
    };
    let asked = Asked { request, region, api, path, operation, id };
    let action = asked.operation.as_ref().map_or("", |operation| operation.action);
    let turn = Turn::open(&oci.inner.desk, action);
    match oci.take_turn(&asked, &turn).await {
        Some(response) => turn.send(response),
        None => dropped(),
    }
}

impl Oci {
    /// The answer, or nothing if the client is to get none.
    async fn take_turn(&self, asked: &Asked, turn: &Turn) -> Option<Response> {
        if let Err(interruption) = turn.before().await {
            return asked.interrupted(interruption, None).await;
        }
        let mut effect = Effect::default();
        let answer = self.act(asked, turn, &mut effect);
        match &answer {
            Ok(_) => effect.outcome = "OK".to_owned(),
            Err(refusal) => (effect.outcome, effect.reason) = (refusal.code.clone(), refusal.reason),
        }
        turn.done(effect);
        let response = respond(&answer, &asked.id);
        match turn.after().await {
            Ok(()) => Some(response),
            Err(interruption) => asked.interrupted(interruption, Some(response)).await,
        }
    }

    fn act(&self, asked: &Asked, turn: &Turn, effect: &mut Effect) -> Answer {
        let now = self.inner.desk.clock.now();
        let tenancy = &mut *locked(&self.inner.tenancy);
        let lag = tenancy.lag_of(asked.region.as_deref());
        let lag = lag.ok_or_else(|| Refusal::not_authenticated("the tenancy is not subscribed to this region"))?;
        let signer = Signer::of(&asked.request, tenancy, (turn.arrived, now), lag)?;
        effect.signer = Some(signer.key.clone());
        let operation = asked.operation.as_ref().map_err(Refusal::clone)?;
        let region = tenancy.region(asked.region.as_deref()).unwrap_or_else(|| tenancy.home.clone());
        let elsewhere = asked.api == Some(Api::Identity) && region != tenancy.home;
        if elsewhere && asked.request.method != Method::GET {
            return Err(Refusal::go_home(&tenancy.home.key));
        }
        let Asked { request, path, .. } = asked;
        let action = operation.action;
        let mut call = Call { action, path, request, tenancy, signer: &signer, now, region: &region, lag, effect };
        match request.header("opc-retry-token").filter(|_| request.method == Method::POST) {
            Some(token) => once(&mut call, operation, token),
            None => (operation.does)(&mut call),
        }
    }
}

/// Does what a token stands for, unless it was done already: then answers as it was answered then.
fn once(call: &mut Call<'_>, operation: &Operation, token: &str) -> Answer {
    limits::retry_token(token)?;
    let mark = (call.signer.user.as_str(), token);
    let asked = Repeatable { target: call.request.target.clone(), body: call.request.body.to_vec() };
    if let Some(reply) = call.tenancy.retries.find(mark, &asked, call.now)? {
        call.effect.principal = call.path.get(1).cloned();
        call.effect.key = reply.made.as_deref().and_then(|made| made.rsplit('/').next()).map(str::to_owned);
        call.effect.reason = Some("answered as before, by its retry token");
        return Ok(reply);
    }
    let reply = (operation.does)(call)?;
    let Tenancy { retries, .. } = &mut *call.tenancy;
    retries.keep(mark, asked, &reply, call.now);
    Ok(reply)
}

impl Asked {
    async fn interrupted(&self, interruption: Interruption, response: Option<Response>) -> Option<Response> {
        match interruption {
            Interruption::Dropped => None,
            Interruption::Cut => Some(cut(response?).await),
            Interruption::Throttled => Some(respond(&Err(Refusal::throttled()), &self.id)),
            Interruption::Error(error) => {
                let refusal = Refusal::new(error.status, &error.code, error.message);
                Some(respond(&Err(refusal), &self.id))
            }
        }
    }
}

fn respond(answer: &Answer, request_id: &str) -> Response {
    let mut response = match answer {
        Ok(reply) => success(reply),
        Err(refusal) => failure(refusal),
    };
    let id = HeaderValue::from_str(request_id).ok();
    response.headers_mut().extend(id.map(|id| (HeaderName::from_static(REQUEST_ID), id)));
    response
}

fn success(reply: &Reply) -> Response {
    let mut response = match &reply.body {
        Some(body) => Json(body).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    let value = |text: &String| HeaderValue::from_str(text).ok();
    let headers = response.headers_mut();
    headers.extend(reply.etag.as_ref().and_then(value).map(|etag| (ETAG, etag)));
    headers.extend(reply.next_page.as_ref().and_then(value).map(|page| (HeaderName::from_static(NEXT_PAGE), page)));
    response
}

fn failure(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({ "code": refusal.code, "message": refusal.message }))).into_response()
}

/// Region, API and parts below the version of `/oci/REGION/VERSION/…` or `/VERSION/…`, decoded; no API if it is neither.
fn parts(target: &str) -> (Option<String>, Option<Api>, Vec<String>) {
    let path = target.split('?').next().unwrap_or_default();
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let all: Vec<String> = path.split('/').skip(1).map(decoded).collect();
    let (region, rest) = match all.as_slice() {
        [prefix, region, rest @ ..] if prefix == "oci" => (Some(region.clone()), rest),
        rest => (None, rest),
    };
    let Some((version, below)) = rest.split_first() else { return (region, None, Vec::new()) };
    (region, Api::of_version(version), below.to_vec())
}

async fn read(request: axum::extract::Request) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY).await.ok()?;
    let target = head.uri.path_and_query().map(ToString::to_string)?;
    Some(Request { method: head.method, target, headers: head.headers, body })
}
