use jiff::SignedDuration;
use outbound::{Call, HeaderMap, HeaderValue, Method, Url};
use rotation::{Error, ErrorKind};
use serde::Serialize;
use zeroize::Zeroizing;

/// One request: what it is called, where it goes and what it brings.
pub(crate) struct Request {
    /// As messages name it, by the command that everybody knows, such as `vault kv put`.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Without `/v1/`.
    pub(crate) path: String,
    query: Vec<(&'static str, String)>,
    body: Zeroizing<Vec<u8>>,
    limit: SignedDuration,
}

/// The longest that one attempt of a call may take that can be repeated.
const ATTEMPT: SignedDuration = SignedDuration::from_secs(10);
/// The parameter that asks for names, and the capability that it takes.
const LIST: &str = "list";

impl Request {
    /// A request without a body.
    pub(crate) fn new(operation: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self { operation, method, path: path.into(), query: Vec::new(), body: Zeroizing::default(), limit: ATTEMPT }
    }

    /// The same about one version of what stands at the path.
    pub(crate) fn version(self, version: u64) -> Self {
        self.with("version", version.to_string())
    }

    /// The names below the path instead of what stands at it.
    pub(crate) fn names(self) -> Self {
        self.with(LIST, "true")
    }

    /// The same, with this parameter.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same, with another limit.
    pub(crate) fn limit(self, limit: SignedDuration) -> Self {
        Self { limit, ..self }
    }

    /// The same, with this as its body.
    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map(Zeroizing::new);
        let body = body.map_err(|_| {
            Error::new(ErrorKind::Unexpected, self.operation, "the request could not be written [KR-VAULT-116]")
        })?;
        Ok(Self { body, ..self })
    }

    /// The same, with a body that is JSON already.
    pub(crate) fn body(self, body: Zeroizing<Vec<u8>>) -> Self {
        Self { body, ..self }
    }

    /// What a policy must allow on the path (Vault's documentation, "Policies", capabilities).
    pub(crate) fn capability(&self) -> &'static str {
        match self.method.as_str() {
            "GET" if self.query.iter().any(|(name, _)| *name == LIST) => LIST,
            "GET" => "read",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "create and update",
        }
    }

    /// The call as the shared client names and limits it.
    pub(crate) fn call(&self) -> Call {
        Call { operation: self.operation, service: "Vault", setting: "keyrotation:vault.address", limit: self.limit }
    }

    /// The URL at this server.
    pub(crate) fn url(&self, address: &Url) -> Result<Url, Error> {
        let mut url = address.clone();
        let wrong =
            || Error::new(ErrorKind::Invalid, self.operation, "keyrotation:vault.address is not a URL [KR-VAULT-117]");
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push("v1").extend(self.path.split('/'));
        for (name, value) in &self.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url)
    }

    /// What it brings.
    pub(crate) fn content(&self) -> Zeroizing<Vec<u8>> {
        self.body.clone()
    }

    /// The headers, apart from those that a token and a namespace add.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let kind = if self.method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        headers.insert("content-type", HeaderValue::from_static(kind));
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped_part_by_part_below_the_servers_own() {
        let request = Request::new("vault kv get", Method::GET, "team kv/data/a?b/ü").version(3);
        let url = |address: &str| request.url(&Url::parse(address).unwrap()).unwrap().to_string();
        assert_eq!(url("http://host:1"), "http://host:1/v1/team%20kv/data/a%3Fb/%C3%BC?version=3");
        assert_eq!(url("http://host:1/vault/"), "http://host:1/vault/v1/team%20kv/data/a%3Fb/%C3%BC?version=3");
    }

    #[test]
    fn names_are_asked_for_by_a_capability_of_their_own() {
        let request = Request::new("vault list", Method::GET, "auth/approle/role/ci/secret-id");
        assert_eq!(request.capability(), "read");
        let request = request.names();
        let url = request.url(&Url::parse("http://host:1").unwrap()).unwrap();
        assert_eq!(url.as_str(), "http://host:1/v1/auth/approle/role/ci/secret-id?list=true");
        assert_eq!(request.capability(), "list");
    }
}
