//! One call of an operation: what it has at hand, and what several operations do alike.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::auth::Signer;
use super::error::Refusal;
use super::region::Region;
use super::signature::Request;
use super::tenancy::Tenancy;
use crate::journal::Effect;

/// The most and the ordinary number of items on a page.
const PAGE: (usize, usize) = (1000, 25);

/// What a call gives back: a reply, or a refusal.
pub(super) type Answer = Result<Reply, Refusal>;

/// An answer that is no refusal.
#[derive(Clone)]
pub(super) struct Reply {
    /// Nothing means 204.
    pub(super) body: Option<Value>,
    pub(super) etag: Option<String>,
    pub(super) next_page: Option<String>,
    /// What was made, as the retry tokens call it.
    pub(super) made: Option<String>,
}

impl Reply {
    pub(super) fn of(body: Value) -> Self {
        Self { body: Some(body), etag: None, next_page: None, made: None }
    }

    pub(super) fn empty() -> Self {
        Self { body: None, etag: None, next_page: None, made: None }
    }

    pub(super) fn with_etag(self, etag: &str) -> Self {
        Self { etag: Some(etag.to_owned()), ..self }
    }

    pub(super) fn made(self, what: &str) -> Self {
        Self { made: Some(what.to_owned()), ..self }
    }
}

pub(super) struct Call<'a> {
    pub(super) action: &'static str,
    /// The parts of the path below the version.
    pub(super) path: &'a [String],
    pub(super) request: &'a Request,
    pub(super) tenancy: &'a mut Tenancy,
    pub(super) signer: &'a Signer,
    pub(super) now: Timestamp,
    /// The region that was asked.
    pub(super) region: &'a Region,
    /// How far it is behind.
    pub(super) lag: SignedDuration,
    /// For the journal.
    pub(super) effect: &'a mut Effect,
}

impl Call<'_> {
    /// A part of the path, or nothing; the operations know how many there are.
    pub(super) fn part(&self, index: usize) -> &str {
        self.path.get(index).map(String::as_str).unwrap_or_default()
    }

    /// Notes which user the call is about, checks that the signer may make it, and that this region
    /// knows the user. Gives the user's OCID.
    pub(super) fn about_user(&mut self) -> Result<String, Refusal> {
        let id = self.part(1).to_owned();
        self.effect.principal = Some(id.clone());
        self.signer.permit(self.action, Some(&id))?;
        if !self.tenancy.user(&id)?.life.seen(self.now, self.lag) {
            return Err(Refusal::not_found("this region does not know the user yet"));
        }
        Ok(id)
    }

    pub(super) fn about_key(&mut self, id: &str) {
        self.effect.key = Some(id.to_owned());
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.request.body).map_err(Refusal::not_understood)
    }

    /// The time whose state this region shows.
    pub(super) fn then(&self) -> Timestamp {
        self.now.saturating_sub(self.lag).unwrap_or(self.now)
    }

    /// # Errors
    /// `NoEtagMatch` if the call wants another etag than this one.
    pub(super) fn check_match(&self, etag: &str) -> Result<(), Refusal> {
        let wanted = self.request.header("if-match");
        if wanted.is_some_and(|wanted| wanted != etag) {
            return Err(Refusal::etag_differs());
        }
        Ok(())
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.request.target.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Cuts the wanted page out of a list that is in order of its names.
    pub(super) fn page(&self, items: Vec<(String, Value)>) -> Answer {
        let (most, ordinary) = PAGE;
        let size = match self.query("limit").map(|limit| limit.parse::<usize>()) {
            None => ordinary,
            Some(Ok(size)) if (1..=most).contains(&size) => size,
            Some(_) => return Err(Refusal::invalid(format!("limit must be a number from 1 to {most}."))),
        };
        let after = self.query("page").map(|page| open_page(&page)).transpose()?;
        let rest = items.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
        let mut rest: Vec<(String, Value)> = rest.collect();
        let more = rest.len() > size;
        rest.truncate(size);
        let last = rest.last().map(|(name, _)| BASE64_URL_SAFE_NO_PAD.encode(name));
        let shown = rest.into_iter().map(|(_, item)| item).collect();
        Ok(Reply { next_page: last.filter(|_| more), ..Reply::of(Value::Array(shown)) })
    }
}

pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn open_page(page: &str) -> Result<String, Refusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(page).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Refusal::invalid("page is not the opc-next-page of an earlier answer."))
}
