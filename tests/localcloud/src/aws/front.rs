//! The way of a request: past the faults, through authentication, to its action, and back.

use axum::body::to_bytes;
use axum::extract::State;
use axum::response::Response;

use super::auth::Signer;
use super::call::Call;
use super::error::Refusal;
use super::query::{Answer, IAM, Params, STS, Service, respond};
use super::sigv4::Request;
use super::{Aws, iam, secrets, sts};
use crate::journal::Effect;
use crate::locked;
use crate::server::{cut, dropped};
use crate::turn::{Interruption, Turn};

/// The most that a request may hold. Far more than any of these actions takes.
const BODY: usize = 256 * 1024;

/// A request and what it asks for.
struct Asked {
    request: Request,
    params: Params,
    action: String,
    service: &'static Service,
    id: String,
}

pub(crate) async fn serve(State(aws): State<Aws>, request: axum::extract::Request) -> Response {
    let id = locked(&aws.inner.requests).uuid();
    let Some(request) = read(request).await else {
        return respond(&IAM, "", &Err(Refusal::too_large()), &id);
    };
    if let Some(action) = secrets::target(&request) {
        return secrets::serve(&aws, &request, &action, &id).await;
    }
    let params = Params::of(&request);
    let action = params.get("Action").unwrap_or_default().to_owned();
    let asked = Asked { service: service_of(&action, &params), request, params, action, id };
    let turn = Turn::open(&aws.inner.desk, &asked.action);
    match aws.take_turn(&asked, &turn).await {
        Some(response) => turn.send(response),
        None => dropped(),
    }
}

impl Aws {
    /// The answer, or nothing if the client is to get none.
    async fn take_turn(&self, asked: &Asked, turn: &Turn) -> Option<Response> {
        if let Err(interruption) = turn.before().await {
            return asked.interrupted(interruption, None).await;
        }
        let mut effect = Effect::default();
        let answer = self.act(asked, turn, &mut effect);
        effect.outcome = answer.as_ref().map_or_else(|refusal| refusal.code.clone(), |_| "OK".to_owned());
        turn.done(effect);
        let response = asked.respond(&answer);
        match turn.after().await {
            Ok(()) => Some(response),
            Err(interruption) => asked.interrupted(interruption, Some(response)).await,
        }
    }

    /// Clients correct their own clocks by this header, so it must show the stand-in's time.
    fn act(&self, asked: &Asked, turn: &Turn, effect: &mut Effect) -> Answer {
        let Asked { request, params, action, service, .. } = asked;
        let version = params.get("Version");
        let unknown = || Refusal::unknown_action(action, version);
        if version != Some(service.version) {
            return Err(unknown());
        }
        let now = self.inner.desk.clock.now();
        let mut account = locked(&self.inner.account);
        let signer = match sts::is_unsigned(action) {
            true => Signer::nobody(),
            false => Signer::of(request, service, &mut account, (turn.arrived, now))?,
        };
        effect.signer = Some(signer.access_key_id.clone()).filter(|id| !id.is_empty());
        let mut call = Call { action, params, account: &mut account, signer: &signer, now, effect };
        let answer = match service.name {
            "sts" => sts::answer(&mut call),
            _ => iam::answer(&mut call),
        };
        answer.unwrap_or_else(|| Err(unknown()))
    }
}

impl Asked {
    fn respond(&self, answer: &Answer) -> Response {
        respond(self.service, &self.action, answer, &self.id)
    }

    async fn interrupted(&self, interruption: Interruption, response: Option<Response>) -> Option<Response> {
        match interruption {
            Interruption::Dropped => None,
            Interruption::Cut => Some(cut(response?).await),
            Interruption::Throttled => Some(self.respond(&Err(Refusal::throttled()))),
            Interruption::Error(error) => {
                let refusal = Refusal::new(error.status, &error.code, error.message);
                Some(self.respond(&Err(refusal)))
            }
        }
    }
}

/// AWS tells its services apart by their host names; here the action does, and where it is unknown
/// the version.
fn service_of(action: &str, params: &Params) -> &'static Service {
    let known = iam::ACTIONS.contains(&action);
    let sts = sts::ACTIONS.contains(&action) || params.get("Version") == Some(STS.version);
    if sts && !known { &STS } else { &IAM }
}

async fn read(request: axum::extract::Request) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY).await.ok()?;
    Some(Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    })
}
