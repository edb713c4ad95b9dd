//! Answers and refusals in the shape of the part of the service that gives them.

use axum::http::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::call::Reply;
use super::error::{Refusal, title};
use super::rate::Standing;
use super::route::Plane;

const JSON: &str = "application/json";
const HTML: &str = "text/html;charset=utf-8";
const SCHEMA_REGISTRY: &str = "application/vnd.schemaregistry.v1+json";

/// What an answer is made with.
pub(super) struct Letter<'a> {
    pub(super) plane: Plane,
    pub(super) request_id: &'a str,
    pub(super) path: &'a str,
    /// Where the client stands, if the number of requests is limited.
    pub(super) standing: Option<Standing>,
}

impl Letter<'_> {
    pub(super) fn reply(&self, reply: &Reply) -> Response {
        let mut response = match &reply.body {
            Some(body) => self.json(reply.status, body),
            None => code(reply.status).into_response(),
        };
        if let Some(location) = &reply.location {
            set(&mut response, LOCATION, location);
        }
        self.sign(response)
    }

    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        let status = refusal.status;
        let page = self.plane == Plane::Kafka && (refusal.bare || status == 429);
        let mut response = match self.plane {
            _ if page => return self.sign(self.page(status)),
            Plane::Kafka | Plane::SchemaRegistry => {
                self.json(status, &json!({ "error_code": self.number(status), "message": refusal.message() }))
            }
            Plane::Cloud | Plane::Flink => self.json(status, &refusal.errors(self.request_id)),
        };
        if status == 401 && self.plane == Plane::Cloud {
            let told = "Basic error=\"invalid_key\", error_description=\"The API Key is invalid\"";
            set(&mut response, WWW_AUTHENTICATE, told);
        }
        if status == 429 {
            let standing = self.standing.unwrap_or(Standing::ONCE);
            standing_told(&mut response, standing);
            set(&mut response, RETRY_AFTER, &standing.reset.to_string());
        }
        self.sign(response)
    }

    fn json(&self, status: u16, body: &Value) -> Response {
        let kind = if self.plane == Plane::SchemaRegistry { SCHEMA_REGISTRY } else { JSON };
        (code(status), [(CONTENT_TYPE, kind)], body.to_string()).into_response()
    }

    /// A page of the web server in front of Kafka.
    fn page(&self, status: u16) -> Response {
        let (path, reason) = (self.path, title(status));
        let body = format!(
            "<html><head><title>Error {status} {reason}</title></head>\n\
             <body><h2>HTTP ERROR {status} {reason}</h2>\n\
             <table><tr><th>URI:</th><td>{path}</td></tr><tr><th>STATUS:</th><td>{status}</td></tr></table>\n\
             </body></html>\n"
        );
        (code(status), [(CONTENT_TYPE, HTML)], body).into_response()
    }

    /// The numbers that Kafka and Schema Registry have for an HTTP status.
    fn number(&self, status: u16) -> u32 {
        match (self.plane, status) {
            (Plane::Kafka, 401) => 40101,
            (_, 403) => 40301,
            _ => status.into(),
        }
    }

    fn sign(&self, mut response: Response) -> Response {
        set(&mut response, HeaderName::from_static("x-request-id"), self.request_id);
        if self.plane != Plane::Kafka
            && let Some(standing) = self.standing
        {
            standing_told(&mut response, standing);
        }
        response
    }
}

fn standing_told(response: &mut Response, standing: Standing) {
    set(response, HeaderName::from_static("x-ratelimit-limit"), &standing.limit.to_string());
    set(response, HeaderName::from_static("x-ratelimit-remaining"), &standing.remaining.to_string());
    set(response, HeaderName::from_static("x-ratelimit-reset"), &standing.reset.to_string());
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
