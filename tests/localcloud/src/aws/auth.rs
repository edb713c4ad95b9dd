//! Who signed a request, and whether they may do what they ask.

use jiff::Timestamp;

use super::account::Account;
use super::error::Refusal;
use super::query::Service;
use super::sigv4::{Claim, Request};

/// The owner of a signature that was found right.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) access_key_id: String,
    pub(super) arn: String,
    pub(super) user_id: String,
    /// The user's name; a session of a role has none.
    pub(super) user: Option<String>,
    deny: Vec<String>,
}

impl Signer {
    /// Checks form, age, scope, key and signature, in this order, and records the use of the key.
    /// The age counts at `arrived`, everything else at `now`.
    pub(super) fn of(
        request: &Request,
        service: &Service,
        account: &mut Account,
        (arrived, now): (Timestamp, Timestamp),
    ) -> Result<Self, Refusal> {
        let claim = Claim::read(request)?;
        claim.check_age(arrived)?;
        claim.check_scope(service.name, service.region)?;
        if claim.session_token.is_some() {
            return session(&claim, request, account, now);
        }
        let lags = account.lags;
        let key = account.key_mut(&claim.access_key_id).ok_or_else(Refusal::invalid_token)?;
        if !key.admit(now, &lags) {
            return Err(Refusal::invalid_token());
        }
        claim.verify(request, &key.secret)?;
        key.used(now, &claim.service, &claim.region);
        user(&claim.access_key_id, account)
    }

    /// Of a call that no signature is asked for.
    pub(super) fn nobody() -> Self {
        let text = String::new;
        Self { access_key_id: text(), arn: text(), user_id: text(), user: None, deny: Vec::new() }
    }

    /// # Errors
    /// `AccessDenied` if the signer lacks `action` (`iam:TagUser`).
    pub(super) fn permit(&self, action: &str, resource: &str) -> Result<(), Refusal> {
        let covers = |denied: &String| match denied.strip_suffix('*') {
            Some(prefix) => action.starts_with(prefix),
            None => denied == action,
        };
        if self.deny.iter().any(covers) {
            return Err(Refusal::denied(&self.arn, action, resource));
        }
        Ok(())
    }
}

fn user(access_key_id: &str, account: &Account) -> Result<Signer, Refusal> {
    let (user, _) = account.key(access_key_id).ok_or_else(Refusal::invalid_token)?;
    Ok(Signer {
        access_key_id: access_key_id.to_owned(),
        arn: user.arn(&account.id),
        user_id: user.id.clone(),
        user: Some(user.name.clone()),
        deny: user.deny.clone(),
    })
}

fn session(claim: &Claim, request: &Request, account: &Account, now: Timestamp) -> Result<Signer, Refusal> {
    let known = account.sessions.get(&claim.access_key_id);
    let session = known
        .filter(|session| claim.session_token.as_deref() == Some(&session.token))
        .ok_or_else(Refusal::invalid_token)?;
    if now >= session.expires {
        return Err(Refusal::expired_token());
    }
    claim.verify(request, &session.secret)?;
    Ok(Signer {
        access_key_id: claim.access_key_id.clone(),
        arn: session.arn.clone(),
        user_id: session.user_id.clone(),
        user: None,
        deny: session.deny.clone(),
    })
}
