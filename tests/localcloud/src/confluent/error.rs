//! Confluent's ways to say no: statuses, codes and, where they are known, words.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// An error as the API would give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong; at least one thing, and several at once only with 422.
    pub complaints: Vec<Complaint>,
    /// Answered by the web server in front of Kafka, as a page of HTML.
    pub(super) bare: bool,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The API's error code, `api_key_not_found` for example.
    pub code: String,
    /// The API's words.
    pub detail: String,
    /// The part of the request that it is about.
    pub source: Option<Source>,
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A JSON pointer into the body.
    Pointer(String),
    /// A parameter of the query.
    Parameter(String),
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        let complaint = Complaint { code: code.to_owned(), detail: detail.into(), source: None };
        Self { status, complaints: vec![complaint], bare: false }
    }

    /// The code of the first complaint.
    pub fn code(&self) -> &str {
        self.complaints.first().map_or("", |complaint| &complaint.code)
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "user_unauthenticated", "Unauthorized")
    }

    /// What Kafka's brokers say of a key that they have not heard of yet.
    pub(super) fn unsynced() -> Self {
        Self { bare: true, ..Self::new(401, "unsynced", "Unauthorized") }
    }

    pub(super) fn forbidden() -> Self {
        Self::new(403, "forbidden_access", "Forbidden Access")
    }

    pub(super) fn bad_account() -> Self {
        Self::new(403, "forbidden_access", "service account is not valid")
    }

    /// The operation names no 404 for what a key is to be for.
    pub(super) fn bad_resource() -> Self {
        Self::new(403, "forbidden_access", "resource is not valid")
    }

    pub(super) fn no_key(id: &str) -> Self {
        Self::new(404, "api_key_not_found", format!("The API Key (id={id}) does not exist"))
    }

    pub(super) fn no_account(id: &str) -> Self {
        Self::new(404, "service_account_not_found", format!("The service account (id={id}) does not exist"))
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "resource_not_found", "Resource Not Found")
    }

    pub(super) fn exists(name: &str) -> Self {
        Self::new(409, "resource_already_exists", format!("A service account with the name {name} already exists"))
    }

    pub(super) fn quota(what: &str, limit: usize) -> Self {
        Self::new(402, "quota_exceeded", format!("The number of {what} is at its limit of {limit}"))
    }

    /// The form in which some quota errors come, according to the list of known issues.
    pub(super) fn quota_as_bad_request(what: &str, limit: usize) -> Self {
        Self::new(400, "bad_request", format!("The number of {what} is currently limited to {limit}"))
    }

    pub(super) fn throttled() -> Self {
        Self::new(429, "rate_limit_exceeded", "Too Many Requests")
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(400, "bad_request", detail)
    }

    pub(super) fn bad_parameter(name: &str, detail: impl Into<String>) -> Self {
        let source = Some(Source::Parameter(name.to_owned()));
        let complaint = Complaint { code: "invalid_filter".to_owned(), detail: detail.into(), source };
        Self { status: 400, complaints: vec![complaint], bare: false }
    }

    /// Everything that is wrong with a body, in one answer.
    pub(super) fn invalid(broken: Vec<(&'static str, String)>) -> Self {
        let complaint = |(pointer, detail): (&str, String)| Complaint {
            code: "invalid_configuration".to_owned(),
            detail,
            source: Some(Source::Pointer(pointer.to_owned())),
        };
        Self { status: 422, complaints: broken.into_iter().map(complaint).collect(), bare: false }
    }

    /// The body of the cloud's own APIs.
    pub(super) fn errors(&self, request_id: &str) -> Value {
        let error = |complaint: &Complaint| {
            json!({
                "id": request_id,
                "status": self.status.to_string(),
                "code": complaint.code,
                "title": title(self.status),
                "detail": complaint.detail,
                "source": complaint.source.as_ref().map_or_else(|| json!({}), |source| json!(source)),
            })
        };
        json!({ "errors": self.complaints.iter().map(error).collect::<Vec<_>>() })
    }

    /// All complaints in one text.
    pub(super) fn message(&self) -> String {
        let details: Vec<&str> = self.complaints.iter().map(|complaint| complaint.detail.as_str()).collect();
        details.join("; ")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl std::error::Error for Refusal {}

pub(super) fn title(status: u16) -> &'static str {
    axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}
