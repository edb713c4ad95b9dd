//! What vaults take. From Oracle's "Service Limits" and "Managing Secrets"; the size of a value is not documented there.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};

use crate::oci::error::Refusal;

/// Versions of a secret that are not about to be deleted, and those that are.
pub(super) const VERSIONS: usize = 30;
const NAME: usize = 255;
const CONTENT: usize = 25 * 1024;
/// How far ahead a deletion may be, and is unless the call says when.
const DELETION: (SignedDuration, SignedDuration) =
    (SignedDuration::from_hours(24), SignedDuration::from_hours(30 * 24));

pub(super) fn name(property: &str, name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = !name.is_empty() && name.len() <= NAME && name.chars().all(allowed);
    let words = "letters, numbers, hyphens, underscores and periods";
    if fits { Ok(()) } else { Err(Refusal::invalid(format!("{property} must have 1 to {NAME} {words}."))) }
}

/// The value of a secret, which comes as base64.
pub(super) fn content(text: &str) -> Result<(), Refusal> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| Refusal::invalid("content is not base64."))?;
    if bytes.is_empty() || bytes.len() > CONTENT {
        return Err(Refusal::invalid(format!("content must have 1 to {CONTENT} bytes.")));
    }
    Ok(())
}

/// When something goes that is to be deleted at this time, or at a time of OCI's choice.
pub(super) fn deletion(wanted: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let (least, most) = DELETION;
    let Some(wanted) = wanted else { return Ok(now + most) };
    let ahead = wanted.duration_since(now);
    if ahead < least || ahead > most {
        return Err(Refusal::invalid("timeOfDeletion must be 1 to 30 days ahead."));
    }
    Ok(wanted)
}
