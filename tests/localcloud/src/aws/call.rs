//! One call of an action: what it has at hand, and what several actions do alike.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::account::Account;
use super::auth::Signer;
use super::error::Refusal;
use super::limits::{Check, MARKER};
use super::query::Params;
use super::xml::Element;
use crate::journal::Effect;

/// The most and the ordinary number of items on a page.
const PAGE: (usize, usize) = (1000, 100);

pub(super) struct Call<'a> {
    pub(super) action: &'a str,
    pub(super) params: &'a Params,
    pub(super) account: &'a mut Account,
    pub(super) signer: &'a Signer,
    pub(super) now: Timestamp,
    /// For the journal.
    pub(super) effect: &'a mut Effect,
}

impl Call<'_> {
    /// The user that the call names, or the signer's own if it names none.
    ///
    /// # Errors
    /// `ValidationError` when a session names none.
    pub(super) fn user_or_own(&self, named: Option<String>) -> Result<String, Refusal> {
        named.or_else(|| self.signer.user.clone()).ok_or_else(Refusal::user_name_needed)
    }

    /// Notes which user the call is about and checks that the signer may make it.
    pub(super) fn about_user(&mut self, name: &str) -> Result<(), Refusal> {
        self.effect.principal = Some(name.to_owned());
        self.permit(&format!("user {name}"))
    }

    pub(super) fn about_key(&mut self, access_key_id: &str) {
        self.effect.key = Some(access_key_id.to_owned());
    }

    pub(super) fn permit(&self, resource: &str) -> Result<(), Refusal> {
        self.signer.permit(&format!("iam:{}", self.action), resource)
    }
}

/// Which part of a list is wanted.
pub(super) struct Page {
    after: Option<String>,
    size: usize,
}

impl Page {
    pub(super) fn read(check: &mut Check<'_>) -> Self {
        let (most, ordinary) = PAGE;
        Self { after: check.optional("Marker", &MARKER), size: check.number("MaxItems", (1, most), ordinary) }
    }

    /// Cuts the page out of `items`, which are in order of their names, and appends what tells the
    /// caller whether there is more.
    pub(super) fn cut<T>(
        self,
        list: &str,
        items: &[T],
        name: impl Fn(&T) -> String,
        element: impl Fn(&T) -> Vec<Element>,
    ) -> Result<Vec<Element>, Refusal> {
        let after = self.after.as_deref().map(open_marker).transpose()?;
        let rest: Vec<&T> =
            items.iter().filter(|item| after.as_ref().is_none_or(|after| name(item) > *after)).collect();
        let shown = rest.get(..self.size).unwrap_or(&rest);
        let truncated = shown.len() < rest.len();
        let mut elements = vec![
            Element::list(list, shown.iter().map(|item| element(item))),
            Element::text("IsTruncated", truncated.to_string()),
        ];
        if let (true, Some(last)) = (truncated, shown.last()) {
            elements.push(Element::text("Marker", BASE64_URL_SAFE_NO_PAD.encode(name(last))));
        }
        Ok(elements)
    }
}

pub(super) fn date(name: &str, time: Timestamp) -> Element {
    Element::text(name, time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn open_marker(marker: &str) -> Result<String, Refusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(marker).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Refusal::invalid(format!("Invalid Marker: {marker}")))
}
