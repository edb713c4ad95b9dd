//! The Identity API, version 20160918: users, their keys, credentials and tags; the tenancy and its regions.

mod domains;
mod keys;
mod secrets;
mod tenancies;
mod users;

use axum::http::Method;

use super::call::{Answer, Call};
use super::secret::Kind;

/// The part of the path that names the version.
pub(super) const VERSION: &str = "20160918";

type Entry = (Method, &'static str, fn(&mut Call<'_>) -> Answer);

/// The operations at a path below the version.
pub(super) fn at(path: &[&str]) -> Vec<Entry> {
    match *path {
        ["users"] => vec![(Method::GET, "ListUsers", users::list), (Method::POST, "CreateUser", users::create)],
        ["users", _] => vec![
            (Method::GET, "GetUser", users::get),
            (Method::PUT, "UpdateUser", users::update),
            (Method::DELETE, "DeleteUser", users::delete),
        ],
        ["users", _, "capabilities"] => vec![(Method::PUT, "UpdateUserCapabilities", users::update_capabilities)],
        ["users", _, "apiKeys"] => {
            vec![(Method::GET, "ListApiKeys", keys::list), (Method::POST, "UploadApiKey", keys::upload)]
        }
        ["users", _, "apiKeys", _] => vec![(Method::DELETE, "DeleteApiKey", keys::delete)],
        ["users", _, family] => in_family(family, |[list, create, _, _]| {
            vec![(Method::GET, list, secrets::list), (Method::POST, create, secrets::create)]
        }),
        ["users", _, family, _] => in_family(family, |[_, _, update, delete]| {
            vec![(Method::PUT, update, secrets::update), (Method::DELETE, delete, secrets::delete)]
        }),
        ["compartments"] => vec![(Method::GET, "ListCompartments", domains::list_compartments)],
        ["domains"] => vec![(Method::GET, "ListDomains", domains::list)],
        ["tenancies", _] => vec![(Method::GET, "GetTenancy", tenancies::get)],
        ["tenancies", _, "regionSubscriptions"] => {
            vec![(Method::GET, "ListRegionSubscriptions", tenancies::list_regions)]
        }
        _ => Vec::new(),
    }
}

/// The operations of a credential, if there is one of this name.
fn in_family(segment: &str, entries: fn([&'static str; 4]) -> Vec<Entry>) -> Vec<Entry> {
    of_family(segment).map(entries).unwrap_or_default()
}

/// The names of listing, making, changing and deleting a credential.
fn of_family(segment: &str) -> Option<[&'static str; 4]> {
    Some(match Kind::of_path(segment)? {
        Kind::AuthToken => ["ListAuthTokens", "CreateAuthToken", "UpdateAuthToken", "DeleteAuthToken"],
        Kind::CustomerSecretKey => {
            ["ListCustomerSecretKeys", "CreateCustomerSecretKey", "UpdateCustomerSecretKey", "DeleteCustomerSecretKey"]
        }
        Kind::SmtpCredential => {
            ["ListSmtpCredentials", "CreateSmtpCredential", "UpdateSmtpCredential", "DeleteSmtpCredential"]
        }
    })
}
