//! What AWS takes as a parameter: lengths, characters, quotas. From the service models and the
//! IAM User Guide's "IAM and AWS STS quotas".

use std::sync::LazyLock;

use regex::Regex;

use super::error::Refusal;
use super::query::Params;

/// Access keys a user may have. Inactive ones count, and the quota cannot be raised.
pub(super) const KEYS_PER_USER: usize = 2;
/// Tags a user may have.
pub(super) const TAGS_PER_USER: usize = 50;

/// Policies that may be attached to a user.
pub(super) const POLICIES_PER_USER: usize = 10;

/// A kind of text parameter.
pub(super) struct Text {
    least: usize,
    most: usize,
    pattern: LazyLock<Option<Regex>>,
    shown: &'static str,
}

impl Text {
    const fn new(least: usize, most: usize, shown: &'static str, pattern: fn() -> Option<Regex>) -> Self {
        Self { least, most, pattern: LazyLock::new(pattern), shown }
    }
}

const NAME: &str = r"[\w+=,.@-]+";
const TAG: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]";

pub(super) static NEW_USER_NAME: Text = Text::new(1, 64, NAME, || whole("[0-9A-Za-z_+=,.@-]+"));
pub(super) static USER_NAME: Text = Text::new(1, 128, NAME, || whole("[0-9A-Za-z_+=,.@-]+"));
pub(super) static PATH: Text = Text::new(1, 512, r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", || whole("/|/[!-~]+/"));
pub(super) static PATH_PREFIX: Text = Text::new(1, 512, r"\u002F[\u0021-\u007F]*", || whole(r"/[!-\x7F]*"));
pub(super) static ACCESS_KEY_ID: Text = Text::new(16, 128, r"[\w]+", || whole("[0-9A-Za-z_]+"));
pub(super) static MARKER: Text = Text::new(1, 320, r"[\u0020-\u00FF]+", || whole(r"[\x20-\x{FF}]+"));
pub(super) static TAG_KEY: Text = Text::new(1, 128, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", || whole(&format!("{TAG}+")));
pub(super) static TAG_VALUE: Text = Text::new(0, 256, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", || whole(&format!("{TAG}*")));
pub(super) static SESSION_NAME: Text = Text::new(2, 64, r"[\w+=,.@-]*", || whole("[0-9A-Za-z_+=,.@-]*"));
/// AssumeRole judges the form of an ARN itself; only its length is a constraint here.
pub(super) static ROLE_ARN: Text = Text::new(20, 2048, ".*", || whole("(?s:.*)"));
/// The same of policies.
pub(super) static POLICY_ARN: Text = Text::new(20, 2048, ".*", || whole("(?s:.*)"));
/// A token of an identity provider.
pub(super) static WEB_TOKEN: Text = Text::new(4, 20_000, ".*", || whole("(?s:.*)"));
/// A text whose possible values are enumerated elsewhere.
pub(super) static ANY: Text = Text::new(0, usize::MAX, ".*", || whole("(?s:.*)"));

/// Reads parameters and gathers every constraint that one of them breaks.
pub(super) struct Check<'a> {
    params: &'a Params,
    broken: Vec<String>,
}

impl<'a> Check<'a> {
    pub(super) fn new(params: &'a Params) -> Self {
        Self { params, broken: Vec::new() }
    }

    /// A parameter that must be there. Empty when it is not; [`Check::finish`] then says so.
    pub(super) fn required(&mut self, name: &str, text: &Text) -> String {
        self.optional(name, text).unwrap_or_else(|| {
            self.missing(&camel(name));
            String::new()
        })
    }

    pub(super) fn optional(&mut self, name: &str, text: &Text) -> Option<String> {
        let value = self.params.get(name)?;
        self.text(value, &camel(name), text);
        Some(value.to_owned())
    }

    /// A whole number within bounds; `otherwise` when it is absent.
    pub(super) fn number(&mut self, name: &str, bounds: (usize, usize), otherwise: usize) -> usize {
        let Some(value) = self.params.get(name) else {
            return otherwise;
        };
        let (least, most) = bounds;
        let complaint = match value.parse::<i64>().map(usize::try_from) {
            Ok(Ok(number)) if number > most => {
                format!("Member must have value less than or equal to {most}")
            }
            Ok(Ok(number)) if number >= least => return number,
            Ok(_) => format!("Member must have value greater than or equal to {least}"),
            Err(_) => "Member must be a number".to_owned(),
        };
        self.complain(value, &camel(name), &complaint);
        otherwise
    }

    pub(super) fn text(&mut self, value: &str, at: &str, text: &Text) {
        let length = value.chars().count();
        if length > text.most {
            let complaint = format!("Member must have length less than or equal to {}", text.most);
            self.complain(value, at, &complaint);
        }
        if length < text.least {
            let complaint = format!("Member must have length greater than or equal to {}", text.least);
            self.complain(value, at, &complaint);
        }
        let matches = text.pattern.as_ref().is_some_and(|pattern| pattern.is_match(value));
        if !matches {
            let complaint = format!("Member must satisfy regular expression pattern: {}", text.shown);
            self.complain(value, at, &complaint);
        }
    }

    pub(super) fn complain(&mut self, value: &str, at: &str, complaint: &str) {
        self.broken.push(format!("Value '{value}' at '{at}' failed to satisfy constraint: {complaint}"));
    }

    pub(super) fn missing(&mut self, at: &str) {
        self.broken.push(format!("Value null at '{at}' failed to satisfy constraint: Member must not be null"));
    }

    /// # Errors
    /// `ValidationError` with every constraint that was broken.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.broken.is_empty() {
            return Ok(());
        }
        Err(Refusal::constraints(&self.broken))
    }
}

fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

/// AWS names a parameter in its messages with a small first letter.
fn camel(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(text: &Text, value: &str) -> bool {
        let params = Params::default();
        let mut check = Check::new(&params);
        check.text(value, "it", text);
        check.finish().is_ok()
    }

    #[test]
    fn user_names_are_plain_and_short() {
        assert!(takes(&NEW_USER_NAME, "ci+deploy=,.@-_9"));
        assert!(takes(&NEW_USER_NAME, &"x".repeat(64)));
        for bad in ["", "a b", "a/b", "é", "a\n", &"x".repeat(65)] {
            assert!(!takes(&NEW_USER_NAME, bad), "{bad:?}");
        }
    }

    #[test]
    fn tags_take_letters_of_any_script_and_few_signs() {
        assert!(takes(&TAG_KEY, "Größe 漢字 ٣_.:/=+-@"));
        assert!(takes(&TAG_VALUE, ""));
        assert!(takes(&TAG_VALUE, &"é".repeat(256)));
        for bad in ["a,b", "a;b", "{}", "\"", "a\tb", "🔑", "a|b", "#"] {
            assert!(!takes(&TAG_VALUE, bad), "{bad:?}");
        }
        assert!(!takes(&TAG_KEY, ""));
        assert!(!takes(&TAG_KEY, &"k".repeat(129)));
        assert!(!takes(&TAG_VALUE, &"v".repeat(257)));
    }

    #[test]
    fn what_is_judged_elsewhere_may_be_any_text() {
        for text in [&ANY, &ROLE_ARN] {
            assert!(takes(text, "arn: any\nläng\u{0}th of twenty"));
        }
        assert!(
            takes(&SESSION_NAME, "run-7") && takes(&MARKER, "a é") && takes(&ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPLE")
        );
        assert!(takes(&PATH_PREFIX, "/teams"));
    }

    #[test]
    fn paths_begin_and_end_with_a_slash() {
        assert!(takes(&PATH, "/"));
        assert!(takes(&PATH, "/teams/ci/"));
        for bad in ["", "//", "teams/", "/teams", "/a b/"] {
            assert!(!takes(&PATH, bad), "{bad:?}");
        }
    }

    #[test]
    fn every_broken_constraint_is_named() {
        let params = Params::default();
        let mut check = Check::new(&params);
        check.required("UserName", &USER_NAME);
        check.text("a b", "tags.1.member.key", &NEW_USER_NAME);
        let refusal = check.finish().unwrap_err();
        assert_eq!(
            refusal.message,
            "2 validation errors detected: Value null at 'userName' failed to satisfy constraint: \
             Member must not be null; Value 'a b' at 'tags.1.member.key' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w+=,.@-]+"
        );
    }
}
