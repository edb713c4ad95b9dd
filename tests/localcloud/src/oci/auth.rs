//! Who signed a request, and whether they may do what they ask.

use jiff::{SignedDuration, Timestamp};

use super::error::Refusal;
use super::limits::USE_API_KEYS;
use super::signature::{Claim, KeyId, Request};
use super::tenancy::{Tenancy, User};

/// What everybody may do with itself, without a policy ("Managing User Credentials").
const OWN: [&str; 16] = [
    "GetUser",
    "UploadApiKey",
    "ListApiKeys",
    "DeleteApiKey",
    "CreateAuthToken",
    "ListAuthTokens",
    "UpdateAuthToken",
    "DeleteAuthToken",
    "CreateCustomerSecretKey",
    "ListCustomerSecretKeys",
    "UpdateCustomerSecretKey",
    "DeleteCustomerSecretKey",
    "CreateSmtpCredential",
    "ListSmtpCredentials",
    "UpdateSmtpCredential",
    "DeleteSmtpCredential",
];

/// The owner of a signature that was found right.
pub(super) struct Signer {
    /// The user's OCID.
    pub(super) user: String,
    /// The fingerprint of the key, or what says that a session signed.
    pub(super) key: String,
    allow: Vec<String>,
    deny: Vec<String>,
}

impl Signer {
    /// Checks form, age, body, key and signature, and whether the key has settled. The age counts
    /// at `arrived`, the key as it was `lag` before `now`.
    ///
    /// # Errors
    /// The same one whatever is wrong.
    pub(super) fn of(
        request: &Request,
        tenancy: &mut Tenancy,
        (arrived, now): (Timestamp, Timestamp),
        lag: SignedDuration,
    ) -> Result<Self, Refusal> {
        let then = now.saturating_sub(lag).unwrap_or(now);
        let signer = Claim::read(request).and_then(|claim| {
            Claim::check_age(request, arrived)?;
            claim.check_body(request)?;
            match &claim.key {
                KeyId::Session(token) => by_session(&claim, request, tenancy, (token, now)),
                KeyId::User { tenancy: named, user, fingerprint } if *named == tenancy.id => {
                    by_key(&claim, request, tenancy, (user, fingerprint, then))
                }
                KeyId::User { .. } => Err("the keyId names another tenancy"),
            }
        });
        signer.map_err(Refusal::not_authenticated)
    }

    /// # Errors
    /// `NotAuthorizedOrNotFound` if the signer may not do this, to itself or to another user.
    pub(super) fn permit(&self, action: &str, user: Option<&str>) -> Result<(), Refusal> {
        let names = |list: &[String]| list.iter().any(|name| name == action || name == "*");
        let own = user == Some(&self.user) && OWN.contains(&action);
        if names(&self.deny) || !(own || names(&self.allow)) {
            return Err(Refusal::not_found("the signer may not do this"));
        }
        Ok(())
    }
}

fn by_key(
    claim: &Claim,
    request: &Request,
    tenancy: &mut Tenancy,
    (user, fingerprint, then): (&str, &str, Timestamp),
) -> Result<Signer, &'static str> {
    let lags = tenancy.lags;
    let user = tenancy.users.get_mut(user).ok_or("the keyId names no user that there is")?;
    if !user.can(USE_API_KEYS) {
        return Err("the user lacks the capability canUseApiKeys");
    }
    let known = user.keys.iter_mut().rev().find(|key| key.fingerprint == fingerprint && !key.is_gone(then, &lags));
    let key = known.ok_or("the user has no key with this fingerprint")?;
    claim.verify(request, &key.public)?;
    key.admit(then, &lags)?;
    Ok(signer(user, fingerprint))
}

fn by_session(
    claim: &Claim,
    request: &Request,
    tenancy: &Tenancy,
    (token, now): (&str, Timestamp),
) -> Result<Signer, &'static str> {
    let session = tenancy.sessions.get(token).ok_or("the session is not known")?;
    if now >= session.expires {
        return Err("the session has expired");
    }
    claim.verify(request, &session.public)?;
    if session.is_principal {
        return by_principal(claim, request, tenancy, &session.user);
    }
    let user = tenancy.users.get(&session.user).ok_or("the session's user is not there")?;
    Ok(signer(user, "session"))
}

/// An instance, a resource or a pod; an instance may act on behalf of a user, whose token it then signs too.
fn by_principal(claim: &Claim, request: &Request, tenancy: &Tenancy, id: &str) -> Result<Signer, &'static str> {
    let Some(token) = request.header(DELEGATION) else {
        let allow = tenancy.principals.allow.clone();
        return Ok(Signer { user: id.to_owned(), key: "principal".to_owned(), allow, deny: Vec::new() });
    };
    if !claim.covers(DELEGATION) {
        return Err("the delegation token is not signed");
    }
    let user = tenancy.principals.delegations.get(token).ok_or("the delegation token is not known")?;
    Ok(signer(tenancy.users.get(user).ok_or("the user of the delegation token is not there")?, "delegation"))
}

const DELEGATION: &str = "opc-obo-token";

fn signer(user: &User, key: &str) -> Signer {
    Signer { user: user.id.clone(), key: key.to_owned(), allow: user.allow.clone(), deny: user.deny.clone() }
}
