//! The codes of errors, such as `[KR-AWS-012]`: docs/errors.md has an entry for each.

/// Holds tests to it that each error which leaves the plugin has a code. A release does not look.
pub(crate) fn must_have_code(text: &str) {
    debug_assert!(text.contains("[KR-"), "an error without a code: {text}");
}
