//! Create, List, Update and Delete of AuthToken, CustomerSecretKey and SmtpCredential.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::oci::call::{Answer, Call, Reply, date};
use crate::oci::error::Refusal;
use crate::oci::key::Life;
use crate::oci::limits;
use crate::oci::secret::{Kind, Secret};

/// The body of a create and of an update: which field it may have depends on the kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Named {
    description: Option<String>,
    display_name: Option<String>,
}

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let (user, kind) = about(call)?;
    let name = name(call, kind)?;
    let secret = call.tenancy.add_secret(&user, kind, &name, Life::new(call.now))?;
    call.about_key(&secret.id);
    let mut body = shown(call, &user, &secret);
    if let Some(fields) = body.as_object_mut() {
        fields.insert(kind.secret_field().to_owned(), Value::String(secret.secret.clone()));
    }
    Ok(Reply::of(body).with_etag(&secret.etag).made(&secret.id))
}

/// In order of their ids, so that nobody comes to rely on age.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let (user, kind) = about(call)?;
    let lag = call.lag + call.tenancy.lags.listing_lag;
    let listed = |secret: &&Secret| secret.kind == kind && secret.life.seen(call.now, lag);
    let mut secrets: Vec<&Secret> = call.tenancy.user(&user)?.secrets.iter().filter(listed).collect();
    secrets.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(Reply::of(secrets.into_iter().map(|secret| shown(call, &user, secret)).collect()))
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let (user, kind) = about(call)?;
    let name = name(call, kind)?;
    let id = matched(call, &user, kind)?;
    let etag = call.tenancy.etag();
    let secret = call.tenancy.user_mut(&user)?.secret_mut(kind, &id)?;
    (secret.name, secret.etag) = (name, etag);
    let secret = secret.clone();
    Ok(Reply::of(shown(call, &user, &secret)).with_etag(&secret.etag))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let (user, kind) = about(call)?;
    let id = matched(call, &user, kind)?;
    call.tenancy.delete_secret(&user, kind, &id, call.now)?;
    Ok(Reply::empty())
}

fn about(call: &mut Call<'_>) -> Result<(String, Kind), Refusal> {
    let user = call.about_user()?;
    let kind = Kind::of_path(call.part(2)).ok_or_else(Refusal::no_such_path)?;
    Ok((user, kind))
}

/// The credential that the path names, if its etag is the one that the call wants.
fn matched(call: &mut Call<'_>, user: &str, kind: Kind) -> Result<String, Refusal> {
    let id = call.part(3).to_owned();
    call.about_key(&id);
    let etag = call.tenancy.user_mut(user)?.secret_mut(kind, &id)?.etag.clone();
    call.check_match(&etag)?;
    Ok(id)
}

fn name(call: &Call<'_>, kind: Kind) -> Result<String, Refusal> {
    let Named { description, display_name } = call.body()?;
    let (wanted, other) = match kind {
        Kind::CustomerSecretKey => (display_name, description),
        Kind::AuthToken | Kind::SmtpCredential => (description, display_name),
    };
    if other.is_some() {
        return Err(Refusal::not_understood("a field that this credential does not have"));
    }
    limits::text(kind.name_field(), wanted)
}

fn shown(call: &Call<'_>, user: &str, secret: &Secret) -> Value {
    let Secret { kind, id, name, life, .. } = secret;
    let mut fields = json!({
        "id": id,
        "userId": user,
        "timeCreated": date(life.created),
        "timeExpires": null,
        "lifecycleState": life.state(call.then(), &call.tenancy.lags),
        "inactiveStatus": null,
    });
    fields[kind.name_field()] = json!(name);
    if *kind == Kind::SmtpCredential {
        fields["username"] = json!(format!("{user}@{}.t1.com", call.tenancy.id));
    }
    fields
}
