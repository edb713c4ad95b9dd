//! Whose key a request carries, and whether it opens what is asked for.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use super::error::Refusal;
use super::key::ApiKey;
use super::kind::Kind;
use super::organization::{Organization, Principal};
use super::route::Operation;

/// The owner of a key that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) key: String,
    pub(super) owner: String,
}

impl Signer {
    /// Checks the form of the header, the key, its secret, its kind and its age, in this order.
    pub(super) fn of(
        headers: &HeaderMap,
        operation: &Operation,
        organization: &mut Organization,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (id, secret) = basic(headers).ok_or_else(Refusal::unauthenticated)?;
        let Organization { keys, settings, .. } = organization;
        let key = keys.iter_mut().find(|key| key.id == id && key.secret == secret);
        let key = key.filter(|key| opens(key, operation)).ok_or_else(Refusal::unauthenticated)?;
        if !key.admit(now, settings) {
            let unsynced = key.exists() && key.kind == Kind::Kafka;
            return Err(if unsynced { Refusal::unsynced() } else { Refusal::unauthenticated() });
        }
        Ok(Self { key: id, owner: key.owner.clone() })
    }

    /// # Errors
    /// `forbidden_access` if the owner is gone or is denied this action.
    pub(super) fn permitted<'a>(&self, action: &str, organization: &'a Organization) -> Result<&'a Principal, Refusal> {
        let owner = organization.principal(&self.owner).map_err(|_| Refusal::forbidden())?;
        let denied = owner.deny.iter().any(|denied| denied == action);
        if denied { Err(Refusal::forbidden()) } else { Ok(owner) }
    }
}

/// Whether a key of its kind opens what is asked for. A key of the wrong kind is as good as none.
fn opens(key: &ApiKey, operation: &Operation) -> bool {
    let is_for = |id: &str| key.resource.id == id;
    match operation {
        Operation::CreateApiKey
        | Operation::ListApiKeys
        | Operation::ReadApiKey(_)
        | Operation::UpdateApiKey(_)
        | Operation::DeleteApiKey(_) => key.kind == Kind::Cloud,
        Operation::ListTableflowRegions => matches!(key.kind, Kind::Tableflow | Kind::Cloud),
        Operation::ListKafkaTopics(endpoint, _) => key.kind == Kind::Kafka && is_for(endpoint),
        Operation::ListSubjects(endpoint) => key.kind == Kind::SchemaRegistry && is_for(endpoint),
        Operation::ListFlinkStatements(endpoint, _, environment) => {
            let here = is_for(endpoint) && key.resource.environment.as_ref() == Some(environment);
            key.kind == Kind::Global || (key.kind == Kind::Flink && here)
        }
        _ => matches!(key.kind, Kind::Cloud | Kind::Global),
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
