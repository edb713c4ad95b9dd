//! ListSecrets, GetSecret, ListSecretVersions, GetSecretVersion; GetSecretBundle, GetSecretBundleByName, ListSecretBundleVersions.

use serde_json::Value;

use super::rules::{about, found, number};
use super::secret::{CURRENT, Secret, Version};
use super::shown;
use super::vaults::Kept;
use crate::oci::call::{Answer, Call, Reply};
use crate::oci::error::Refusal;

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    let compartment = call.query("compartmentId").ok_or_else(|| Refusal::missing("compartmentId"))?;
    let (name, vault, state) = (call.query("name"), call.query("vaultId"), call.query("lifecycleState"));
    let settle = call.tenancy.lags.secret_settle;
    let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| wanted == text);
    let here = call.tenancy.vaults.secrets.values().filter(|kept| kept.region == call.region.name);
    let existing = here.filter(|kept| found(call, &kept.id).is_ok() && kept.compartment == compartment);
    let wanted = existing
        .filter(|kept| is(&name, &kept.name) && is(&vault, &kept.vault) && is(&state, kept.state(call.now, settle)));
    let items: Vec<(String, Value)> =
        wanted.map(|kept| (kept.id.clone(), shown::shown(call, kept, &kept.latest(call.now)))).collect();
    call.page(items)
}

pub(super) fn get(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    Ok(shown::reply(call, found(call, &id)?))
}

pub(super) fn list_versions(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    let kept = found(call, &id)?;
    let versions = kept.latest(call.now).versions;
    let items =
        versions.iter().map(|version| (format!("{:08}", version.number), shown::version(kept, version))).collect();
    call.page(items)
}

pub(super) fn get_version(call: &mut Call<'_>) -> Answer {
    let (id, number) = (about(call)?, number(call)?);
    let kept = found(call, &id)?;
    kept.latest(call.now).version(number).map(|version| Reply::of(shown::version(kept, version)))
}

pub(super) fn bundle(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    read(call, found(call, &id)?)
}

pub(super) fn bundle_by_name(call: &mut Call<'_>) -> Answer {
    call.signer.permit(call.action, None)?;
    let name = call.query("secretName").ok_or_else(|| Refusal::missing("secretName"))?;
    let vault = call.query("vaultId").ok_or_else(|| Refusal::missing("vaultId"))?;
    call.effect.principal = Some(name.clone());
    let kept = call.tenancy.vaults.named((&vault, &name), call.now);
    let kept = kept.filter(|kept| kept.region == call.region.name);
    read(call, kept.ok_or_else(|| Refusal::not_found("there is no such secret"))?)
}

pub(super) fn bundle_versions(call: &mut Call<'_>) -> Answer {
    let id = about(call)?;
    let kept = found(call, &id)?;
    let secret = readable(call, kept)?;
    let items = secret.versions.iter();
    call.page(items.map(|version| (format!("{:08}", version.number), shown::bundle_version(kept, version))).collect())
}

/// Readers are behind. Of a secret or a version that is about to be deleted nothing can be read.
fn read(call: &Call<'_>, kept: &Kept) -> Answer {
    let secret = readable(call, kept)?;
    let stage = call.query("stage").unwrap_or_else(|| CURRENT.to_owned());
    let is_wanted = |version: &&Version| match (call.query("versionNumber"), call.query("secretVersionName")) {
        (Some(number), _) => version.number.to_string() == number,
        (None, Some(name)) => version.name.as_ref() == Some(&name),
        (None, None) => version.has(&stage),
    };
    let wanted = secret.versions.iter().find(is_wanted).filter(|version| version.leaves.is_none());
    let version = wanted.ok_or_else(|| Refusal::not_found("the secret has no such version"))?;
    Ok(Reply::of(shown::bundle(kept, version)))
}

fn readable(call: &Call<'_>, kept: &Kept) -> Result<Secret, Refusal> {
    if kept.leaves.is_some() {
        return Err(Refusal::not_found("the secret is scheduled for deletion"));
    }
    Ok(kept.seen(call.now, call.tenancy.lags.secret_lag))
}
