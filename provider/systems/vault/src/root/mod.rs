//! `vault:RotatingRoot`: a secret that an engine of Vault's keeps to itself, rotated by the engine when it is told to.
//!
//! What is peculiar to it: the plugin never sees the secret, there are never two of them, and a second order for one trigger harms
//! nobody. So there is no key of the rotation model here; an order is given, and Vault is asked whether it was carried out where it tells.

mod args;
mod place;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use outbound::{Answer, repeat};
use rotation::{Effect, Error, ErrorKind, Problem, Retry};
use serde::Deserialize;

use crate::request::Request;
use crate::session::{Reply, Session, data};
use crate::{Vault, namespace_of, namespace_problem, within};
pub use args::{Evidence, RootArgs};
use place::{Kind, Place};

/// The system behind `vault:RotatingRoot`.
pub struct VaultRoot(Arc<Vault>);

/// One secret that Vault keeps.
pub struct Root {
    session: Arc<Session>,
    path: String,
    id: String,
}

/// A secret as Vault showed it.
pub struct Seen {
    place: Place,
    /// What Vault told of it.
    pub evidence: Evidence,
}

/// A rotation that was carried out.
pub struct Turned {
    /// What Vault tells now; nothing if it could not be asked any more.
    pub evidence: Evidence,
    /// What a person should know.
    pub warning: Option<String>,
}

impl VaultRoot {
    /// The resource's token.
    pub const TOKEN: &'static str = "vault:RotatingRoot";
    /// The resource's documentation.
    pub const DOCS: &'static str = include_str!("docs.md");

    /// On this server.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self(vault)
    }

    /// What is wrong with the inputs, beyond their types.
    pub fn check(&self, args: &RootArgs) -> Vec<Problem> {
        namespace_problem(&args.namespace).into_iter().chain(args::check(args)).collect()
    }

    /// The inputs that an import id stands for.
    ///
    /// # Errors
    /// It is no path.
    pub fn import(&self, id: &str) -> Result<BTreeMap<String, String>, Error> {
        let (namespace, path) = namespace_of(id);
        let namespace = namespace.map(str::to_owned);
        let args = RootArgs { namespace, path: path.to_owned(), rotate_on_create: None };
        if self.check(&args).is_empty() {
            let namespace = args.namespace.map(|namespace| ("namespace".to_owned(), namespace));
            return Ok([("path".to_owned(), args.path)].into_iter().chain(namespace).collect());
        }
        let message = format!("an import id is a path such as {} [KR-VAULT-119]", args::EXAMPLES);
        Err(Error::new(ErrorKind::Invalid, "", message))
    }

    /// The secret that these inputs name.
    pub fn root(&self, args: &RootArgs) -> Root {
        let id = within(&args.namespace, args.path.clone());
        Root { session: self.0.session().below(args.namespace.as_deref()), path: args.path.clone(), id }
    }
}

#[derive(Deserialize)]
struct AwsKey {
    #[serde(default)]
    access_key: String,
}

#[derive(Deserialize)]
struct StaticRole {
    last_vault_rotation: Timestamp,
}

