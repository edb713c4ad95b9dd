//! STS, API version 2011-06-15: who am I, and sessions of roles.

use super::account::Session;
use super::call::{Call, date};
use super::error::Refusal;
use super::limits::{Check, POLICY_ARN, ROLE_ARN, SESSION_NAME, WEB_TOKEN};
use super::query::Answer;
use super::xml::Element;

/// The actions that are known.
pub(super) const ACTIONS: [&str; 3] = ["GetCallerIdentity", "AssumeRole", WEB_IDENTITY];

const WEB_IDENTITY: &str = "AssumeRoleWithWebIdentity";

/// Whether an action takes no signature, because the token in it shows who calls.
pub(super) fn is_unsigned(action: &str) -> bool {
    action == WEB_IDENTITY
}

/// How long a session lasts: at least, at most, and unless stated. In seconds.
const DURATION: (usize, usize, usize) = (900, 43_200, 3_600);

/// Does what a call asks; nothing, for an action that is not in [`ACTIONS`].
pub(super) fn answer(call: &mut Call<'_>) -> Option<Answer> {
    Some(match call.action {
        "GetCallerIdentity" => Ok(identity(call)),
        "AssumeRole" => assume_role(call),
        WEB_IDENTITY => assume_role_with_web_identity(call),
        _ => return None,
    })
}

/// Needs no permission (STS API Reference).
fn identity(call: &mut Call<'_>) -> Vec<Element> {
    call.effect.principal = call.signer.user.clone();
    vec![
        Element::text("Arn", &call.signer.arn),
        Element::text("UserId", &call.signer.user_id),
        Element::text("Account", &call.account.id),
    ]
}

/// Any well-formed role ARN can be assumed: roles and their trust are not imitated.
fn assume_role(call: &mut Call<'_>) -> Answer {
    let (least, most, ordinary) = DURATION;
    let mut check = Check::new(call.params);
    let arn = check.required("RoleArn", &ROLE_ARN);
    let name = check.required("RoleSessionName", &SESSION_NAME);
    let seconds = check.number("DurationSeconds", (least, most), ordinary);
    check.finish()?;
    let role = role_of(&arn)?;
    call.signer.permit("sts:AssumeRole", &arn)?;
    let chained = call.signer.user.is_none();
    if chained && seconds > ordinary {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(Refusal::invalid(message));
    }
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let (id, session) = call.account.open_session(role, &name, call.now, seconds);
    let elements = described(&id, &session);
    call.about_key(&id);
    Ok(elements)
}

/// A session of a role that trusts the token's provider and subject.
fn assume_role_with_web_identity(call: &mut Call<'_>) -> Answer {
    let (least, most, ordinary) = DURATION;
    let mut check = Check::new(call.params);
    let arn = check.required("RoleArn", &ROLE_ARN);
    let name = check.required("RoleSessionName", &SESSION_NAME);
    let token = check.required("WebIdentityToken", &WEB_TOKEN);
    let seconds = check.number("DurationSeconds", (least, most), ordinary);
    let policies = call.params.members("PolicyArns");
    let policies: Vec<String> =
        policies.iter().map(|member| check.required(&format!("{member}.arn"), &POLICY_ARN)).collect();
    if policies.len() > POLICIES {
        check.complain("…", "policyArns", "Member must have length less than or equal to 10");
    }
    check.finish()?;
    let role = role_of(&arn)?;
    let claims = call.account.federation.admit(&token, (role, seconds), call.now)?;
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let (id, mut session) = call.account.open_session(role, &name, call.now, seconds);
    if !policies.is_empty() && !policies.iter().any(|arn| arn.ends_with("FullAccess")) {
        session.deny = ["Create*", "Delete*", "Update*", "Tag*", "Untag*"].map(|what| format!("iam:{what}")).to_vec();
        call.account.sessions.insert(id.clone(), session.clone());
    }
    let mut elements = described(&id, &session);
    elements.extend([
        Element::text("SubjectFromWebIdentityToken", &claims.sub),
        Element::text("Audience", &claims.aud),
        Element::text("Provider", &claims.iss),
    ]);
    call.about_key(&id);
    Ok(elements)
}

/// The policies that a session takes at most.
const POLICIES: usize = 10;

fn described(id: &str, session: &Session) -> Vec<Element> {
    let credentials = vec![
        Element::text("AccessKeyId", id),
        Element::text("SecretAccessKey", &session.secret),
        Element::text("SessionToken", &session.token),
        date("Expiration", session.expires),
    ];
    let role = vec![Element::text("AssumedRoleId", &session.user_id), Element::text("Arn", &session.arn)];
    vec![Element::of("Credentials", credentials), Element::of("AssumedRoleUser", role)]
}

/// The role's name, without its path.
fn role_of(arn: &str) -> Result<&str, Refusal> {
    let malformed = || Refusal::invalid(format!("{arn} is invalid"));
    let parts: Vec<&str> = arn.split(':').collect();
    let &["arn", "aws", "iam", "", _, resource] = parts.as_slice() else {
        return Err(malformed());
    };
    let role = resource.strip_prefix("role/").ok_or_else(malformed)?;
    let name = role.rsplit('/').next().filter(|name| !name.is_empty());
    name.ok_or_else(malformed)
}
