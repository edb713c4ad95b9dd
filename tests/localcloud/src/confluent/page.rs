//! Lists: `page_size`, `page_token`, and `metadata` with whole URLs.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Request;
use super::error::Refusal;

/// The ordinary and the largest number of items on a page.
const SIZE: (usize, usize) = (10, 100);

/// Which part of a list is wanted. As a token it carries everything that the first request said.
#[derive(Serialize, Deserialize)]
pub(super) struct Page {
    size: usize,
    filters: Vec<String>,
    after: Option<String>,
}

impl Page {
    /// Reads what is wanted; `filters` are the parameters that choose items.
    pub(super) fn read(request: &Request, filters: &[&str]) -> Result<Self, Refusal> {
        if let Some(token) = request.parameter("page_token") {
            return opened(token).ok_or_else(|| Refusal::bad_parameter("page_token", "Invalid page token"));
        }
        let (ordinary, most) = SIZE;
        let size = match request.parameter("page_size").map(str::parse) {
            None => ordinary,
            Some(Ok(size)) if (1..=most).contains(&size) => size,
            Some(_) => {
                let detail = format!("page_size must be a number from 1 to {most}");
                return Err(Refusal::bad_parameter("page_size", detail));
            }
        };
        let value = |name: &&str| request.parameter(name).unwrap_or_default().to_owned();
        Ok(Self { size, filters: filters.iter().map(value).collect(), after: None })
    }

    /// The filter with this place among those given to [`Page::read`]; empty means none.
    pub(super) fn filter(&self, place: usize) -> &str {
        self.filters.get(place).map_or("", String::as_str)
    }

    /// Cuts the page out of `items`, which are in order of the ids that stand beside them.
    pub(super) fn cut(
        mut self,
        request: &Request,
        (api_version, kind): (&str, &str),
        items: Vec<(String, Value)>,
    ) -> Value {
        let total = items.len();
        let url = format!("{}{}", request.base, request.path);
        let passed = |id: &String| self.after.as_ref().is_some_and(|after| id <= after);
        let mut rest = items.into_iter().filter(|(id, _)| !passed(id));
        let shown: Vec<(String, Value)> = rest.by_ref().take(self.size).collect();
        let more = rest.next().is_some();
        drop(rest);
        let mut metadata = json!({ "first": url, "total_size": total });
        if let Some((last, _)) = shown.last() {
            self.after = Some(last.clone());
            // The end is told by an empty text here and by nothing at all where the list is empty: both occur.
            metadata["next"] = json!(if more { format!("{url}?page_token={}", self.token()) } else { String::new() });
        }
        let data: Vec<Value> = shown.into_iter().map(|(_, item)| item).collect();
        json!({ "api_version": api_version, "kind": kind, "metadata": metadata, "data": data })
    }

    fn token(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(json!(self).to_string())
    }
}

fn opened(token: &str) -> Option<Page> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    serde_json::from_slice(&bytes).ok()
}
