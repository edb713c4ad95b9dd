//! What both kinds of issuers ask about a user.

use std::collections::BTreeMap;

use outbound::Method;
use rotation::{Error, ErrorKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::call;
use crate::ledger::Tags;
use crate::session::{Ask, Session};

/// A user as OCI shows it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    #[serde(default)]
    pub(crate) freeform_tags: Tags,
    #[serde(default)]
    pub(crate) capabilities: BTreeMap<String, bool>,
    /// From the answer's header.
    #[serde(skip)]
    pub(crate) etag: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// An identity domain.
#[derive(Deserialize)]
struct Domain {
    /// `DEFAULT` or `SECONDARY`.
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

impl User {
    pub(crate) fn can(&self, capability: &str) -> bool {
        self.capabilities.get(capability).copied().unwrap_or(true)
    }
}

/// A user as messages name it.
pub(crate) fn named(user: &str) -> String {
    format!("the OCI user {user} (`userId`)")
}

/// The user itself.
///
/// # Errors
/// Also that it is not there, or may not be read.
pub(crate) async fn get(session: &Session, user: &str) -> Result<User, Error> {
    let call = call("identity:GetUser");
    let about = named(user);
    let ask = Ask { path: format!("users/{user}"), about: &about, ..Ask::default() };
    let answer = session.repeat(&call, &ask).await?;
    let etag = answer.header("etag").map(str::to_owned);
    Ok(User { etag, ..answer.json(&call)? })
}

/// Everything on every page of a list that belongs to a user; none if that user does not exist.
///
/// # Errors
/// Anything but a definite answer.
pub(crate) async fn list<T: DeserializeOwned>(
    session: &Session,
    user: &str,
    (operation, path): (&'static str, &str),
) -> Result<Option<Vec<T>>, Error> {
    let about = named(user);
    let ask = Ask { path: format!("users/{user}/{path}"), about: &about, ..Ask::default() };
    match pages(session, operation, &ask).await {
        Ok(items) => Ok(Some(items)),
        Err(error) => {
            none_if_gone(session, user, error).await?;
            Ok(None)
        }
    }
}

/// Success if a failure only says that the user is no more. OCI has one answer for what is not there and what is not allowed, so
/// it is asked for all its users: whoever may see them and does not see this one knows. The list holds the users of the default identity
/// domain alone, so it proves nothing where there are others.
///
/// # Errors
/// The failure.
pub(crate) async fn none_if_gone(session: &Session, user: &str, error: Error) -> Result<(), Error> {
    if error.kind != ErrorKind::NotFound {
        return Err(error);
    }
    let tenancy = session.settings().await?.place.tenancy.clone();
    let ask = Ask { path: format!("users?compartmentId={tenancy}&limit=1000"), about: "the tenancy", ..Ask::default() };
    match pages::<Named>(session, "identity:ListUsers", &ask).await {
        Ok(users) if users.iter().all(|known| known.id != user) => {}
        _ => return Err(error),
    }
    match has_other_domains(session, &tenancy).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error { message: of_another_domain(user), ..error }),
        Err(unseen) => Err(Error { message: domains_unseen(&error.message, &unseen), ..error }),
    }
}

/// Whether the tenancy has an identity domain other than the default one, in any of its compartments.
async fn has_other_domains(session: &Session, tenancy: &str) -> Result<bool, Error> {
    let path = format!("compartments?compartmentId={tenancy}&compartmentIdInSubtree=true&accessLevel=ANY&limit=1000");
    let ask = Ask { path, about: "the tenancy", ..Ask::default() };
    let compartments: Vec<Named> = pages(session, "identity:ListCompartments", &ask).await?;
    for id in [tenancy].into_iter().chain(compartments.iter().map(|compartment| compartment.id.as_str())) {
        let ask = Ask { path: format!("domains?compartmentId={id}"), about: "the compartment", ..Ask::default() };
        let domains: Vec<Domain> = pages(session, "identity:ListDomains", &ask).await?;
        if domains.iter().any(|domain| domain.kind.as_deref() != Some(DEFAULT_DOMAIN)) {
            return Ok(true);
        }
    }
    Ok(false)
}

const DEFAULT_DOMAIN: &str = "DEFAULT";

fn of_another_domain(user: &str) -> String {
    format!(
        "{} was not found among the users of the default identity domain, and the tenancy has other domains. The plugin serves the default domain only, so it cannot tell whether the user was deleted, and nothing was changed. If it was, its keys went with it: remove the resource with `pulumi state delete`. If not, check `userId` and the policy of the plugin's user [KR-OCI-061]",
        named(user)
    )
}

fn domains_unseen(why: &str, unseen: &Error) -> String {
    format!(
        "{why}. The user is not in the list of users, and whether the tenancy has identity domains other than the default one could not be looked up ({unseen}); to let the plugin see that a user was deleted, allow it to inspect domains and compartments in the tenancy [KR-OCI-062]"
    )
}

/// Success if what was to be deleted is not there: OCI has one answer for that and for what is not allowed, so what is left is listed.
///
/// # Errors
/// The failure.
pub(crate) async fn done_if_gone(
    session: &Session,
    (user, id): (&str, &str),
    list_of: (&'static str, &str),
    error: Error,
) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Item {
        fingerprint: Option<String>,
        id: Option<String>,
    }
    if error.kind != ErrorKind::NotFound {
        return Err(error);
    }
    let is_it = |item: &Item| item.fingerprint.as_deref().or(item.id.as_deref()) == Some(id);
    match list::<Item>(session, user, list_of).await? {
        Some(items) if items.iter().any(is_it) => Err(Error { kind: ErrorKind::Denied, ..error }),
        _ => Ok(()),
    }
}

pub(crate) async fn delete(
    session: &Session,
    (user, id): (&str, &str),
    operation: &'static str,
    list_of: (&'static str, &str),
) -> Result<(), Error> {
    let call = call(operation);
    let about = named(user);
    let path = format!("users/{user}/{}/{id}", list_of.1);
    let ask = Ask { method: Method::DELETE, path, about: &about, ..Ask::default() };
    match session.repeat(&call, &ask).await {
        Ok(_) => Ok(()),
        Err(error) => done_if_gone(session, (user, id), list_of, error).await,
    }
}

/// Everything on every page of a list.
///
/// # Errors
/// The first page that is refused or cannot be read.
pub(crate) async fn pages<T: DeserializeOwned>(
    session: &Session,
    operation: &'static str,
    ask: &Ask<'_>,
) -> Result<Vec<T>, Error> {
    let call = call(operation);
    let mut items = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let sign = if ask.path.contains('?') { '&' } else { '?' };
        let path = page.as_ref().map_or_else(|| ask.path.clone(), |page| format!("{}{sign}page={page}", ask.path));
        let answer = session.repeat(&call, &Ask { path, ..ask.clone() }).await?;
        items.append(&mut answer.json::<Vec<T>>(&call)?);
        let next = answer.header("opc-next-page").filter(|page| is_plain(page)).map(str::to_owned);
        if next.is_none() || next == page {
            return Ok(items);
        }
        page = next;
    }
}

/// Whether a page's name can stand in a query as it is.
fn is_plain(page: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.~=+/".contains(&c);
    !page.is_empty() && page.len() <= 2048 && page.bytes().all(allowed)
}