impl Root {
    /// What names it, as the inputs say.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The resource's id: the path, and the namespace before it if the inputs name one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The cluster that keeps the secret, and the namespace in it; none if the server does not say. At most one call in a process.
    ///
    /// # Errors
    /// Anything but a definite answer.
    pub async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await
    }

    /// What Vault tells of the secret; none if there is no such connection or role, or an AWS engine without configuration.
    ///
    /// # Errors
    /// Anything but a definite answer; a path that names nothing which can be rotated.
    pub async fn look(&self) -> Result<Option<Seen>, Error> {
        let place = Place::find(&self.session, &self.path).await?;
        let evidence = self.ask(&place).await?;
        Ok(evidence.map(|evidence| Seen { place, evidence }))
    }

    /// Orders a rotation until one was carried out. Where Vault tells, a lost answer is looked into before it is ordered again;
    /// where it does not, it is ordered again.
    ///
    /// # Errors
    /// It was refused, or with [`Effect::Unknown`]: it may have been carried out.
    pub async fn order(&self, seen: &Seen) -> Result<Turned, Error> {
        let order = seen.place.order()?;
        repeat(self.session.clock(), || self.attempt(&order, seen)).await
    }

    async fn attempt(&self, order: &Request, seen: &Seen) -> Result<Turned, Error> {
        match self.session.send(order).await {
            Ok(Reply::Done(answer)) => Ok(self.after(order, &answer, seen).await),
            Ok(Reply::Missing(_)) => Err(self.gone(order.operation)),
            Err(error) if error.effect == Effect::Unknown && seen.evidence.tells() => self.look_into(error, seen).await,
            Err(error) if error.kind == ErrorKind::LimitReached => Err(no_room(error, seen)),
            Err(error) => Err(error),
        }
    }

    /// What is known after an order that was carried out. That much is certain, so a question that fails now fails nothing.
    async fn after(&self, order: &Request, answer: &Answer, seen: &Seen) -> Turned {
        let told = match seen.place.kind {
            Kind::Connection(_) => return Turned { evidence: Evidence::default(), warning: None },
            Kind::Aws => data::<AwsKey>(order, answer).ok(),
            Kind::StaticRole(_) => None,
        };
        if let Some(AwsKey { access_key }) = told {
            let evidence = Evidence { access_key_id: Some(access_key), ..Evidence::default() };
            return Turned { evidence, warning: None };
        }
        match self.ask(&seen.place).await {
            Ok(evidence) => Turned { evidence: evidence.unwrap_or_default(), warning: None },
            Err(error) => {
                let path = &self.path;
                let warning = format!(
                    "the secret of {path:?} was rotated, and what Vault tells of it now could not be read ({error})"
                );
                Turned { evidence: Evidence::default(), warning: Some(warning) }
            }
        }
    }

    /// Whether an order without a clear answer was carried out. If not, the error says whether to order again.
    async fn look_into(&self, error: Error, seen: &Seen) -> Result<Turned, Error> {
        let unsure = |cause: Error| cause.retry(Retry::Never).effect(Effect::Unknown);
        let evidence =
            self.ask(&seen.place).await.map_err(unsure)?.ok_or_else(|| unsure(self.gone(error.operation)))?;
        if !evidence.has_turned_since(&seen.evidence) {
            return Err(error);
        }
        let failed_after = error.kind == ErrorKind::Unexpected;
        let old = seen.evidence.access_key_id.as_deref().filter(|_| failed_after);
        let warning = old.map(|old| {
            format!("the AWS engine has a new access key and did not say that it deleted {old}: look whether that one is gone, and delete it if not")
        });
        Ok(Turned { evidence, warning })
    }

    async fn ask(&self, place: &Place) -> Result<Option<Evidence>, Error> {
        let question = place.question();
        let Reply::Done(answer) = self.session.repeat(&question).await? else { return Ok(None) };
        let mut evidence = Evidence::default();
        match place.kind {
            Kind::Connection(_) => {}
            Kind::StaticRole(_) => {
                evidence.last_vault_rotation = Some(data::<StaticRole>(&question, &answer)?.last_vault_rotation);
            }
            Kind::Aws => {
                let AwsKey { access_key } = data(&question, &answer)?;
                if access_key.is_empty() {
                    let message = format!(
                        "the AWS engine at {:?} (`path`) has no access key of its own and works with what its machine has, so there is nothing to rotate: give it one by {:?}, or remove the resource [KR-VAULT-120]",
                        self.path, question.path
                    );
                    return Err(Error::new(ErrorKind::Invalid, question.operation, message));
                }
                evidence.access_key_id = Some(access_key);
            }
        }
        Ok(Some(evidence))
    }

    /// There is nothing at the path.
    pub fn gone(&self, operation: &'static str) -> Error {
        let message = format!(
            "{:?} (`path`) does not exist on the server: there is no such connection or static role, or the AWS engine has no config/root [KR-VAULT-121]",
            self.path
        );
        Error::new(ErrorKind::NotFound, operation, message)
    }
}

/// An AWS user has two access keys at most, and the engine makes the new one before it deletes the old one.
fn no_room(error: Error, seen: &Seen) -> Error {
    let used = seen.evidence.access_key_id.as_deref().unwrap_or("another");
    let message = format!(
        "the IAM user of the AWS engine has two access keys, as many as AWS allows, and the engine needs room for a new one: delete the one that it does not use (it uses {used}), then run `pulumi up` again. Nothing was changed [KR-VAULT-122]"
    );
    Error { message, ..error }
}
