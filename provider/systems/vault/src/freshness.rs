//! The newest change that this process knows of, by the server's own count.
//!
//! In a cluster, a standby answers questions from its own copy, which may be behind: OpenBao's standbys by default, performance standbys of
//! Vault Enterprise. Each answer to a change has a number (`X-Vault-Index`, OpenBao since 2.7, Vault Enterprise since 1.7). A question that
//! brings the number is passed on to the active server by a standby whose copy does not have that change yet.

use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use outbound::{Answer, HeaderMap, HeaderValue, locked};
use serde::Deserialize;

/// The number of the newest change; none while none is known.
#[derive(Default)]
pub(crate) struct Freshness(Mutex<Option<HeaderValue>>);

const INDEX: &str = "x-vault-index";

/// How OpenBao writes a number.
#[derive(Deserialize)]
struct Index {
    cluster: String,
    value: String,
}

impl Freshness {
    /// Asks for an answer that has all known changes in it.
    pub(crate) fn demand(&self, headers: &mut HeaderMap) {
        if let Some(index) = self.newest().clone() {
            headers.insert(INDEX, index);
            headers.insert("x-vault-inconsistent", HeaderValue::from_static("forward-active-node"));
        }
    }

    /// Takes note of a change that was answered.
    pub(crate) fn learn(&self, answer: &Answer) {
        let Some(index) = answer.headers.get(INDEX) else { return };
        let mut newest = self.newest();
        if newest.as_ref().is_none_or(|known| !is_earlier(index, known)) {
            *newest = Some(index.clone());
        }
    }

    fn newest(&self) -> MutexGuard<'_, Option<HeaderValue>> {
        locked(&self.0)
    }
}

/// Whether one number is certainly below another: answers to calls made at the same time come in any order.
fn is_earlier(one: &HeaderValue, other: &HeaderValue) -> bool {
    match (position(one), position(other)) {
        (Some((cluster, one)), Some((same, other))) => cluster == same && one < other,
        _ => false,
    }
}

fn position(index: &HeaderValue) -> Option<(String, u64)> {
    let Index { cluster, value } = serde_json::from_slice(&BASE64_STANDARD.decode(index).ok()?).ok()?;
    Some((cluster, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn index(cluster: &str, value: &str) -> HeaderValue {
        let text = format!(r#"{{"cluster":"{cluster}","value":"{value}"}}"#);
        HeaderValue::from_str(&BASE64_STANDARD.encode(text)).unwrap()
    }

    fn after(indices: &[HeaderValue]) -> Option<HeaderValue> {
        let freshness = Freshness::default();
        for index in indices {
            let headers = [(INDEX.parse().unwrap(), index.clone())].into_iter().collect();
            freshness.learn(&Answer { status: 204, headers, body: Zeroizing::default() });
        }
        let mut headers = HeaderMap::new();
        freshness.demand(&mut headers);
        assert_eq!(headers.contains_key("x-vault-inconsistent"), headers.contains_key(INDEX));
        headers.remove(INDEX)
    }

    #[test]
    fn the_newest_change_is_asked_for() {
        let [early, late] = [index("c", "9"), index("c", "10")];
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[early.clone(), late.clone()]), Some(late.clone()));
        assert_eq!(after(&[late.clone(), early]), Some(late));
    }

    #[test]
    fn what_cannot_be_compared_is_taken_in_the_order_of_answers() {
        let other = index("d", "1");
        assert_eq!(after(&[index("c", "9"), other.clone()]), Some(other));
        let opaque = HeaderValue::from_static("djE6Yzo5OjE6bWFj");
        assert_eq!(after(&[index("c", "9"), opaque.clone()]), Some(opaque));
    }
}
