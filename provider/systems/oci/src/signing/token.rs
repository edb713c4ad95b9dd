//! What a security token of OCI says about itself. OCI checks its signature; the plugin only looks when it ends and where it works.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

/// A token that was read. It is a secret, so it has no `Debug`.
pub(super) struct Token {
    text: Zeroizing<String>,
    claims: Value,
}

impl Token {
    /// One that is no JSON Web Token says nothing.
    pub(super) fn read(text: &str) -> Self {
        let claims =
            text.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        let claims = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default();
        Self { text: Zeroizing::new(text.to_owned()), claims }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// When it ends, if it says so.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.claims["exp"].as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok())
    }

    pub(super) fn lasts_until(&self, then: Timestamp) -> bool {
        self.end().is_none_or(|end| then < end)
    }

    /// The tenancy of the resource or of the user that it stands for.
    pub(super) fn tenancy(&self) -> Option<String> {
        let claim = ["res_tenant", "tenant"].into_iter().find_map(|name| self.claims[name].as_str());
        claim.map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_ends_and_where_it_works() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":1772366400,"res_tenant":"ocid1.tenancy.oc1..a"}"#);
        let token = Token::read(&format!("e30.{claims}.x"));
        assert_eq!(token.end().unwrap().to_string(), "2026-03-01T12:00:00Z");
        assert_eq!(token.tenancy().as_deref(), Some("ocid1.tenancy.oc1..a"));
        assert!(!token.lasts_until("2026-03-01T12:00:00Z".parse().unwrap()));
        for nothing in ["", "a.b.c", "a", "a.e30.c"] {
            assert!(Token::read(nothing).end().is_none() && Token::read(nothing).tenancy().is_none(), "{nothing}");
        }
    }
}
