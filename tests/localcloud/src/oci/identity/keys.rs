//! UploadApiKey, ListApiKeys, DeleteApiKey.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::oci::call::{Answer, Call, Reply, date};
use crate::oci::error::Refusal;
use crate::oci::key::{Life, SigningKey};
use crate::oci::public_key::PublicKey;
use crate::oci::tenancy::made_key;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    key: Option<String>,
}

pub(super) fn upload(call: &mut Call<'_>) -> Answer {
    let user = call.about_user()?;
    let new: NewKey = call.body()?;
    let pem = new.key.ok_or_else(|| Refusal::missing("key"))?;
    let public = PublicKey::parse(&pem).map_err(|why| Refusal::invalid(format!("key is not accepted: {why}.")))?;
    call.about_key(&public.fingerprint());
    let fingerprint = call.tenancy.add_key(&user, public, &pem, Life::new(call.now))?;
    let key = call.tenancy.user_mut(&user)?.key_mut(&fingerprint)?.clone();
    Ok(Reply::of(shown(call, &user, &key)).with_etag(&key.etag).made(&made_key(&user, &fingerprint)))
}

/// In order of their fingerprints, so that nobody comes to rely on age: Oracle promises no order.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let user = call.about_user()?;
    let lag = call.lag + call.tenancy.lags.listing_lag;
    let keys = &call.tenancy.user(&user)?.keys;
    let mut keys: Vec<&SigningKey> = keys.iter().filter(|key| key.life.seen(call.now, lag)).collect();
    keys.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
    Ok(Reply::of(keys.into_iter().map(|key| shown(call, &user, key)).collect()))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let user = call.about_user()?;
    let fingerprint = call.part(3).to_owned();
    call.about_key(&fingerprint);
    let etag = call.tenancy.user_mut(&user)?.key_mut(&fingerprint)?.etag.clone();
    call.check_match(&etag)?;
    call.tenancy.delete_key(&user, &fingerprint, call.now)?;
    Ok(Reply::empty())
}

fn shown(call: &Call<'_>, user: &str, key: &SigningKey) -> Value {
    let SigningKey { fingerprint, pem, life, .. } = key;
    json!({
        "keyId": format!("{}/{user}/{fingerprint}", call.tenancy.id),
        "keyValue": pem,
        "fingerprint": fingerprint,
        "userId": user,
        "timeCreated": date(life.created),
        "lifecycleState": life.state(call.then(), &call.tenancy.lags),
        "inactiveStatus": null,
    })
}
