use std::fmt;

use rotation::Error;

use crate::words::for_rotations;

/// Why an invocation failed: one line that says what still works. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// `what` names step and secret, as far as they are known; `works` is a sentence.
    pub(crate) fn new(what: &str, error: &Error, works: &str) -> Self {
        let told = error.to_string();
        let told = told.trim_end_matches('.');
        let line = format!("{what} failed: {told}. {works}");
        // One line is one entry where people look for it.
        Self(for_rotations(&line).split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
