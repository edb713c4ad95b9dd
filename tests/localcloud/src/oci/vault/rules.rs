//! What calls about secrets do alike.

use super::secret::Secret;
use super::vaults::{Kept, Vaults};
use crate::oci::call::Call;
use crate::oci::error::Refusal;

/// Checks that the signer may make the call, and gives the OCID of the secret that it is about.
pub(super) fn about(call: &mut Call<'_>) -> Result<String, Refusal> {
    call.signer.permit(call.action, None)?;
    let id = call.part(1).to_owned();
    let kept = found(call, &id)?;
    call.effect.principal = Some(kept.name.clone());
    Ok(id)
}

pub(super) fn found<'a>(call: &'a Call<'_>, id: &str) -> Result<&'a Kept, Refusal> {
    call.tenancy.vaults.find((id, &call.region.name), call.now)
}

/// The number of the version that the path names.
pub(super) fn number(call: &Call<'_>) -> Result<u64, Refusal> {
    call.part(3).parse().map_err(|_| Refusal::invalid("secretVersionNumber must be a number."))
}

/// Changes a secret that is in this state, if its etag is the one that the call wants.
pub(super) fn change(
    call: &mut Call<'_>,
    id: &str,
    (state, doing): (&str, &'static str),
    change: impl FnOnce(&mut Kept, &mut Secret) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let (now, settle) = (call.now, call.tenancy.lags.secret_settle);
    let mut secret = found(call, id)?.latest(now);
    call.check_match(&secret.etag)?;
    found(call, id)?.must_be(state, now, settle)?;
    let (etag, region) = (call.tenancy.etag(), call.region.name.clone());
    let kept = call.tenancy.vaults.find_mut((id, &region), now)?;
    change(kept, &mut secret)?;
    kept.write(now, (doing, etag), secret);
    Ok(())
}

/// The vault and the key of the region that is asked.
pub(super) fn vault(call: &Call<'_>) -> (String, String) {
    Vaults::vault(&call.tenancy.id, call.region)
}
