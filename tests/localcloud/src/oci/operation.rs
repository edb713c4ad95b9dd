//! Which operation a request asks for.

use axum::http::Method;

use super::call::{Answer, Call};
use super::error::Refusal;
use super::{identity, vault};

/// One of OCI's APIs, told apart by the versions in their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Identity,
    SecretManagement,
    SecretRetrieval,
}

/// An operation of an API.
pub(super) struct Operation {
    /// Its name in Oracle's reference.
    pub(super) action: &'static str,
    pub(super) does: fn(&mut Call<'_>) -> Answer,
}

impl Api {
    pub(super) fn of_version(version: &str) -> Option<Self> {
        match version {
            identity::VERSION => Some(Self::Identity),
            vault::MANAGEMENT => Some(Self::SecretManagement),
            vault::RETRIEVAL => Some(Self::SecretRetrieval),
            _ => None,
        }
    }
}

/// The operation that a method asks for at a path below the version.
pub(super) fn find(method: &Method, api: Api, path: &[String]) -> Result<Operation, Refusal> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let operations = match api {
        Api::Identity => identity::at(&path),
        Api::SecretManagement => vault::management(&path),
        Api::SecretRetrieval => vault::retrieval(&path),
    };
    if operations.is_empty() {
        return Err(Refusal::no_such_path());
    }
    let found = operations.into_iter().find(|(verb, _, _)| verb == method);
    found.map(|(_, action, does)| Operation { action, does }).ok_or_else(Refusal::no_such_verb)
}
