//! What the Identity API takes: quotas, lengths, characters. From Oracle's "Service Limits",
//! "Tagging Overview" and API reference.

use serde_json::{Map, Value, json};

use super::error::Refusal;
use super::tenancy::Tags;

/// API keys a user may have.
pub(super) const KEYS_PER_USER: usize = 3;
/// Auth tokens, customer secret keys and SMTP credentials a user may have, of each.
pub(super) const SECRETS_PER_KIND: usize = 2;
/// Free-form tags a user may have.
const FREE_FORM_TAGS: usize = 10;
/// Bytes that all tags of a user may take as JSON.
const TAG_BYTES: usize = 5 * 1024;
const TAG_KEY: usize = 100;
const TAG_VALUE: usize = 256;
/// Characters that a name or a description may have.
const TEXT: usize = 400;
const USER_NAME: usize = 100;
const RETRY_TOKEN: usize = 64;

pub(super) const USE_API_KEYS: &str = "canUseApiKeys";
/// What a user may be capable of.
pub(super) const CAPABILITIES: [&str; 7] = [
    "canUseConsolePassword",
    USE_API_KEYS,
    "canUseAuthTokens",
    "canUseSmtpCredentials",
    "canUseDbCredentials",
    "canUseCustomerSecretKeys",
    "canUseOAuth2ClientCredentials",
];

/// A description or display name, which must be there.
pub(super) fn text(name: &str, value: Option<String>) -> Result<String, Refusal> {
    let value = value.ok_or_else(|| Refusal::missing(name))?;
    if value.is_empty() || value.chars().count() > TEXT {
        return Err(Refusal::invalid(format!("{name} must have 1 to {TEXT} characters.")));
    }
    Ok(value)
}

/// A user's name: no spaces.
pub(super) fn user_name(value: Option<String>) -> Result<String, Refusal> {
    let value = value.ok_or_else(|| Refusal::missing("name"))?;
    let fits = !value.is_empty() && value.chars().count() <= USER_NAME && !value.contains(char::is_whitespace);
    if fits { Ok(value) } else { Err(Refusal::invalid("name must have 1 to 100 characters and no spaces.")) }
}

/// Free-form tags together with the defined ones, which count for the size.
pub(super) fn tags(free: &Tags, defined: &Map<String, Value>) -> Result<(), Refusal> {
    if free.len() > FREE_FORM_TAGS {
        return Err(Refusal::invalid(format!("A resource can have {FREE_FORM_TAGS} free-form tags at most.")));
    }
    for (key, value) in free {
        let plain = |letter: char| letter.is_ascii_graphic() && letter != '.';
        if key.is_empty() || key.len() > TAG_KEY || !key.chars().all(plain) {
            return Err(Refusal::invalid(format!(
                "The key of a tag must have 1 to {TAG_KEY} printable ASCII characters without periods and spaces."
            )));
        }
        if value.chars().count() > TAG_VALUE {
            return Err(Refusal::invalid(format!("The value of a tag can have {TAG_VALUE} characters at most.")));
        }
    }
    if json!([free, defined]).to_string().len() > TAG_BYTES {
        return Err(Refusal::invalid(format!("All tags of a resource can take {TAG_BYTES} bytes at most.")));
    }
    Ok(())
}

pub(super) fn retry_token(token: &str) -> Result<(), Refusal> {
    if token.is_empty() || token.len() > RETRY_TOKEN {
        return Err(Refusal::invalid(format!("opc-retry-token must have 1 to {RETRY_TOKEN} characters.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(key: &str, value: &str) -> bool {
        tags(&Tags::from([(key.to_owned(), value.to_owned())]), &Map::new()).is_ok()
    }

    #[test]
    fn tags_are_few_short_and_plain() {
        assert!(takes("kr-1_/:x", "any text, 漢字 too"));
        assert!(takes(&"k".repeat(100), &"é".repeat(256)));
        for bad in ["", "a.b", "a b", "é", "a\n", &"k".repeat(101)] {
            assert!(!takes(bad, ""), "{bad:?}");
        }
        assert!(!takes("k", &"v".repeat(257)));
        let many = |count: usize, length: usize| {
            let tag = |n| (format!("k{n}"), "é".repeat(length));
            tags(&(0..count).map(tag).collect(), &Map::new()).is_ok()
        };
        assert!(many(10, 200) && !many(11, 1), "ten tags");
        assert!(many(9, 256) && !many(10, 256), "five kilobytes, not characters");
    }

    #[test]
    fn texts_have_a_length() {
        assert!(text("description", Some("x".repeat(400))).is_ok());
        assert!(
            text("description", Some(String::new())).is_err() && text("description", Some("x".repeat(401))).is_err()
        );
        assert_eq!(text("description", None).unwrap_err().code, "MissingParameter");
        assert!(user_name(Some("ci".to_owned())).is_ok() && user_name(Some("c i".to_owned())).is_err());
    }
}
