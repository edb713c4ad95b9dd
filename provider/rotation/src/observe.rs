use crate::{Clock, Error, KeyIssuer, Observed, OwnerId};

/// What stands on the principal now; none if it does not exist.
///
/// # Errors
/// Anything but a definite answer.
pub async fn observe(issuer: &dyn KeyIssuer, owner: &OwnerId, clock: &dyn Clock) -> Result<Option<Observed>, Error> {
    let asked_at = clock.now();
    let Some((keys, ledgers)) = issuer.look(owner).await? else { return Ok(None) };
    let keys = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
    let ahead = issuer.ahead();
    Ok(Some(Observed { keys, ledgers, at: asked_at.checked_add(ahead).unwrap_or(asked_at), ahead }))
}
