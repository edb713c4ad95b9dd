//! Secrets of vaults: the Secret Management API (version 20180608) and the Secret Retrieval API (version 20190301).

mod admin;
mod limits;
mod manage;
mod read;
mod rules;
mod secret;
mod shown;
mod vaults;

use axum::http::Method;

pub use admin::{Vault, VaultSecret, VaultSecretVersion};
pub(super) use vaults::Vaults;

use super::call::{Answer, Call};

pub(super) const MANAGEMENT: &str = "20180608";
pub(super) const RETRIEVAL: &str = "20190301";

type Entry = (Method, &'static str, fn(&mut Call<'_>) -> Answer);

/// The operations at a path of the Secret Management API, below the version.
pub(super) fn management(path: &[&str]) -> Vec<Entry> {
    match *path {
        ["secrets"] => vec![(Method::GET, "ListSecrets", read::list), (Method::POST, "CreateSecret", manage::create)],
        ["secrets", _] => {
            vec![(Method::GET, "GetSecret", read::get), (Method::PUT, "UpdateSecret", manage::update)]
        }
        ["secrets", _, "versions"] => vec![(Method::GET, "ListSecretVersions", read::list_versions)],
        ["secrets", _, "version", _] => vec![(Method::GET, "GetSecretVersion", read::get_version)],
        ["secrets", _, "actions", "scheduleDeletion"] => {
            vec![(Method::POST, "ScheduleSecretDeletion", manage::schedule)]
        }
        ["secrets", _, "actions", "cancelDeletion"] => vec![(Method::POST, "CancelSecretDeletion", manage::cancel)],
        ["secrets", _, "version", _, "actions", "scheduleDeletion"] => {
            vec![(Method::POST, "ScheduleSecretVersionDeletion", manage::schedule_version)]
        }
        ["secrets", _, "version", _, "actions", "cancelDeletion"] => {
            vec![(Method::POST, "CancelSecretVersionDeletion", manage::cancel_version)]
        }
        _ => Vec::new(),
    }
}

/// The operations at a path of the Secret Retrieval API, below the version.
pub(super) fn retrieval(path: &[&str]) -> Vec<Entry> {
    match *path {
        ["secretbundles", "actions", "getByName"] => {
            vec![(Method::POST, "GetSecretBundleByName", read::bundle_by_name)]
        }
        ["secretbundles", _] => vec![(Method::GET, "GetSecretBundle", read::bundle)],
        ["secretbundles", _, "versions"] => vec![(Method::GET, "ListSecretBundleVersions", read::bundle_versions)],
        _ => Vec::new(),
    }
}
