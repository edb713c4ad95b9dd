//! The way of a request: past the faults, through authentication, to its operation, and back.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::response::Response;
use axum::routing::any;

use super::auth::Signer;
use super::call::{Answer, Call, Request};
use super::error::Refusal;
use super::rate::Standing;
use super::respond::Letter;
use super::route::{Operation, Plane};
use super::{Confluent, keys, lookups, planes};
use crate::journal::Effect;
use crate::locked;
use crate::server::{cut, dropped};
use crate::turn::{Interruption, Turn};

/// The most that a request may hold. Far more than any of these operations takes.
const BODY: usize = 256 * 1024;

/// Where Confluent's APIs begin.
const ROOTS: [&str; 8] = ["/iam", "/cmk", "/srcm", "/ksqldbcm", "/fcpm", "/org", "/service-quota", "/tableflow"];

/// A request and what it asks for.
struct Asked {
    request: Request,
    operation: Operation,
    id: String,
}

/// Every path that is Confluent's.
pub(crate) fn routes(confluent: Confluent) -> Router {
    let below = |root: &str| format!("{root}/{{*rest}}");
    let roots = ROOTS.iter().copied().chain([super::route::DATA_PLANES]);
    roots.fold(Router::new(), |router, root| router.route(&below(root), any(serve))).with_state(confluent)
}

async fn serve(State(confluent): State<Confluent>, request: axum::extract::Request) -> Response {
    let id = locked(&confluent.inner.requests).uuid();
    let operation = Operation::of(request.method(), request.uri().path());
    let Some(request) = read(request).await else {
        let letter = Letter { plane: operation.plane(), request_id: &id, path: "", standing: None };
        return letter.refuse(&Refusal::new(413, "request_too_large", "The body is too large"));
    };
    let asked = Asked { request, operation, id };
    let turn = Turn::open(&confluent.inner.desk, asked.operation.action());
    match confluent.take_turn(&asked, &turn).await {
        Some(response) => turn.send(response),
        None => dropped(),
    }
}

impl Confluent {
    /// The answer, or nothing if the client is to get none.
    async fn take_turn(&self, asked: &Asked, turn: &Turn) -> Option<Response> {
        if let Err(interruption) = turn.before().await {
            return asked.interrupted(interruption, None).await;
        }
        let mut effect = Effect::default();
        let standing = self.meter(asked.operation.plane());
        let answer = match standing {
            Some(Standing { exceeded: true, .. }) => Err(Refusal::throttled()),
            _ => self.act(asked, &mut effect),
        };
        effect.outcome = answer.as_ref().map_or_else(|refusal| refusal.code().to_owned(), |_| "OK".to_owned());
        turn.done(effect);
        let letter = asked.letter(standing);
        let response = match &answer {
            Ok(reply) => letter.reply(reply),
            Err(refusal) => letter.refuse(refusal),
        };
        match turn.after().await {
            Ok(()) => Some(response),
            Err(interruption) => asked.interrupted(interruption, Some(response)).await,
        }
    }

    /// Counts a request against its limit, if there is one.
    fn meter(&self, plane: Plane) -> Option<Standing> {
        let settings = locked(&self.inner.organization).settings.clone();
        let mut meters = locked(&self.inner.meters);
        let (limit, meter) = match plane {
            Plane::Cloud => (settings.rate_limit, &mut meters.cloud),
            _ => (settings.data_plane_rate_limit, &mut meters.data_planes),
        };
        limit.map(|limit| meter.take(&limit, self.inner.desk.clock.now()))
    }

    fn act(&self, asked: &Asked, effect: &mut Effect) -> Answer {
        let Asked { request, operation, .. } = asked;
        let now = self.inner.desk.clock.now();
        let mut organization = locked(&self.inner.organization);
        let signer = Signer::of(&request.headers, operation, &mut organization, now)?;
        effect.signer = Some(signer.key.clone());
        let organization = &mut *organization;
        let action = operation.action();
        let mut call = Call { request, action, organization, signer: &signer, now, effect };
        answer(&mut call, operation)
    }
}

fn answer(call: &mut Call<'_>, operation: &Operation) -> Answer {
    match operation {
        Operation::CreateApiKey => keys::create(call),
        Operation::ListApiKeys => keys::list(call),
        Operation::ReadApiKey(id) => keys::read(call, id),
        Operation::UpdateApiKey(id) => keys::update(call, id),
        Operation::DeleteApiKey(id) => keys::delete(call, id),
        Operation::ListClusters(kind) => lookups::clusters(call, *kind),
        Operation::ReadCluster(kind, id) => lookups::cluster(call, *kind, id),
        Operation::ListFlinkRegions => lookups::flink_regions(call),
        Operation::ListEnvironments => lookups::environments(call),
        Operation::ReadEnvironment(id) => lookups::environment(call, id),
        Operation::ListOrganizations => lookups::organizations(call),
        Operation::ReadOrganization(id) => lookups::organization(call, id),
        Operation::ListServiceAccounts => lookups::principals(call, false),
        Operation::ReadServiceAccount(id) => lookups::principal(call, id, false),
        Operation::ListUsers => lookups::principals(call, true),
        Operation::ReadUser(id) => lookups::principal(call, id, true),
        Operation::ListAppliedQuotas => lookups::quotas(call),
        Operation::ListTableflowRegions => lookups::tableflow_regions(call),
        Operation::ListKafkaTopics(endpoint, cluster) => planes::topics(call, endpoint, cluster),
        Operation::ListSubjects(_) => planes::subjects(call),
        Operation::ListFlinkStatements(_, organization, _) => planes::statements(call, organization),
        Operation::Unknown(_) => Err(Refusal::not_found()),
    }
}

impl Asked {
    fn letter(&self, standing: Option<Standing>) -> Letter<'_> {
        Letter { plane: self.operation.plane(), request_id: &self.id, path: &self.request.path, standing }
    }

    async fn interrupted(&self, interruption: Interruption, response: Option<Response>) -> Option<Response> {
        let refusal = match interruption {
            Interruption::Dropped => return None,
            // An answer without a body cannot end in its middle.
            Interruption::Cut => match response {
                Some(response) if response.status() != StatusCode::NO_CONTENT => return Some(cut(response).await),
                _ => return None,
            },
            Interruption::Throttled => Refusal::throttled(),
            Interruption::Error(error) => Refusal::new(error.status, &error.code, error.message),
        };
        Some(self.letter(None).refuse(&refusal))
    }
}

async fn read(request: axum::extract::Request) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY).await.ok()?;
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Some(Request {
        path: head.uri.path().to_owned(),
        query,
        base: format!("http://{host}"),
        headers: head.headers,
        body,
    })
}
