//! Holders: tokens that read a path once and hold the lease that comes of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Method};
use rotation::{Effect, Error, ErrorKind, KeyId, MintOrder};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::args::LeaseArgs;
use super::asking::asked;
use crate::error::{refused, words};
use crate::request::Request;
use crate::session::{Reply, Session, data};

/// A holder that this process made.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) token: SecretString,
    pub(crate) accessor: KeyId,
    /// How long the plugin's own token lives, if the holder dies with it and that ever does.
    pub(crate) parent_ends_in: Option<SignedDuration>,
}

/// What the server says of a token.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub(crate) issue_time: Timestamp,
    #[serde(default)]
    pub(crate) last_renewal: Option<Timestamp>,
    /// None if it does not end.
    #[serde(default)]
    pub(crate) expire_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) ttl: i64,
    #[serde(default)]
    pub(crate) explicit_max_ttl: i64,
    #[serde(default)]
    pub(crate) renewable: bool,
    meta: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Made {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretString,
    #[serde(default)]
    accessor: String,
    #[serde(default)]
    orphan: bool,
    #[serde(default)]
    num_uses: u32,
}

#[derive(Deserialize)]
struct Renewed {
    auth: Granted,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Granted {
    lease_duration: u32,
}

#[derive(Serialize)]
struct Wanted<'a> {
    display_name: &'static str,
    num_uses: u32,
    renewable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    meta: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Named<'a> {
    accessor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    increment: Option<i64>,
}

/// The holders of one principal.
#[derive(Clone, Copy)]
pub(crate) struct Holders<'a> {
    pub(crate) session: &'a Session,
    pub(crate) args: &'a LeaseArgs,
}

const MAKE: &str = "vault token create";
const PRINCIPAL: &str = "keyrotation-principal";
/// A token whose uses run out is revoked with its leases: one must be left after the one read, which nobody can use then, since nobody keeps the token.
const USES: u32 = 2;
const LABEL: usize = 200;
const LITTLE: SignedDuration = SignedDuration::from_mins(1);

