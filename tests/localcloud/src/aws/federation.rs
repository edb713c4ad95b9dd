//! An OpenID Connect provider that the account trusts, and the roles that its tokens may assume.
//!
//! Follows the STS API Reference (AssumeRoleWithWebIdentity) and the IAM User Guide ("Create an OpenID Connect identity provider in IAM",
//! "Available keys for AWS OIDC federation").

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::Refusal;

/// What a token says. Anything may be claimed; what the account makes of it is another matter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenClaims {
    /// The issuer; [`ISSUER`] is the one that the account knows.
    pub iss: String,
    /// Whom the token is for.
    pub aud: String,
    /// Who it is about, such as `repo:acme/keys:ref:refs/heads/main`.
    pub sub: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// Which tokens a role takes, and for how long.
#[derive(Clone, Debug, Deserialize)]
pub struct RoleTrust {
    /// The condition on `sub` (`StringLike`; a `*` at the end stands for anything).
    pub subject: String,
    /// The role's MaxSessionDuration, in seconds.
    pub longest: usize,
}

/// The issuer of the account's identity provider.
pub const ISSUER: &str = "https://token.actions.example";
/// The audience that the identity provider in IAM lists.
pub const AUDIENCE: &str = "sts.amazonaws.com";

/// The identity provider and the trust of roles.
pub(super) struct Federation {
    pair: Option<EcdsaKeyPair>,
    roles: BTreeMap<String, RoleTrust>,
    /// Every token that was made, for the search for leaks.
    pub(super) issued: Vec<String>,
}

impl Federation {
    pub(super) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok();
        Self { pair, roles: BTreeMap::new(), issued: Vec::new() }
    }

    pub(super) fn forget_roles(&mut self) {
        self.roles.clear();
    }

    pub(super) fn trust(&mut self, role: &str, trust: RoleTrust) {
        self.roles.insert(role.to_owned(), trust);
    }

    /// A token with these claims, signed by the issuer's key.
    pub(super) fn token(&mut self, claims: &TokenClaims) -> Option<String> {
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(json!({"alg": "ES256", "typ": "JWT", "kid": "1"})), part(json!(claims)));
        let signature = self.pair.as_ref()?.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        let token = format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()));
        self.issued.push(token.clone());
        Some(token)
    }

    /// Checks a token as STS does, for a session of a role that lasts so many seconds.
    pub(super) fn admit(
        &self,
        token: &str,
        (role, seconds): (&str, usize),
        now: Timestamp,
    ) -> Result<TokenClaims, Refusal> {
        let claims = self.read(token)?;
        if claims.iss != ISSUER {
            let message = format!("No OpenIDConnect provider found in your account for {}", claims.iss);
            return Err(Refusal::new(400, "InvalidIdentityToken", message));
        }
        if claims.aud != AUDIENCE {
            return Err(Refusal::new(400, "InvalidIdentityToken", "Incorrect token audience"));
        }
        if now.as_second() >= claims.exp {
            let message = format!(
                "Token expired: current date/time {} must be before the expiration date/time {}",
                now.as_second(),
                claims.exp
            );
            return Err(Refusal::new(400, "ExpiredTokenException", message));
        }
        let trust = self.roles.get(role).filter(|trust| is_like(&trust.subject, &claims.sub));
        let denied = || Refusal::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        if seconds > trust.ok_or_else(denied)?.longest {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(Refusal::invalid(message));
        }
        Ok(claims)
    }

    fn read(&self, token: &str) -> Result<TokenClaims, Refusal> {
        let no_token = || {
            Refusal::new(
                400,
                "InvalidIdentityToken",
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            )
        };
        let (text, signature) = token.rsplit_once('.').ok_or_else(no_token)?;
        let (_, claims) = text.split_once('.').ok_or_else(no_token)?;
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| no_token());
        let claims = serde_json::from_slice(&decoded(claims)?).map_err(|_| no_token())?;
        let signature = decoded(signature)?;
        let public = self.pair.as_ref().map(|pair| pair.public_key().as_ref().to_vec()).unwrap_or_default();
        let algorithm: &'static dyn VerificationAlgorithm = &ECDSA_P256_SHA256_FIXED;
        let verified = UnparsedPublicKey::new(algorithm, public).verify(text.as_bytes(), &signature);
        verified.map_err(|_| {
            let message = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
            Refusal::new(400, "InvalidIdentityToken", message)
        })?;
        Ok(claims)
    }
}

fn is_like(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}
