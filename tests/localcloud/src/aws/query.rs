//! The AWS query protocol: form parameters in, XML out.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::error::Refusal;
use super::sigv4::Request;
use super::xml::Element;

/// A service that speaks the protocol.
#[derive(Debug)]
pub(super) struct Service {
    /// Its name in a signature's scope and in the names of permissions.
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The one region of its signatures, if there is only one.
    pub(super) region: Option<&'static str>,
    pub(super) namespace: &'static str,
}

/// The global endpoint of IAM, signed for us-east-1.
pub(super) static IAM: Service = Service {
    name: "iam",
    version: "2010-05-08",
    region: Some("us-east-1"),
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
};

/// STS, whose endpoints stand in every region.
pub(super) static STS: Service = Service {
    name: "sts",
    version: "2011-06-15",
    region: None,
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
};

/// The parameters of a call, from its query string and its body.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn of(request: &Request) -> Self {
        let query = form_urlencoded::parse(request.query.as_bytes());
        let body = form_urlencoded::parse(&request.body);
        Self(query.into_owned().chain(body.into_owned()).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The items `list.member.1`, `list.member.2`, … up to the first gap; each as the prefix of its fields.
    pub(super) fn members(&self, list: &str) -> Vec<String> {
        (1..)
            .map(|index| format!("{list}.member.{index}"))
            .take_while(|prefix| self.0.iter().any(|(name, _)| within(name, prefix)))
            .collect()
    }
}

/// What a call gives back: the elements of its result, or a refusal.
pub(super) type Answer = Result<Vec<Element>, Refusal>;

/// Writes an answer as the service would.
pub(super) fn respond(service: &Service, action: &str, answer: &Answer, request_id: &str) -> Response {
    match answer {
        Ok(result) => success(service, action, result, request_id),
        Err(refusal) => failure(service, refusal, request_id),
    }
}

fn success(service: &Service, action: &str, result: &[Element], request_id: &str) -> Response {
    let id = Element::text("RequestId", request_id);
    let metadata = Element::of("ResponseMetadata", vec![id]).render();
    let inside: String = result.iter().map(Element::render).collect();
    let result = match inside.as_str() {
        "" => String::new(),
        _ => format!("<{action}Result>{inside}</{action}Result>"),
    };
    let namespace = service.namespace;
    let body = format!("<{action}Response xmlns=\"{namespace}\">{result}{metadata}</{action}Response>");
    xml(StatusCode::OK, body, request_id)
}

fn failure(service: &Service, refusal: &Refusal, request_id: &str) -> Response {
    let error = Element::of(
        "Error",
        vec![
            Element::text("Type", refusal.blame()),
            Element::text("Code", &refusal.code),
            Element::text("Message", &refusal.message),
        ],
    );
    let id = Element::text("RequestId", request_id);
    let body = Element::of("ErrorResponse", vec![error, id]).in_namespace(service.namespace);
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    xml(status, body.render(), request_id)
}

fn xml(status: StatusCode, body: String, request_id: &str) -> Response {
    let headers = [(CONTENT_TYPE.as_str(), "text/xml"), ("x-amzn-requestid", request_id)];
    (status, headers, body).into_response()
}

/// Whether a parameter is the item itself or one of its fields.
fn within(name: &str, item: &str) -> bool {
    name.strip_prefix(item).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