impl Holders<'_> {
    /// Makes a holder. It has no effect yet; one whose making was not answered ends by itself.
    pub(crate) async fn make(&self, order: &MintOrder) -> Result<Holder, Error> {
        let parent_ends_in = if self.args.holder_role.is_some() { None } else { self.parent(order.life).await? };
        let (print, label) = (self.args.print(), order.owner.label.chars().take(LABEL).collect::<String>());
        let meta = [
            (PRINCIPAL, print.as_str()),
            ("keyrotation-owner", &label),
            ("keyrotation-instance", &order.instance),
            ("keyrotation-nonce", &order.nonce),
        ];
        let ttl = order.life.map(|life| format!("{}s", life.as_secs()));
        let wanted = Wanted { display_name: "keyrotation", num_uses: USES, renewable: true, ttl, meta: meta.into() };
        let path = match &self.args.holder_role {
            Some(role) => format!("auth/token/create/{role}"),
            None => "auth/token/create".to_owned(),
        };
        let request = Request::new(MAKE, Method::POST, path).json(&wanted)?;
        let answer = self.session.answer(&request).await?;
        if !answer.is_success() {
            return Err(self.refused(&request, &answer));
        }
        let auth = answer.json::<Made>(&request.call())?.auth;
        self.must_hold(&auth).await?;
        Ok(Holder { token: auth.client_token, accessor: KeyId(auth.accessor), parent_ends_in })
    }

    /// What is known of a holder; none if it has ended, or is no holder of this principal.
    pub(crate) async fn look_up(&self, accessor: &KeyId) -> Result<Option<Facts>, Error> {
        let request = Request::new("vault token lookup", Method::POST, "auth/token/lookup-accessor");
        let request = request.json(&Named { accessor: &accessor.0, increment: None })?;
        let Some(answer) = living(&request, asked(self.session, &request).await?)? else { return Ok(None) };
        let facts: Facts = data(&request, &answer)?;
        let of = facts.meta.as_ref().and_then(|meta| meta.get(PRINCIPAL));
        Ok(if of == Some(&self.args.print()) { Some(facts) } else { None })
    }

    /// Asks for more time; false if the holder has ended.
    pub(crate) async fn renew(&self, accessor: &KeyId, life: Option<SignedDuration>) -> Result<bool, Error> {
        Ok(self.granted(accessor, life).await?.is_some())
    }

    /// Whether a holder can be renewed for ever. The server does not tell; but a token with a period gets that, however little is
    /// asked for, and a warning if the period is cut by a limit. One without gets what was asked for, and is of no use afterwards.
    pub(crate) async fn has_period(&self, accessor: &KeyId) -> Result<bool, Error> {
        let Some(Renewed { auth, warnings }) = self.granted(accessor, Some(LITTLE)).await? else { return Ok(false) };
        let is_cut = warnings.iter().flatten().any(|warning| warning.contains("capped"));
        Ok(!is_cut && SignedDuration::from_secs(auth.lease_duration.into()) > LITTLE * 2)
    }

    async fn granted(&self, accessor: &KeyId, life: Option<SignedDuration>) -> Result<Option<Renewed>, Error> {
        let increment = life.map(|life| life.as_secs());
        let request = Request::new("vault token renew", Method::POST, "auth/token/renew-accessor");
        let request = request.json(&Named { accessor: &accessor.0, increment })?;
        let answer = living(&request, asked(self.session, &request).await?)?;
        answer.map(|answer| answer.json(&request.call())).transpose()
    }

    /// Revokes a holder, and with it what it holds. One that is gone is success.
    pub(crate) async fn revoke(&self, accessor: &KeyId) -> Result<(), Error> {
        let request = Request::new("vault token revoke", Method::POST, "auth/token/revoke-accessor");
        let request = request.json(&Named { accessor: &accessor.0, increment: None })?;
        living(&request, asked(self.session, &request).await?).map(drop)
    }

    /// How long the plugin's own token lives, which takes its children with it; none if it does not end.
    async fn parent(&self, life: Option<SignedDuration>) -> Result<Option<SignedDuration>, Error> {
        if self.session.logs_in().await? {
            let why = "the plugin logs in for a token of its own and revokes it when it ends, and a lease dies with the token that read it";
            return Err(self.needs_role(why));
        }
        let request = Request::new("vault token lookup", Method::GET, "auth/token/lookup-self");
        let Reply::Done(answer) = self.session.repeat(&request).await? else {
            return Err(self.needs_role("the plugin's own token cannot be looked up"));
        };
        let facts: Facts = data(&request, &answer)?;
        let left = facts.expire_time.map(|_| SignedDuration::from_secs(facts.ttl));
        if let Some((left, life)) = left.zip(life).filter(|(left, life)| left < life) {
            return Err(self.needs_role(&dies_first(left, life)));
        }
        Ok(left)
    }

    /// Insists that the plugin's own token, if it takes the holder with it, lives at least as long as the lease.
    pub(crate) fn must_outlive(&self, holder: &Holder, lease: SignedDuration) -> Result<(), Error> {
        match holder.parent_ends_in.filter(|left| *left < lease) {
            Some(left) => Err(self.needs_role(&dies_first(left, lease))),
            None => Ok(()),
        }
    }

    fn needs_role(&self, why: &str) -> Error {
        let message = format!(
            "{why}: set holderRole to a role that makes tokens for this. To make one: {} [KR-VAULT-088]",
            self.args.command()
        );
        Error::new(ErrorKind::Invalid, MAKE, message)
    }

    /// A token that cannot hold a lease is revoked at once.
    async fn must_hold(&self, auth: &Auth) -> Result<(), Error> {
        let Some(role) = &self.args.holder_role else { return Ok(()) };
        let why = if auth.accessor.is_empty() {
            BATCH
        } else if !auth.orphan {
            "makes tokens that die with the one that made them [KR-VAULT-089]"
        } else if auth.num_uses == 1 {
            "makes tokens that die after one use (token_num_uses) [KR-VAULT-090]"
        } else {
            return Ok(());
        };
        if !auth.accessor.is_empty() {
            self.revoke(&KeyId(auth.accessor.clone())).await?;
        }
        Err(Error::new(ErrorKind::Invalid, MAKE, self.unfit(role, why)))
    }

    fn unfit(&self, role: &str, why: &str) -> String {
        format!("the token role {role:?} (`holderRole`) {why}. To create a suitable one: {}", self.args.command())
    }

    fn refused(&self, request: &Request, answer: &Answer) -> Error {
        let words = words(answer);
        let message = match &self.args.holder_role {
            _ if words.contains("restricted use token") => {
                "the plugin's own token may be used a limited number of times, and such a token cannot create others: give the plugin a token without that limit [KR-VAULT-186]".to_owned()
            }
            _ if words.contains("batch tokens cannot create more tokens") => {
                "the plugin's own token is a batch token, and such a token cannot create others: give the plugin a service token [KR-VAULT-187]".to_owned()
            }
            Some(role) if words.contains("batch tokens") => self.unfit(role, BATCH),
            Some(role) if answer.status == 400 && words.contains("unknown role") => {
                format!(
                    "there is no token role {role:?} (`holderRole`). To make it: {} [KR-VAULT-091]",
                    self.args.command()
                )
            }
            _ => return refused(request, answer).effect(Effect::None),
        };
        Error::new(ErrorKind::Invalid, request.operation, message)
    }
}

const BATCH: &str = "makes tokens of the type batch, which cannot be revoked [KR-VAULT-092]";

fn dies_first(left: SignedDuration, lease: SignedDuration) -> String {
    let (left, lease) = (rotation::format_duration(left), rotation::format_duration(lease));
    format!(
        "the plugin's own token ends in {left}, and a lease that is to last {lease} dies with the token that read it"
    )
}

/// None if there is no such token.
fn living(request: &Request, answer: Answer) -> Result<Option<Answer>, Error> {
    match answer.status {
        200..=299 => Ok(Some(answer)),
        400 | 404 if words(&answer).contains("invalid accessor") => Ok(None),
        _ => Err(refused(request, &answer)),
    }
}
