//! One call of an operation: what it has at hand, and what several operations do alike.

use axum::body::Bytes;
use axum::http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::Signer;
use super::error::Refusal;
use super::organization::{Organization, Principal};
use crate::journal::Effect;

/// A request as it arrived.
pub(super) struct Request {
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The stand-in's own address as the client knows it, `http://127.0.0.1:4566`.
    pub(super) base: String,
}

impl Request {
    /// A parameter of the query; an empty one is as good as none.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// What an operation gives back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) location: Option<String>,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), location: None }
    }

    pub(super) fn empty() -> Self {
        Self { status: 204, body: None, location: None }
    }
}

pub(super) type Answer = Result<Reply, Refusal>;

pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) action: &'a str,
    pub(super) organization: &'a mut Organization,
    pub(super) signer: &'a Signer,
    pub(super) now: Timestamp,
    /// For the journal.
    pub(super) effect: &'a mut Effect,
}

impl Call<'_> {
    /// Who calls, if this action is not denied to them.
    pub(super) fn caller(&self) -> Result<&Principal, Refusal> {
        self.signer.permitted(self.action, self.organization)
    }

    /// Notes whose keys the call is about.
    pub(super) fn about_owner(&mut self, owner: &str) {
        self.effect.principal = Some(owner.to_owned());
    }

    pub(super) fn about_key(&mut self, id: &str) {
        self.effect.key = Some(id.to_owned());
    }
}

/// What every object tells of itself.
pub(super) fn metadata(address: &str, crn: &str, (created, updated): (Timestamp, Timestamp)) -> Value {
    json!({ "self": address, "resource_name": crn, "created_at": date(created), "updated_at": date(updated) })
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
