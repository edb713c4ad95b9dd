//! What must be there, and what is said if it cannot be used.

use rotation::{Error, ErrorKind};

use crate::ocid::ocid_problem;
use crate::setting::Setting;
use crate::sources::{Found, Sources};

pub(super) fn needed_ocid(sources: &Sources<'_>, setting: &Setting) -> Result<Found, Error> {
    let found = sources.find(setting)?.ok_or_else(|| sources.needed(&[setting]))?;
    match ocid_problem(found.plain(), setting.name) {
        Some(reason) => Err(invalid(format!("{} {reason}", found.source))),
        None => Ok(found),
    }
}

pub(super) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, "", message)
}
